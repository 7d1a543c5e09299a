"""Supervisors in processes of their own, so that they can be interrupted and killed."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import embedded
from embedded import patience, ports
from embedded.state import ProcessState, State

ROOT = Path(embedded.__file__).parents[1]
STAND_IN = Path(__file__).with_name("stand_in_up.py")
DEADLINE = 60.0
# Addresses nobody asks: with them no server of our own is started, which most tests do not need.
EXTERNAL = {"TENANTRY_DATABASE_URL": "postgresql://127.0.0.1/none", "TEMPORAL_ADDRESS": "127.0.0.1:1"}


@dataclass(kw_only=True, slots=True)
class Supervisor:
    """One `stand_in_up.py`; `said` is everything it has printed so far."""

    process: Process
    directory: Path
    said: list[str] = field(default_factory=list)

    async def says(self, text: str) -> str:
        """Wait for a line with this text and return it."""
        async with asyncio.timeout(DEADLINE):
            while line := (await self._stdout.readline()).decode():
                self.said.append(line.rstrip())
                if text in line:
                    return line.rstrip()
        raise AssertionError(f"{text!r} was never said, only: {self.said}")

    async def exit_code(self) -> int:
        """Read what is left and wait for the end."""
        async with asyncio.timeout(DEADLINE):
            self.said += (await self._stdout.read()).decode().splitlines()
            return await self.process.wait()

    @property
    def state(self) -> State:
        found = State.read(self.directory / "state.json")
        assert found
        return found

    def child(self, name: str) -> ProcessState:
        return next(process for process in self.state.processes if process.name == name)

    @property
    def _stdout(self) -> asyncio.StreamReader:
        assert self.process.stdout
        return self.process.stdout


@dataclass(kw_only=True, slots=True)
class Supervisors:
    """Starts them on one data directory and sees to it that none survives its test."""

    directory: Path
    port: int = field(default_factory=ports.any_free)
    _started: list[Process] = field(default_factory=list)

    async def start(
        self,
        *options: str,
        external: bool = True,
        usual_port: bool = False,
        with_nohup: bool = False,
        **environment: str,
    ) -> Supervisor:
        """On one port for all starts, as others may have the usual one, now or a moment later."""
        port = [] if usual_port else [f"port={self.port}"]
        command = [sys.executable, str(STAND_IN), str(self.directory), *port, *options]
        with hangups(ignored=with_nohup):
            return await self.run(*command, **(EXTERNAL if external else {}) | environment)

    async def run(self, *command: str, **environment: str) -> Supervisor:
        user = os.environ | {"PYTHONPATH": str(ROOT)} | environment
        process = await asyncio.create_subprocess_exec(*command, env=user, cwd=ROOT, stdout=PIPE, stderr=STDOUT)
        self._started.append(process)
        return Supervisor(process=process, directory=self.directory)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        for process in self._started:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            await process.communicate()
        assert await patience.until(lambda: not mentioning(self.directory), within=DEADLINE), mentioning(self.directory)


@contextmanager
def hangups(*, ignored: bool) -> Iterator[None]:
    """What processes started meanwhile inherit, however the tests themselves were started."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


@contextmanager
def passable_directory() -> Iterator[Path]:
    """A path that does not exist yet, where a server that runs as another user can reach it."""
    path = Path(tempfile.mkdtemp(prefix="tenantry-")).resolve()
    path.chmod(0o711)
    try:
        yield path / "data"
    finally:
        shutil.rmtree(path)


def mentioning(directory: Path) -> list[str]:
    """The running processes whose command line names this directory."""
    listing = subprocess.run(["ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=True)
    return [line for line in listing.stdout.splitlines() if str(directory) in line]


def is_gone(pid: int) -> bool:
    """Also true of one that is dead but not yet reaped by whoever adopted it."""
    listing = subprocess.run(["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return listing.stdout.strip()[:1] in ("", "Z")
