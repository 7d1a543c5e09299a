import asyncio

import pytest

from embedded import ports
from embedded.application import says_ok


@pytest.mark.parametrize(("answer", "expected"), [(b"200 OK", True), (b"503 Service Unavailable", False), (b"", False)])
async def test_only_a_200_is_ok(answer: bytes, expected: bool) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 " + answer + b"\r\nContent-Length: 0\r\n\r\n" if answer else b"")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(serve, ports.LOOPBACK, 0) as server:
        port = server.sockets[0].getsockname()[1]

        assert await says_ok(ports.LOOPBACK, port, "/healthz") is expected


async def test_nobody_there_is_not_ok() -> None:
    assert not await says_ok(ports.LOOPBACK, ports.any_free(), "/healthz")
