"""The gate in front of everything: pure ASGI, so that it sees websockets too. What is not allowed is refused."""

import re
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qs, quote, urlsplit
from uuid import NAMESPACE_OID, uuid5

from nicegui import Client, __version__, core
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from console import sessions
from console.api import problems
from console.components import outage_page
from console.lines import SOCKETS
from operations.access import Actor
from operations.actions.staff import Session, Staff
from operations.errors import DatabaseUnavailable

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
PUBLIC = frozenset({"/login", "/healthz", "/readyz", "/metrics", "/favicon.ico"})
#: NiceGUI's scripts and styles; no data. Whatever else lies under `/_nicegui/` belongs to single tabs, or is a page.
CODE = re.compile(
    rf"/_nicegui/{re.escape(__version__)}/(?:static|libraries|components|resources|dynamic_resources|esm)/"
)
LONGEST_ADDRESS = 16_000  #: bytes of path and query
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


class Gate:
    """Lets through what is public, whoever has a live session, and API calls with a token."""

    def __init__(self, app: ASGIApp, *, staff: Staff, origin: str, cookie: sessions.Cookie) -> None:
        self.app = app
        self.staff = staff
        self.origins = allowed_origins(origin)
        self.cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        # NiceGUI would write this header of anybody into every address of the page.
        scope["headers"] = [each for each in scope["headers"] if each[0] != b"x-forwarded-prefix"]
        refusal = _too_long(scope) or _not_text(scope) or await self._refusal(scope)
        if refusal is None:
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
            return self._not_ours(scope, headers)
        if is_public(path):
            return None
        try:
            session = await self._session(scope, bearer)
        except DatabaseUnavailable as error:
            return _unavailable(path, error)
        if session is None:
            return _login_first(scope, headers)
        scope.setdefault("state", {})["session"] = session
        if path.startswith(SOCKETS) and not _may_join(scope, session):
            return problems.response(403, "The page belongs to another session.")
        return None

    def _is_ours(self, scope: Scope, headers: Headers) -> bool:
        """Cookies travel with requests that other sites cause; their Origin gives them away (RFC 6454)."""
        origin = headers.get("origin")
        if origin is not None and origin not in self.origins:
            return scope["type"] == "http" and scope["method"] in SAFE_METHODS and not _is_socket(scope)
        if scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS:
            return origin is not None
        return True

    def _not_ours(self, scope: Scope, headers: Headers) -> Response:
        if str(scope["path"]).startswith("/api/") and self.cookie.name not in HTTPConnection(scope).cookies:
            return _login_first(scope, headers)  # nobody's browser was made to send it
        return problems.response(403, "The request comes from another site.")

    async def _session(self, scope: Scope, bearer: str | None) -> Session | None:
        if bearer is not None:
            actor = await self.staff.by_token(bearer)
            return None if actor is None else _token_session(actor)
        secret = HTTPConnection(scope).cookies.get(self.cookie.name)
        return None if not secret else await self.staff.resume(secret)


def allowed_origins(origin: str) -> frozenset[str]:
    """A console on this machine is reached by any name of the loopback; elsewhere only by its public one."""
    parts = urlsplit(origin)
    if parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        return frozenset({origin})
    port = "" if parts.port is None else f":{parts.port}"
    return frozenset(f"{parts.scheme}://{name}{port}" for name in LOOPBACK)


def is_public(path: str) -> bool:
    return path in PUBLIC or path.startswith("/assets/") or CODE.match(path) is not None


def bind_sockets_to_tabs() -> None:
    """A socket may speak only for the tab for which the gate let it in, and only while that tab's session lives.

    NiceGUI itself takes any known tab's id, at any time. Call once, after it has registered its handlers.
    """
    handlers = core.sio.handlers["/"]
    handlers["connect"] = _while_session_lives(handlers["connect"])
    handlers["handshake"] = _for_tab_let_in(handlers["handshake"])
    for name in ("event", "javascript_response", "ack", "log"):
        handlers[name] = _only_own_tab(handlers[name])


