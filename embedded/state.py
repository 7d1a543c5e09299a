"""What a running `tenantry up` says about itself in `state.json`, which an orderly end removes."""

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

from embedded import identity
from embedded.errors import NotRunning
from embedded.files import write_private


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessState:
    """One line of `tenantry status`; `pid` is empty while a process waits to be started again."""

    name: str
    pid: int | None
    port: int | None
    healthy: bool
    restarts: int

    @property
    def is_stopped(self) -> bool:
        """Whether it was stopped and not ended, such as by SIGSTOP: looked at now."""
        found = None if self.pid is None else identity.look_up(self.pid)
        return found is not None and found.is_stopped

    def as_of_now(self) -> Self:
        """The supervisor looks every other second, and not at all while it is stopped itself."""
        return replace(self, healthy=self.healthy and not self.is_stopped)


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """The supervisor and its processes; `started` tells it from a later process with the same pid."""

    pid: int
    started: str
    url: str
    environment_file: str
    processes: tuple[ProcessState, ...]

    def write(self, path: Path) -> None:
        write_private(path, json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return None where nothing runs: no file, or one left by a supervisor that was killed."""
        try:
            said = json.loads(path.read_text())
            processes = tuple(ProcessState(**each).as_of_now() for each in said.pop("processes"))
            state = cls(**said, processes=processes)
        except (OSError, ValueError, TypeError, KeyError):
            return None
        supervisor = identity.look_up(state.pid)
        return state if supervisor and supervisor.started == state.started else None


def of_running(path: Path) -> State:
    """Like `State.read`, for those who need it; raises `NotRunning`."""
    state = State.read(path)
    if state is None:
        raise NotRunning(f"Nothing runs on the data directory {path.parent}. Start it with `tenantry up`.")
    return state


def of_this_process(*, url: str, environment_file: Path, processes: tuple[ProcessState, ...]) -> State:
    me = identity.look_up(os.getpid())
    return State(
        pid=os.getpid(),
        started=me.started if me else "",
        url=url,
        environment_file=str(environment_file),
        processes=processes,
    )
