"""Security headers: the Content-Security-Policy with a nonce that allows exactly the scripts we sent, and the rest.

`unsafe-eval` cannot be left out: Vue compiles templates in the browser. Everything else an injected script would
need is refused. Data never goes into head or body HTML, which is why every script tag may get the nonce.
"""

import re
import secrets
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

SCRIPT_OR_STYLE = re.compile(rb"<(script|style)(?=[\s>])")
FIXED = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)


class SecurityHeaders:
    """Adds the headers to every answer, and the nonce to pages."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self.app = app
        self.fixed = (*FIXED, (b"strict-transport-security", b"max-age=31536000")) if is_https else FIXED

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        start: Message | None = None
        body = bytearray()

        async def send_with_headers(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*_not_stored(message["headers"]), *self.fixed]}
                if _is_page(message):
                    start = message
                    return
            elif start is not None:
                body.extend(message.get("body", b""))
                if message.get("more_body"):
                    return
                page = _with_nonce(bytes(body), nonce)
                await send({**start, "headers": _page_headers(start, page, nonce)})
                message = {"type": "http.response.body", "body": page}
            await send(message)

        await self.app(scope, receive, send_with_headers)


def policy(nonce: str) -> str:
    """The Content-Security-Policy of pages."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'nonce-{nonce}' 'self' 'unsafe-eval'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
        )
    )


def _not_stored(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Data is for whoever asked; only what says so may be kept."""
    given = list(headers)
    says_so = any(name == b"cache-control" for name, _ in given)
    return given if says_so else [*given, (b"cache-control", b"no-store")]


def _is_page(message: Message) -> bool:
    return any(name == b"content-type" and value.startswith(b"text/html") for name, value in message["headers"])


def _with_nonce(page: bytes, nonce: str) -> bytes:
    return SCRIPT_OR_STYLE.sub(rb'<\1 nonce="' + nonce.encode() + b'"', page)


def _page_headers(start: Message, page: bytes, nonce: str) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in start["headers"] if name not in (b"content-length", b"cache-control")]
    return [
        *kept,
        (b"content-length", str(len(page)).encode()),
        (b"content-security-policy", policy(nonce).encode()),
        (b"cache-control", b"no-store"),
    ]
