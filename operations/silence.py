"""Notices that PostgreSQL takes what it is told and answers nothing, and ends the waiting of those who asked it.

No limit of the server's own can do that: one that was stopped, or lies behind a line that swallows everything, ends
nothing, and its side of TCP goes on to acknowledge. A limit on our side alone would call slow statements silence. So
whoever waits long causes a question on a new connection; when that gets no answer either, nobody waits any longer.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic

import psycopg
from sqlalchemy.pool import ConnectionPoolEntry

from operations.logs import logger

log = logger(__name__)

SUSPICIOUS = 1.5  #: seconds for which somebody waits before the question is asked
PATIENCE = 1.5  #: seconds that connecting for it and its answer may take
BEAT = 0.05  #: seconds between two looks at whether this process itself hears
DEAF = 0.25  #: seconds that one came too late: then an answer may have been there
KNOWN = 1.0  #: seconds for which nobody else has to find out


@dataclass(kw_only=True, slots=True, eq=False)
class Silence:
    """Of the server behind one pool."""

    ask: Callable[[], Awaitable[None]]  #: on a new connection, for at most `PATIENCE`; raises `TimeoutError`
    _lent: dict[ConnectionPoolEntry, float] = field(default_factory=dict)  #: since when
    _timer: asyncio.TimerHandle | None = None
    _asking: asyncio.Task[None] | None = None
    _noticed_at: float = float("-inf")

    @property
    def is_known(self) -> bool:
        """Whether the server was found to answer nothing a moment ago."""
        return monotonic() - self._noticed_at < KNOWN

    def lend(self, record: ConnectionPoolEntry) -> None:
        """Somebody waits for answers on this connection from now on."""
        self._lent[record] = monotonic()
        self._look_later()

    def take_back(self, record: ConnectionPoolEntry) -> None:
        self._lent.pop(record, None)

    def notice(self) -> None:
        """Somebody found out."""
        self._noticed_at = monotonic()

    async def _ask(self) -> None:
        """Raises `TimeoutError` for a question that this process was free to hear the answer of."""
        while True:
            async with _pulse() as latest:
                try:
                    return await self.ask()
                except TimeoutError:
                    if max(latest) < DEAF:
                        raise

    def _look_later(self) -> None:
        if self._timer is None and self._asking is None:
            self._timer = asyncio.get_running_loop().call_later(SUSPICIOUS, self._look)

    def _look(self) -> None:
        self._timer = None
        self._lent = {record: since for record, since in self._lent.items() if record.driver_connection is not None}
        if self._waiting():
            self._asking = asyncio.get_running_loop().create_task(self._find_out())
        elif self._lent:
            self._look_later()

    def _waiting(self) -> list[ConnectionPoolEntry]:
        now = monotonic()
        return [record for record, since in self._lent.items() if now - since >= SUSPICIOUS]

    async def _find_out(self) -> None:
        waiting = self._waiting()
        try:
            await self._ask()
        except TimeoutError:
            self.notice()
            still = [record for record in waiting if record in self._lent]
            log.warning("PostgreSQL answers nothing; nobody waits any longer", connections=len(still))
            for record in still:
                if isinstance(connection := record.driver_connection, psycopg.AsyncConnection):
                    hang_up(connection)
        except (psycopg.Error, OSError):
            pass  # it says no, which is an answer
        finally:
            self._asking = None
            if self._lent:
                self._look_later()


@asynccontextmanager
async def _pulse() -> AsyncIterator[list[float]]:
    """By how many seconds this process heard too late, meanwhile."""
    late = [0.0]

    async def beat() -> None:
        while True:
            due = monotonic() + BEAT
            await asyncio.sleep(BEAT)
            late.append(monotonic() - due)

    beating = asyncio.get_running_loop().create_task(beat())  # ends in the finally below
    try:
        yield late
    finally:
        beating.cancel()


def hang_up(connection: psycopg.AsyncConnection) -> None:
    """End whatever waits for an answer, at once and without a word to the server, which may be what does not answer.

    To close the connection instead would leave the waiting one registered for a socket whose number the system gives
    to the next connection; that one would not be told of its answers.
    """
    with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(connection.pgconn.socket)) as line:
        line.shutdown(socket.SHUT_RDWR)
