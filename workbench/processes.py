"""Processes that can be maltreated: killed without warning, frozen, ended in order, begun again."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from embedded import processes
from embedded.processes import Child, Program
from embedded.server import Server
from workbench.consoles import Servers
from workbench.servers import environment, eventually

ROOT = Path(__file__).parents[1]
TO_START = 60.0  # seconds
TO_END = 30.0  # seconds


@dataclass(kw_only=True, slots=True)
class Module:
    """`python -m MODULE`, as production runs it; `is_ready` is asked with what it has logged since its start."""

    name: str
    variables: Mapping[str, str]
    log: Path
    is_ready: Callable[[str], Awaitable[bool]]
    _child: Child | None = None
    _frozen: bool = False
    _logged_before: int = 0

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child and self._child.exit_code is None else None

    async def start(self) -> None:
        await self.begin()
        await eventually(self._ready_or_dead, bool, within=TO_START)

    async def begin(self) -> None:
        """Start without waiting until it is ready."""
        self._logged_before = self.log.stat().st_size if self.log.exists() else 0
        self._child = await processes.spawn(
            Program(
                command=(sys.executable, "-m", self.name),
                environment=environment(**self.variables),
                log=self.log,
                directory=ROOT,
            )
        )
        self._frozen = False

    async def kill(self) -> None:
        if self._child is not None:
            self._child.kill()
            await self._child.exited()

    async def end(self) -> int:
        """Ask it to end, as a deployment does; returns its exit code."""
        if self._child is None:
            return 0
        await self.thaw()
        self._child.send(signal.SIGTERM)
        async with asyncio.timeout(TO_END):
            return await self._child.exited()

    async def freeze(self) -> None:
        if self._child is not None:
            self._child.send(signal.SIGSTOP)
            self._frozen = True

    async def thaw(self) -> None:
        if self._child is not None and self._frozen:
            self._child.send(signal.SIGCONT)
            self._frozen = False

    async def _ready_or_dead(self) -> bool:
        if self.pid is None:
            raise AssertionError(f"{self.name} ended by itself; see {self.log}")
        with self.log.open("rb") as log:
            log.seek(self._logged_before)
            return await self.is_ready(log.read().decode(errors="replace"))


def worker_process(servers: Servers, log: Path) -> Module:
    async def is_ready(logged: str) -> bool:
        return "worker ready" in logged

    return Module(name="workers", variables=servers.variables(), log=log, is_ready=is_ready)


@dataclass(kw_only=True, slots=True)
class ServerProcess:
    """An embedded server with all of its children."""

    server: Server
    _frozen: list[int] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.server.name

    @property
    def pid(self) -> int | None:
        return self.server.pid

    async def start(self) -> None:
        await self.server.start()

    async def kill(self) -> None:
        for pid in await self._family():
            _send(pid, signal.SIGKILL)
        await self.server.exited()

    async def end(self) -> int:
        await self.thaw()
        await self.server.stop()
        return 0

    async def freeze(self) -> None:
        """The parent first, so that no child is added while they are stopped."""
        if (pid := self.server.pid) is not None:
            _send(pid, signal.SIGSTOP)
            self._frozen = await self._family()
            for each in self._frozen:
                _send(each, signal.SIGSTOP)

    async def thaw(self) -> None:
        for pid in reversed(self._frozen):
            _send(pid, signal.SIGCONT)
        self._frozen = []

    async def _family(self) -> list[int]:
        return [] if self.server.pid is None else [self.server.pid, *await descendants(self.server.pid)]


Part = Module | ServerProcess


@asynccontextmanager
async def running(*parts: Part) -> AsyncIterator[None]:
    """Start the parts in this order, and leave none of them behind."""
    try:
        for part in parts:
            await part.start()
        yield
    finally:
        for part in reversed(parts):
            await part.thaw()
            with suppress(TimeoutError):
                await part.end()
            await part.kill()


async def descendants(pid: int) -> list[int]:
    """Children, grandchildren and so on; PostgreSQL gives each of its children a process group of its own."""
    listing = await asyncio.create_subprocess_exec("ps", "-A", "-o", "pid=,ppid=", stdout=PIPE)
    output, _ = await listing.communicate()
    pairs = [tuple(map(int, line.split())) for line in output.decode().splitlines()]
    found, level = list[int](), {pid}
    while level:
        level = {child for child, parent in pairs if parent in level}
        found += sorted(level)
    return found


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
