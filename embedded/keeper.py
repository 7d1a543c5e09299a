"""Keeps one server running: notices its end, starts it again, more patiently each time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Never

from embedded import processes
from embedded.errors import DidNotStart
from embedded.server import Server
from embedded.state import ProcessState


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """All in seconds."""

    poll: float = 2.0
    first_pause: float = 0.5
    longest_pause: float = 30.0
    forgiven_after: float = 60.0  # of running


@dataclass(kw_only=True, slots=True)
class Backoff:
    """How long to wait before the next start: doubling, until a run was long enough to forgive the past."""

    pace: Pace
    failures: int = 0

    def after(self, ran_for: float) -> float:
        if ran_for >= self.pace.forgiven_after:
            self.failures = 0
        pause = min(self.pace.first_pause * 2**self.failures, self.pace.longest_pause)
        self.failures = min(self.failures + 1, 32)
        return float(pause)


@dataclass(kw_only=True, slots=True)
class Keeper:
    """Watches a server that was started before; `changed` is called whenever its `state` has."""

    server: Server
    pace: Pace
    report: Callable[[str, str], None]
    changed: Callable[[], None]
    healthy: bool = True
    restarts: int = 0
    _backoff: Backoff = field(init=False)
    _renewed: asyncio.Event | None = None  #: set once a renewal is over; None while none is asked for
    _kept_back: int = 0  #: by how many it is kept from running
    _wanted: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._backoff = Backoff(pace=self.pace)
        self._wanted.set()

    @property
    def state(self) -> ProcessState:
        server = self.server
        return ProcessState(
            name=server.name, pid=server.pid, port=server.port, healthy=self.healthy, restarts=self.restarts
        )

    async def keep(self) -> Never:
        """Until cancelled."""
        clock = asyncio.get_running_loop().time
        while True:
            since = clock()
            how = processes.exit_as_words(await self._watch())
            self.healthy = False
            self.changed()
            if self._wanted.is_set() and self._renewed is None:
                await self._pause(clock() - since, how)
            while not await self._start_again():
                await self._pause(0, "it did not start")
            if self._renewed is not None:
                self._renewed.set()

    async def renew(self) -> None:
        """End the server in order and start it again at once; return when it runs. `keep` has to run meanwhile."""
        self._renewed = asyncio.Event()
        try:
            await self.server.stop()
            await self._renewed.wait()
        finally:
            self._renewed = None

    @asynccontextmanager
    async def resting(self) -> AsyncIterator[None]:
        """The server is ended, and begun again only after the block."""
        self._kept_back += 1
        self._wanted.clear()
        try:
            await self.server.stop()
            yield
        finally:
            self._kept_back -= 1
            if not self._kept_back:
                self._wanted.set()

    @asynccontextmanager
    async def frozen(self) -> AsyncIterator[None]:
        """The server does nothing, and is not ended; after the block it goes on where it was."""
        self.server.freeze()
        try:
            yield
        finally:
            self.server.thaw()

    async def _watch(self) -> int:
        """Ask for its health, and keep its log short, until it ends; return the exit code."""
        end = asyncio.ensure_future(self.server.exited())
        try:
            while True:
                done, _ = await asyncio.wait([end], timeout=self.pace.poll)
                if done:
                    return end.result()
                self._see(healthy=await self.server.answers())
                await asyncio.to_thread(processes.shorten, self.server.log)
        finally:
            end.cancel()

    async def _start_again(self) -> bool:
        await self._wanted.wait()
        self.restarts += 1
        try:
            await self.server.start()
        except (DidNotStart, OSError) as failure:
            self.changed()
            self.report(self.server.title, str(failure).split("\n", 1)[0])
            return False
        self.healthy = True
        self.changed()
        self.report(self.server.title, "runs again")
        return True

    async def _pause(self, ran_for: float, how: str) -> None:
        pause = self._backoff.after(ran_for)
        self.report(self.server.title, f"{how}; starting it again in {pause:g} s")
        await asyncio.sleep(pause)

    def _see(self, *, healthy: bool) -> None:
        before, self.healthy = self.healthy, healthy
        if before != healthy:
            self.changed()
