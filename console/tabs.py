"""The socket of a tab speaks for that tab alone, and only while the tab's session lives.

NiceGUI itself takes any known tab's id, at any time.
"""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qs

from nicegui import Client, core
from starlette.types import Scope

from console import nonsense, sessions
from operations.actions.staff import Session

NO_CONCERN = "log"  #: with it, browsers would write into our logs


def bind_sockets() -> None:
    """Call once, after NiceGUI has registered its handlers."""
    handlers = core.sio.handlers["/"]
    handlers["connect"] = _while_session_lives(handlers["connect"])
    handlers["handshake"] = _for_tab_let_in(handlers["handshake"])
    for name in ("event", "javascript_response", "ack"):
        handlers[name] = _only_own_tab(handlers[name])
    handlers.pop(NO_CONCERN)
    core.sio.async_handlers = False  # all is done in the task of each message, which has its errors logged
    core.sio.eio.on("message", _complaining(core.sio.eio.handlers["message"]))
    nonsense.keep_logs_short()


def may_join(scope: Scope, session: Session) -> bool:
    """Whether a request for a socket is for a tab of the session's own, or no tab that there is, on its own connection.

    A browser comes back for a tab that is gone after a restart, or after a long sleep. Only when it is let in does
    NiceGUI tell it so, and it loads the page anew.
    """
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    client_id = _first(query, "client_id")
    tab = Client.instances.get(client_id)
    if tab is None:
        is_own_tab = bool(client_id)
    else:
        owner = sessions.of_client(tab)
        is_own_tab = owner is not None and owner.id == session.id
    return is_own_tab and _is_own_connection(_first(query, "sid"), session)


def _is_own_connection(connection: str, session: Session) -> bool:
    """Whether Engine.IO's connection, which goes on by its id alone, was opened by the same session."""
    if connection not in core.sio.eio.sockets:
        return True
    opened_by = _opened_by(connection)
    return opened_by is not None and opened_by.id == session.id


def _opened_by(connection: str) -> Session | None:
    scope = core.sio.environ.get(connection, {}).get("asgi.scope", {})
    session = scope.get("state", {}).get("session")
    return session if isinstance(session, Session) else None


def _complaining(handle: Callable[[str, object], Awaitable[None]]) -> Callable[[str, object], Awaitable[None]]:
    """Of what cannot be handled, the log says by whom it was sent."""

    async def guarded(connection: str, message: object) -> None:
        session = _opened_by(connection)
        if session is not None:
            nonsense.COMPLAINTS.hear(str(session.id), session.actor.name)
        await handle(connection, message)

    return guarded


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
    return _first(parse_qs(str(environ.get("QUERY_STRING", ""))), "client_id")


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


def _first(query: Mapping[str, list[str]], name: str) -> str:
    return (query.get(name) or [""])[0]
