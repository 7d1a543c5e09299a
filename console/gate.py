"""The gate in front of everything: pure ASGI, so that it sees websockets too. What is not allowed is refused."""

from dataclasses import dataclass
from time import monotonic
from urllib.parse import quote, urlsplit
from uuid import NAMESPACE_OID, uuid5

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from console import doors, failures, sessions, tabs
from console.api import problems
from console.components import notice_page
from console.connections import hang_up_of
from console.lines import SOCKETS
from console.presence import Presence
from operations.access import Actor, permit
from operations.actions.staff import Session
from operations.errors import DatabaseUnavailable, NotPermitted
from operations.logs import logger

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_ADDRESS = 16_000  #: bytes of path and query
LONGEST_HEADERS = 32_000  #: bytes of names and values together
LONGEST_SHOWN = 200  #: characters
SAID_AGAIN = 10.0  #: seconds until the log says of another request from another site
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


log = logger(__name__)


class Gate:
    """Lets through what is public, whoever has a live session, and API calls with a token."""

    def __init__(self, app: ASGIApp, *, presence: Presence, origin: str, cookie: sessions.Cookie) -> None:
        self.app = app
        self.presence = presence
        self.staff = presence.staff
        self.expected = origin
        self.foreign = Foreign()
        self.origins = allowed_origins(origin)
        self.cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        # NiceGUI would write this header of anybody into every address of the page.
        headers = [each for each in scope["headers"] if each[0] != b"x-forwarded-prefix"]
        too_long = _too_long(scope)
        scope["headers"] = self.cookie.alone(headers)
        refusal = too_long or _nowhere(scope) or await self._refusal(scope)
        if refusal is None and scope["type"] == "websocket":
            with self.presence.carrying(scope["state"]["session"], hang_up_of(scope)):
                await self.app(scope, receive, send)
        elif refusal is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 4403})
        else:
            await refusal(scope, receive, send)

    async def _refusal(self, scope: Scope) -> Response | None:
        path, headers = str(scope["path"]), Headers(scope=scope)
        bearer = _bearer(headers) if path.startswith("/api/") else None
        if bearer is None and not self._is_ours(scope, headers):
            return self._not_ours(scope)
        if doors.is_public(path) and scope["type"] == "http":
            return None
        try:
            session = await self._session(scope, bearer)
        except DatabaseUnavailable as error:
            return _unavailable(path, error)
        if session is None:
            return _login_first(scope)
        scope.setdefault("state", {})["session"] = session
        if path.startswith(SOCKETS) and not tabs.may_join(scope, session):
            return problems.response(403, "The page belongs to another session.")
        return _role_first(scope, session)

    def _is_ours(self, scope: Scope, headers: Headers) -> bool:
        """Cookies travel with requests that other sites cause; their Origin gives them away (RFC 6454)."""
        origin = headers.get("origin")
        if origin is not None and origin not in self.origins:
            return scope["type"] == "http" and scope["method"] in SAFE_METHODS and not _is_socket(scope)
        if scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS:
            return origin is not None
        return True

    def _not_ours(self, scope: Scope) -> Response:
        if str(scope["path"]).startswith("/api/") and self.cookie.name not in HTTPConnection(scope).cookies:
            return _login_first(scope)  # nobody's browser was made to send it
        came_from = _shown(Headers(scope=scope).get("origin"))
        self.foreign.say(path=_shown(str(scope["path"])), origin=came_from, expected=self.expected)
        if failures.wants_page(scope):
            return HTMLResponse(notice_page.other_site(came_from, self.expected), 403)
        return problems.response(403, f"The request comes from another site: {came_from} is not {self.expected}.")

    async def _session(self, scope: Scope, bearer: str | None) -> Session | None:
        if bearer is not None:
            actor = await self.staff.by_token(bearer)
            return None if actor is None else _token_session(actor)
        secret = HTTPConnection(scope).cookies.get(self.cookie.name)
        return None if not secret else await self.staff.resume(secret)


@dataclass(slots=True)
class Foreign:
    """Says in the log what comes from other sites: anybody can send it, so a line in a while has to do."""

    _said_at: float = float("-inf")
    _unsaid: int = 0

    def say(self, **facts: str) -> None:
        if monotonic() - self._said_at < SAID_AGAIN:
            self._unsaid += 1
            return
        log.warning(
            "a request from another site was refused; is TENANTRY_PUBLIC_URL the address that staff use?",
            not_told_before=self._unsaid,
            **facts,
        )
        self._said_at, self._unsaid = monotonic(), 0


def _shown(value: str | None) -> str:
    """Of what anybody may have sent, as much as helps."""
    if value is None:
        return "a request that names no site"
    return "".join(character if character.isprintable() else "�" for character in value[:LONGEST_SHOWN])


def allowed_origins(origin: str) -> frozenset[str]:
    """A console on this machine is reached by any name of the loopback; elsewhere only by its public one."""
    parts = urlsplit(origin)
    if parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        return frozenset({origin})
    port = "" if parts.port is None else f":{parts.port}"
    return frozenset(f"{parts.scheme}://{name}{port}" for name in LOOPBACK)


def _too_long(scope: Scope) -> Response | None:
    """Before anything looks at it; the server itself takes an address of any length."""
    length = len(scope.get("raw_path") or b"") + len(scope.get("query_string", b""))
    if length > LONGEST_ADDRESS:
        return problems.response(414, f"The address must not have more than {LONGEST_ADDRESS:,} characters.")
    if sum(len(name) + len(value) for name, value in scope["headers"]) > LONGEST_HEADERS:
        return problems.response(431, f"The headers must not have more than {LONGEST_HEADERS:,} characters in all.")
    return None


def _nowhere(scope: Scope) -> Response | None:
    """PostgreSQL has no text with NUL characters, and no address of ours needs one."""
    if "\x00" in scope["path"] or b"%00" in scope.get("query_string", b""):
        return problems.response(422, "The address must not contain NUL characters.")
    if doors.is_nowhere(str(scope["path"])):
        return failures.not_found(scope)
    return None


def _role_first(scope: Scope, session: Session) -> Response | None:
    """Whoever may not is told so before what they send is read."""
    if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
        return None
    door = doors.door(str(scope["path"]))
    try:
        if door.needs is not None:
            permit(session.actor, door.needs, door.what)
    except NotPermitted as error:
        return problems.response(403, error.message)
    return None


def _is_socket(scope: Scope) -> bool:
    return scope["type"] == "websocket" or str(scope["path"]).startswith(SOCKETS)


def _bearer(headers: Headers) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _login_first(scope: Scope) -> Response:
    path = str(scope["path"])
    wants_page = scope["type"] == "http" and scope["method"] in SAFE_METHODS and failures.wants_page(scope)
    if path.startswith("/_nicegui") or not wants_page:
        return problems.response(401, "Log in, or send an API token.", headers={"WWW-Authenticate": "Bearer"})
    query = scope.get("query_string", b"").decode("latin-1")
    here = f"{path}?{query}" if query else path
    return RedirectResponse("/login" if here == "/" else f"/login?next={quote(here, safe='')}", 303)


def _unavailable(path: str, error: DatabaseUnavailable) -> Response:
    if path.startswith(("/api/", "/_nicegui")):
        return problems.response(503, error.message, headers={"Retry-After": "5"})
    return HTMLResponse(notice_page.outage(), 503, headers={"Retry-After": "5"})


def _token_session(actor: Actor) -> Session:
    return Session(id=uuid5(NAMESPACE_OID, actor.name), actor=actor)
