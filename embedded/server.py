"""A server that runs as our child: started until it answers, watched, ended politely."""

import signal
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

from embedded import identity, patience, processes
from embedded.errors import DidNotStart
from embedded.processes import Child, Program
from embedded.records import Record, end_orphans

HEALTH_DEADLINE = 2.0  # seconds for one answer


class Server(ABC):
    """Starts on `async with` or `start`; whoever started it must stop it."""

    polite = signal.SIGTERM
    urgent = signal.SIGKILL  # when the operator hurries
    start_deadline = 60.0
    stop_deadline = 10.0

    def __init__(self, *, name: str, log: Path, record: Path) -> None:
        self.name = name
        self.title = name
        self.port: int | None = None
        self.log = log
        self._record = record
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child and self._child.exit_code is None else None

    async def start(self) -> None:
        """Return when it answers; raises `DidNotStart`, and then nothing of it is left."""
        await end_orphans([self._record])
        try:
            await self._prepare()
            await self._run()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End it in order; harmless when it does not run."""
        if self._child:
            await self._child.stop(polite=self.polite, within=self.stop_deadline)
            self._record.unlink(missing_ok=True)

    def hurry(self) -> None:
        """End it at once; whoever waits for it sees the exit."""
        if self._child:
            self._child.send(self.urgent)

    def freeze(self) -> None:
        """Have it do nothing until `thaw`; whoever asks it waits in vain."""
        if self._child:
            self._child.send(signal.SIGSTOP)

    def thaw(self) -> None:
        if self._child:
            self._child.send(signal.SIGCONT)

    async def exited(self) -> int:
        """Wait for the end of the child and return its exit code; at once when none was started."""
        return await self._child.exited() if self._child else 0

    def did_not_start(self, fact: str) -> DidNotStart:
        """With what it said since it was started last."""
        return DidNotStart(self.name, fact, self.log, since=self._child.log_begins if self._child else 0)

    async def answers(self) -> bool:
        """Whether it runs and is healthy now."""
        if self.pid is None:
            return False
        if (found := identity.look_up(self.pid)) is None or found.is_stopped:
            return False
        return await patience.once(self._is_healthy, within=HEALTH_DEADLINE)

    @abstractmethod
    async def _is_healthy(self) -> bool: ...

    @abstractmethod
    def _program(self) -> Program: ...

    @abstractmethod
    async def _prepare(self) -> None:
        """Make what must be there before the program can run."""

    async def _run(self) -> None:
        program = self._program()
        self._child = await processes.spawn(program)
        if found := self._child.identity:
            command = list(program.command)
            Record(pid=found.pid, started=found.started, command=command, polite=self.polite).write(self._record)
        await patience.until_answered(self._has_settled, within=self.start_deadline)
        if self._child.exit_code is not None:
            raise self.did_not_start(processes.exit_as_words(self._child.exit_code))
        if not await self.answers():
            raise self.did_not_start(f"it did not answer within {self.start_deadline:.0f} seconds")

    async def _has_settled(self) -> bool:
        return self._child is None or self._child.exit_code is not None or await self.answers()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
