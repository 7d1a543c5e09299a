import re
from collections.abc import Sequence

import pytest
from starlette.types import Message, Receive, Scope, Send

from console.headers import SecurityHeaders

SCOPE: Scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
PAGE = b'<!doctype html><script src="/a.js"></script><style>p {}</style><scripted></scripted><SCRIPT>x</SCRIPT>'


async def answer(
    content_type: bytes, *parts: bytes, is_https: bool = False, headers: Sequence[tuple[bytes, bytes]] = ()
) -> tuple[dict[str, str], bytes]:
    """Headers and body of what an application with these parts sends."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", content_type), (b"content-length", b"7"), *headers],
            }
        )
        for number, part in enumerate(parts, start=1):
            await send({"type": "http.response.body", "body": part, "more_body": number < len(parts)})

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nothing is read")

    await SecurityHeaders(application, is_https=is_https)(SCOPE, receive, send)
    pairs = [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs), b"".join(message.get("body", b"") for message in sent[1:])


@pytest.mark.parametrize("cut", [0, 20, 40, len(PAGE)])
async def test_the_scripts_of_a_page_get_the_nonce_however_it_is_cut(cut: int) -> None:
    headers, body = await answer(b"text/html; charset=utf-8", PAGE[:cut], PAGE[cut:])

    nonce = re.search(r"'nonce-([\w-]+)'", headers["content-security-policy"])
    assert nonce
    mark = f' nonce="{nonce[1]}"'.encode()
    assert body == PAGE.replace(b"<script ", b"<script" + mark + b" ").replace(b"<style>", b"<style" + mark + b">")
    assert int(headers["content-length"]) == len(body)


async def test_data_is_passed_on_as_it_is_and_not_stored() -> None:
    headers, body = await answer(b"application/json", b'{"a": "<script>"}')

    assert body == b'{"a": "<script>"}'
    assert "content-security-policy" not in headers
    assert headers["cache-control"] == "no-store"


async def test_what_may_be_kept_says_so() -> None:
    headers, _ = await answer(b"text/css", b"p {}", headers=[(b"cache-control", b"max-age=60")])

    assert headers["cache-control"] == "max-age=60"


async def test_only_https_promises_https() -> None:
    plain, _ = await answer(b"text/plain", b"")
    secure, _ = await answer(b"text/plain", b"", is_https=True)

    assert "strict-transport-security" not in plain
    assert "strict-transport-security" in secure
