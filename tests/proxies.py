"""A way to a server that can be cut and restored, or frozen and let go on."""

import asyncio
from asyncio import Server, StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from embedded import ports


@dataclass(kw_only=True, slots=True)
class Proxy:
    """Carries TCP connections to `target` while it is open; clients are given `address`."""

    target: tuple[str, int]
    port: int
    _server: Server | None = None
    _writers: set[StreamWriter] = field(default_factory=set)
    _flows: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def restore(self) -> None:
        self._flows.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def cut(self) -> None:
        """Refuse connections, and break those that there are."""
        if self._server is not None:
            self._server.close()
        for writer in tuple(self._writers):
            writer.transport.abort()
        if self._server is not None:
            await self._server.wait_closed()
        self._server = None

    def freeze(self) -> None:
        """Take connections and what is said on them, and pass nothing on: as a server does that was stopped."""
        self._flows.clear()

    def thaw(self) -> None:
        """What was said meanwhile arrives."""
        self._flows.set()

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(*self.target)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, far_writer}
        self._writers |= both
        try:
            await asyncio.gather(self._carry(reader, far_writer), self._carry(far_reader, writer))
        finally:
            self._writers -= both

    async def _carry(self, reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        with suppress(OSError):
            writer.close()
            await writer.wait_closed()


@asynccontextmanager
async def proxy_to(address: str) -> AsyncIterator[Proxy]:
    """`address` is host:port; the proxy begins open."""
    host, _, port = address.rpartition(":")
    proxy = Proxy(target=(host, int(port)), port=ports.any_free())
    await proxy.restore()
    try:
        yield proxy
    finally:
        await proxy.cut()


def through(proxy: Proxy, url: str) -> str:
    """The same URL, by way of the proxy."""
    parts = urlsplit(url)
    credentials, _, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{credentials}@{proxy.address}"))


def address_in(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}"
