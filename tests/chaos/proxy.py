"""A way to a server that breaks as networks break: late, silent, reset, refused, or deaf to answers.

The worst of them is the lost reply: the request reaches the server and takes effect, its answer never arrives, and the
connection is cut. Whoever asked cannot know whether it happened.
"""

import asyncio
import socket
import struct
from asyncio import Server, StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit, urlunsplit

from embedded import ports

RESET = struct.pack("ii", 1, 0)  # SO_LINGER with no time: closing sends RST
LATE = 0.1  # seconds by which a slow way delays each piece
COMMIT = b"COMMIT\x00"  # as it is sent to PostgreSQL; READ COMMITTED is something else


class Way(StrEnum):
    """What happens to what is sent."""

    PASS = "pass"
    DELAY = "delay"  #: every piece arrives late
    BLACK_HOLE = "black_hole"  #: nothing arrives, nobody is told; held back until the way is clear again
    RESET = "reset"  #: connections are broken, new ones too as soon as they speak
    REFUSE = "refuse"  #: nobody listens
    LOSE_REPLIES = "lose_replies"  #: requests arrive, answers do not; connections are cut when the way clears


@dataclass(kw_only=True, eq=False, slots=True)
class Connection:
    """One carried connection, both of its ends."""

    near: StreamWriter
    far: StreamWriter
    lost_a_reply: bool = False

    def cut(self) -> None:
        for writer in (self.near, self.far):
            _reset(writer)


@dataclass(kw_only=True, slots=True)
class FaultProxy:
    """Carries connections to `target`; clients are given `address`."""

    target: tuple[str, int]
    port: int
    way: Way = Way.PASS
    replies_lost: int = 0
    _needle: bytes | None = None
    _server: Server | None = None
    _connections: set[Connection] = field(default_factory=set)
    _clear: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, url: str) -> str:
        """The same URL, by way of this proxy."""
        parts = urlsplit(url)
        credentials, _, _ = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{credentials}@{self.address}"))

    async def take(self, way: Way) -> None:
        """Change what happens, to existing connections too."""
        self.way = way
        self._needle = None
        if way is Way.BLACK_HOLE:
            self._clear.clear()
        else:
            self._clear.set()
        for connection in tuple(self._connections):
            if way in (Way.RESET, Way.REFUSE) or (connection.lost_a_reply and way is not Way.LOSE_REPLIES):
                connection.cut()
        if way is Way.REFUSE:
            await self._close()
        elif self._server is None:
            self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)

    def lose_reply_to(self, needle: bytes) -> None:
        """Let the next request that contains `needle` take effect, lose its answer, and cut that connection."""
        self._needle = needle

    async def close(self) -> None:
        await self.take(Way.REFUSE)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(2):
                    await self._server.wait_closed()
            self._server = None

    async def _carry(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(*self.target)
        except OSError:
            _reset(writer)
            return
        connection = Connection(near=writer, far=far_writer)
        self._connections.add(connection)
        try:
            await asyncio.gather(self._requests(reader, connection), self._answers(far_reader, connection))
        finally:
            self._connections.discard(connection)
            connection.cut()

    async def _requests(self, reader: StreamReader, connection: Connection) -> None:
        # A client that is killed is gone without a word, as when its host dies: the server has to find out by itself.
        with suppress(OSError):
            while data := await reader.read(65_536):
                if self.way is Way.RESET:
                    connection.cut()
                    return
                if self._needle is not None and self._needle in data:
                    self._needle = None
                    connection.lost_a_reply = True
                await self._hold_back()
                connection.far.write(data)
                await connection.far.drain()
            if connection.far.can_write_eof():
                connection.far.write_eof()

    async def _answers(self, reader: StreamReader, connection: Connection) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                if self.way is Way.LOSE_REPLIES:
                    connection.lost_a_reply = True
                    self.replies_lost += 1
                    continue
                if connection.lost_a_reply:
                    self.replies_lost += 1
                    connection.cut()
                    return
                await self._hold_back()
                connection.near.write(data)
                await connection.near.drain()
            if connection.near.can_write_eof():
                connection.near.write_eof()

    async def _hold_back(self) -> None:
        if self.way is Way.DELAY:
            await asyncio.sleep(LATE)
        if self.way is Way.BLACK_HOLE:
            await self._clear.wait()


def _reset(writer: StreamWriter) -> None:
    held: socket.socket | None = writer.get_extra_info("socket")
    if held is not None:
        with suppress(OSError):
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


@asynccontextmanager
async def proxy_to(address: str) -> AsyncIterator[FaultProxy]:
    """`address` is host:port; the way begins clear."""
    host, _, port = address.rpartition(":")
    proxy = FaultProxy(target=(host, int(port)), port=ports.any_free())
    await proxy.take(Way.PASS)
    try:
        yield proxy
    finally:
        await proxy.close()
