"""A way to a server that can fall silent: connections stay open and nothing comes through any more."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit


@dataclass(kw_only=True, slots=True)
class SilentLink:
    """Connections that are there when it falls silent never speak again; later ones do."""

    url: str  #: of the database, by way of this link
    connections: int = 0  #: ever made
    _silenced: set[int] = field(default_factory=set)

    def fall_silent(self) -> None:
        self._silenced = set(range(1, self.connections + 1))

    def is_silent(self, connection: int) -> bool:
        return connection in self._silenced


@asynccontextmanager
async def silent_link(url: str) -> AsyncIterator[SilentLink]:
    parts = urlsplit(url)
    writers: set[StreamWriter] = set()
    link = SilentLink(url="")

    async def carry(number: int, reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                if not link.is_silent(number):
                    writer.write(data)

    async def serve(near_reader: StreamReader, near_writer: StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(parts.hostname, parts.port)
        link.connections += 1
        number = link.connections
        writers.update((near_writer, far_writer))
        await asyncio.gather(carry(number, near_reader, far_writer), carry(number, far_reader, near_writer))
        near_writer.close()
        far_writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    credentials = parts.netloc.rpartition("@")[0]
    link.url = urlunsplit(parts._replace(netloc=f"{credentials}@127.0.0.1:{port}"))
    try:
        yield link
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await server.wait_closed()
