"""How much one session may have open or under way, so that one viewer cannot slow the others."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from nicegui import Client
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from console import doors
from console.api import problems
from console.components import notice_page
from console.presence import Presence, tabs_of
from operations.actions.staff import Session

TABS = 50  #: of one session, also those that were closed less than half a minute ago
SOCKETS = 2 * TABS  #: of one session; a tab that reconnects has two for a while
EXPORTS = 2  #: of all sessions at a time, one of each; more of them wait
EXPORT = "/api/v1/exports/"
TOO_MANY_TABS = (
    f"You have {TABS} pages open or just closed. Close some, wait half a minute, then load this one again. "
    "Nothing else is affected."
)
TOO_MANY_EXPORTS = "An export of yours is being made already; ask again when it is done. Nothing else is affected."


class Bounds:
    """Behind the gate, which knows whose request it is."""

    def __init__(self, app: ASGIApp, *, presence: Presence) -> None:
        self.app = app
        self.presence = presence
        self._exporting: set[UUID] = set()
        self._exports = asyncio.Semaphore(EXPORTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        session = scope.get("state", {}).get("session")
        if not isinstance(session, Session):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._carry(session, scope, receive, send)
        elif scope["path"].startswith(EXPORT):
            await self._export(session, scope, receive, send)
        elif _is_page(str(scope["path"])) and not _has_room(session):
            await HTMLResponse(notice_page.too_many(TOO_MANY_TABS), 429)(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _carry(self, session: Session, scope: Scope, receive: Receive, send: Send) -> None:
        if self.presence.sockets_of(session) <= SOCKETS:  # this one is among them
            await self.app(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.close", "code": 4429, "reason": "too many sockets"})

    async def _export(self, session: Session, scope: Scope, receive: Receive, send: Send) -> None:
        if session.id in self._exporting:
            refusal: Response = problems.response(429, TOO_MANY_EXPORTS, headers={"Retry-After": "5"})
            await refusal(scope, receive, send)
            return
        async with self._only_one(session):
            await self.app(scope, receive, send)

    @asynccontextmanager
    async def _only_one(self, session: Session) -> AsyncIterator[None]:
        self._exporting.add(session.id)
        try:
            async with self._exports:
                yield
        finally:
            self._exporting.discard(session.id)


def _is_page(path: str) -> bool:
    return not (path.startswith(("/api/", "/_nicegui")) or doors.is_public(path) or path == "/logout")


def _has_room(session: Session) -> bool:
    """Whether one more tab may be opened; the oldest that was loaded and never connected makes room."""
    tabs = tabs_of(session)
    for tab in _never_connected(tabs)[: max(0, len(tabs) - TABS + 1)]:
        tab.delete()
    return len(tabs_of(session)) < TABS


def _never_connected(tabs: Sequence[Client]) -> Sequence[Client]:
    """The oldest first."""
    return sorted((tab for tab in tabs if tab.environ is None), key=lambda tab: tab.created)
