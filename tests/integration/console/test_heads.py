"""What a request has beside its body: as much as anybody needs is taken, and whoever sends more reads why not."""

import asyncio
from contextlib import suppress

import pytest

from tests.hostile import connection_to
from workbench.consoles import Console

HEADS = {
    "an address": (b"GET /", b"a" * 65_536),
    "a header": (b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: ", b"a=b; " * 13_000),
    "many headers": (b"GET / HTTP/1.1\r\n", b"Cookie: a=b\r\n" * 5_000),
    "nothing at all": (b"", b"\r\n" * 32_000),
}
CHUNKED = b"POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
#: Inside a request that was begun, where no answer of the server's own has a place.
BETWEEN = {"a trailer": CHUNKED + b"0\r\nX: ", "a remark on a chunk": CHUNKED + b"1;"}
MOST = 20_000_000  #: bytes that a sender gets rid of; most of them are on their way when the first are refused


async def pour(console: Console, beginning: bytes, part: bytes) -> tuple[int, bytes]:
    """Send 80 MB, as far as they are taken; how much was sent, and what came back."""
    async with connection_to(console) as (reader, writer):
        sent = len(beginning)
        async with asyncio.timeout(20):
            with suppress(ConnectionError):
                writer.write(beginning)
                while sent < 80_000_000 and not reader.at_eof():
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(0)  # listen, too
                    sent += len(part)
            with suppress(ConnectionError):
                await reader.read()
        return sent, bytes(reader.everything)


@pytest.mark.parametrize("kind", HEADS)
async def test_a_head_is_taken_up_to_a_limit_and_its_sender_reads_why(console: Console, kind: str) -> None:
    sent, answer = await pour(console, *HEADS[kind])

    assert sent < MOST
    assert answer.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("kind", BETWEEN)
async def test_what_stands_between_the_parts_of_a_body_has_a_limit(console: Console, kind: str) -> None:
    sent, _ = await pour(console, BETWEEN[kind], b"a" * 65_536)

    assert sent < MOST


async def test_the_headers_of_a_request_have_a_limit(console: Console, admin_session: str) -> None:
    cookie = f"{console.cookie}={admin_session}"
    too_many = ({"Cookie": cookie + "; a=b" * 6_500}, {f"X-{each}": "x" * 600 for each in range(60)})
    async with console.client() as client:
        for headers in too_many:
            answer = await client.get("/api/v1/tenants", headers={"Cookie": cookie} | headers)

            assert answer.status_code == 431
            assert answer.headers["content-type"] == "application/problem+json"
        assert (await client.get("/api/v1/tenants", headers={"Cookie": cookie + "; a=b" * 3_000})).status_code == 200