def _while_session_lives(connect: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
    """A socket may have been opened before its session ended, and connect only now."""

    async def guarded(sid: str, environ: Mapping[str, object], auth: object = None) -> object:
        return False if _has_ended(_introduced_as(environ)) else await connect(sid, environ, auth)

    return guarded


def _for_tab_let_in(handshake: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
    async def guarded(sid: str, message: object = None) -> object:
        tab = message.get("client_id") if isinstance(message, dict) else None
        if not isinstance(tab, str) or tab != _introduced_as(core.sio.get_environ(sid)) or _has_ended(tab):
            return False
        return await handshake(sid, message)

    return guarded


def _introduced_as(environ: Mapping[str, object]) -> str:
    return (parse_qs(str(environ.get("QUERY_STRING", ""))).get("client_id") or [""])[0]


def _has_ended(tab: str) -> bool:
    """Whether the session that a known tab was opened with has ended."""
    client = Client.instances.get(tab)
    return client is not None and sessions.of_client(client) is None


def _only_own_tab(handler: Callable[..., object]) -> Callable[..., object]:
    def guarded(sid: str, message: object = None, *rest: object) -> object:
        tab = message.get("client_id") if isinstance(message, dict) else None
        own = isinstance(tab, str) and any(sid == each for each, _ in core.sio.manager.get_participants("/", tab))
        return handler(sid, message, *rest) if own else None

    return guarded


def _too_long(scope: Scope) -> Response | None:
    """Before anything looks at it; the server itself takes an address of any length."""
    length = len(scope.get("raw_path") or b"") + len(scope.get("query_string", b""))
    if length > LONGEST_ADDRESS:
        return problems.response(414, f"The address must not have more than {LONGEST_ADDRESS:,} characters.")
    return None


def _not_text(scope: Scope) -> Response | None:
    """PostgreSQL has no text with NUL characters, and no address of ours needs one."""
    if "\x00" in scope["path"] or b"%00" in scope.get("query_string", b""):
        return problems.response(422, "The address must not contain NUL characters.")
    return None


def _is_socket(scope: Scope) -> bool:
    return scope["type"] == "websocket" or str(scope["path"]).startswith(SOCKETS)


def _may_join(scope: Scope, session: Session) -> bool:
    """Whether the tab is one of the session's own, or no tab that there is.

    A browser comes back for a tab that is gone after a restart, or after a long sleep. Only when it is let in does
    NiceGUI tell it so, and it loads the page anew.
    """
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    client_id = (query.get("client_id") or [""])[0]
    tab = Client.instances.get(client_id)
    if tab is None:
        return bool(client_id)
    owner = sessions.of_client(tab)
    return owner is not None and owner.id == session.id


def _bearer(headers: Headers) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _login_first(scope: Scope, headers: Headers) -> Response:
    path = str(scope["path"])
    wants_page = (
        scope["type"] == "http" and scope["method"] in SAFE_METHODS and "text/html" in headers.get("accept", "")
    )
    if path.startswith(("/api/", "/_nicegui")) or not wants_page:
        return problems.response(401, "Log in, or send an API token.", headers={"WWW-Authenticate": "Bearer"})
    query = scope.get("query_string", b"").decode("latin-1")
    here = f"{path}?{query}" if query else path
    return RedirectResponse("/login" if here == "/" else f"/login?next={quote(here, safe='')}", 303)


def _unavailable(path: str, error: DatabaseUnavailable) -> Response:
    if path.startswith(("/api/", "/_nicegui")):
        return problems.response(503, error.message, headers={"Retry-After": "5"})
    return HTMLResponse(outage_page.render(), 503, headers={"Retry-After": "5"})


def _token_session(actor: Actor) -> Session:
    return Session(id=uuid5(NAMESPACE_OID, actor.name), actor=actor)
