"""What is sent is taken in here as a whole, up to a limit and in time, before anything parses it."""

import asyncio

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console import doors
from console.api import problems
from console.components import notice_page

PATIENCE = 10.0  #: seconds for a body to arrive


class TooLarge(Exception):
    """The body is longer than its address takes."""


class Bodies:
    """Refuses bodies that are too long or too slow; the application gets the others at once."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        if "content-length" not in headers and "transfer-encoding" not in headers:
            await self.app(scope, receive, send)
            return
        path = str(scope["path"])
        longest = doors.door(path).longest
        try:
            async with asyncio.timeout(PATIENCE):
                body = await _whole(headers, receive, longest)
        except TooLarge:
            await _refusal(path, 413, f"The request is too large: {_size(longest)} are accepted here.")(
                scope, receive, send
            )
        except TimeoutError:
            await _refusal(path, 408, f"The request did not arrive within {PATIENCE:g} seconds.")(scope, receive, send)
        else:
            if body is not None:
                await self.app(scope, _replay(body, receive), send)


async def _whole(headers: Headers, receive: Receive, longest: int) -> bytes | None:
    """None when the sender has left; raises `TooLarge`, by what is announced already."""
    announced = headers.get("content-length", "0")
    if not announced.isdecimal() or int(announced) > longest:
        raise TooLarge
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > longest:
            raise TooLarge
        if not message.get("more_body"):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def _refusal(path: str, status: int, detail: str) -> Response:
    if path.startswith("/api/"):
        return problems.response(status, detail)
    return HTMLResponse(notice_page.too_many(detail), status)


def _size(longest: int) -> str:
    return f"{longest // doors.KILO} kB" if longest else "no bytes"
