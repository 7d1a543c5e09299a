"""HEAD wherever there is GET (RFC 9110, 9.3.2): the same answer, of which the server sends the headers alone."""

from starlette.types import ASGIApp, Receive, Scope, Send


class HeadAsGet:
    """Lets everything within see a GET; the server knows what was asked."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_head = scope["type"] == "http" and scope["method"] == "HEAD"
        await self.app({**scope, "method": "GET"} if is_head else scope, receive, send)
