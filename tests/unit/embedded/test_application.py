import asyncio
import sys
from pathlib import Path

import pytest

from embedded import ports
from embedded.application import Application, says_ok

#: Listens as uvicorn does.
PROGRAM = """
import asyncio

async def serve(reader, writer):
    await reader.readuntil(b"\\r\\n\\r\\n")
    writer.write(b"HTTP/1.1 200 OK\\r\\n\\r\\n")
    writer.close()

async def main():
    async with await asyncio.start_server(serve, {host!r}, {port}) as server:
        await server.serve_forever()

asyncio.run(main())
"""


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


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "localhost", "127.0.0.1", "::1"])
async def test_a_server_is_found_healthy_wherever_it_was_told_to_listen(host: str, tmp_path: Path) -> None:
    listening = PROGRAM.format(host=host, port=(port := ports.any_free(host)))
    console = Application(
        name="console", command=(sys.executable, "-c", listening), environment={}, log=tmp_path / "log",
        record=tmp_path / "record", host=host, port=port, health_path="/healthz",
    )  # fmt: skip

    await console.start()

    assert console.pid is not None
    await console.stop()
