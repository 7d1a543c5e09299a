"""A client that means harm or is broken: it heeds no close, sends as slowly or as much as it likes, and never gives up.

Everything is written on bare connections, so that no library behaves well in its place.
"""

import asyncio
import base64
import os
import struct
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import SupportsIndex
from urllib.parse import urlencode

from workbench.consoles import Console

SOCKETS = "/_nicegui_ws/socket.io/"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
END_OF_HEADERS = b"\r\n\r\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """A message, and when it came (on the monotonic clock)."""

    text: str
    at: float


@dataclass(kw_only=True, slots=True)
class DeafSocket:
    """A websocket that answers every sign of life and ignores every farewell, of either protocol."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    heard: list[Heard] = field(default_factory=list)
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, text: str) -> None:
        await self._frame(TEXT, text.encode())

    async def hears(self, text: str, *, within: float = 10.0) -> Heard:
        """Wait for a message with this text; one that came already counts."""
        async with asyncio.timeout(within):
            while True:
                for each in self.heard:
                    if text in each.text:
                        return each
                self._more.clear()
                await self._more.wait()

    async def until_hung_up(self, *, within: float) -> float:
        """Listen on, whatever is said; returns when the connection itself was ended by the other side."""
        async with asyncio.timeout(within):
            await self._listening
        return monotonic()

    async def _listen(self) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                kind, payload = await self._read_frame()
                if kind == PING:
                    await self._frame(PONG, payload)
                elif kind == TEXT:
                    text = payload.decode()
                    self.heard.append(Heard(text=text, at=monotonic()))
                    self._more.set()
                    if text == "2":
                        await self.send("3")

    async def _read_frame(self) -> tuple[int, bytes]:
        first, second = await self.reader.readexactly(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", await self.reader.readexactly(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", await self.reader.readexactly(8))
        return first & 0x0F, await self.reader.readexactly(length)

    async def _frame(self, kind: int, payload: bytes) -> None:
        head = bytes([0x80 | kind])
        if len(payload) < 126:
            head += bytes([0x80 | len(payload)])
        elif len(payload) < 1 << 16:
            head += bytes([0x80 | 126]) + struct.pack("!H", len(payload))
        else:
            head += bytes([0x80 | 127]) + struct.pack("!Q", len(payload))
        self.writer.write(head + bytes(4) + payload)  # masked with zeros
        await self.writer.drain()

    _listening: "asyncio.Task[None]" = field(init=False)


@asynccontextmanager
async def deaf_socket(console: Console, client_id: str, *, session: str) -> AsyncIterator[DeafSocket]:
    """Open the socket of a page and shake hands for it, as a browser does up to there."""
    query = urlencode({"EIO": "4", "transport": "websocket", "client_id": client_id})
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
        "Origin": console.url,
        "Cookie": f"{console.cookie}={session}",
    }
    async with connection_to(console) as (reader, writer):
        writer.write(request("GET", f"{SOCKETS}?{query}", headers))
        answer = await reader.readuntil(END_OF_HEADERS)
        assert b" 101 " in answer.splitlines()[0], answer
        socket = DeafSocket(reader=reader, writer=writer)
        async with asyncio.TaskGroup() as group:
            socket._listening = group.create_task(socket._listen())
            await socket.hears('0{"sid"')
            await socket.send("40")
            await socket.hears('40{"sid"')
            await socket.send(
                f'420["handshake",{{"client_id":"{client_id}","tab_id":"t","document_id":"d","next_message_id":0}}]'
            )
            await socket.hears("430[true]")
            yield socket
            socket._listening.cancel()


class Memory(asyncio.StreamReader):
    """Keeps what came, also when the connection broke right afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.everything = bytearray()

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        self.everything += bytes(data)
        super().feed_data(data)


@asynccontextmanager
async def connection_to(console: Console) -> AsyncIterator[tuple[Memory, asyncio.StreamWriter]]:
    loop, reader = asyncio.get_running_loop(), Memory()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.create_connection(lambda: protocol, "127.0.0.1", console.port)
    writer = asyncio.StreamWriter(transport, protocol, reader, loop)  # one that nobody keeps would hang up
    try:
        yield reader, writer
    finally:
        transport.abort()


def request(method: str, path: str, headers: dict[str, str]) -> bytes:
    """The head of a request, whole."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + END_OF_HEADERS


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back, and how much of a body had been handed over by then."""

    text: str
    sent: int

    @property
    def status(self) -> int:
        """0 when the connection just ended."""
        return int(self.text.split(" ", 2)[1]) if self.text else 0


async def send_body(
    console: Console, method: str, path: str, headers: dict[str, str], parts: Sequence[bytes], *, within: float = 20.0
) -> Answer:
    """Send a body in parts for as long as it is taken; chunked, unless a length is announced."""
    is_chunked = "Content-Length" not in headers
    sent = 0
    async with asyncio.timeout(within), connection_to(console) as (reader, writer), asyncio.TaskGroup() as group:
        answering = group.create_task(_read_answer(reader))
        writer.write(request(method, path, headers | ({"Transfer-Encoding": "chunked"} if is_chunked else {})))
        with suppress(ConnectionError):
            for part in parts:
                if answering.done():
                    break
                writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n" if is_chunked else part)
                await writer.drain()
                await asyncio.sleep(0)  # listen, too: an answer is lost to whoever writes on a broken connection first
                sent += len(part)
            if is_chunked:
                writer.write(b"0\r\n\r\n")
        text = await answering
    return Answer(text=text, sent=sent)


async def _read_answer(reader: Memory) -> str:
    """Head and body, as far as they came."""
    with suppress(ConnectionError):
        while await reader.read(65536):
            head, end, body = reader.everything.partition(END_OF_HEADERS)
            lengths = [line.split(b":")[1] for line in head.lower().splitlines() if line.startswith(b"content-length:")]
            if end and len(body) >= int(lengths[0] if lengths else b"0"):
                break
    return reader.everything.decode(errors="replace")


async def half_sent(console: Console, beginning: bytes, *, within: float) -> bytes:
    """Send only this and wait; what the server said until it hung up."""
    async with asyncio.timeout(within), connection_to(console) as (reader, writer):
        writer.write(beginning)
        with suppress(ConnectionError):
            return await reader.read()
        return b""
