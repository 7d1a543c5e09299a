"""Log-ins of browsers: the cookie, and the session of a page."""

from dataclasses import dataclass

from nicegui import Client, ui
from starlette.datastructures import State
from starlette.requests import HTTPConnection

from operations.access import Actor, Permission
from operations.actions.staff import Session
from operations.errors import NotLoggedIn, NotPermitted


@dataclass(frozen=True, kw_only=True, slots=True)
class Cookie:
    """The cookie that carries a session's secret. SameSite=Lax: links in alerts must arrive logged in."""

    secure: bool

    @property
    def name(self) -> str:
        """Browsers keep `__Host-` cookies to one host and to HTTPS (RFC 6265bis)."""
        return "__Host-tenantry" if self.secure else "tenantry"

    @property
    def browser(self) -> str:
        """Of the cookie by which a browser is known that somebody logged in with."""
        return f"{self.name}-browser"


def of_connection(connection: HTTPConnection) -> Session | None:
    """The session that the gate found for a request."""
    return _of_state(connection.state)


def current() -> Session:
    """The session of the page being built or handled; raises `NotLoggedIn`."""
    session = of_client(ui.context.client)
    if session is None:
        raise NotLoggedIn
    return session


def of_client(client: Client) -> Session | None:
    """The session that a browser tab was opened with."""
    return _of_state(client.request.state)


def actor(permission: Permission = Permission.SEE) -> Actor:
    """Who is looking or clicking; raises `NotLoggedIn` or `NotPermitted`. Every builder and handler asks this."""
    who = current().actor
    if not who.may(permission):
        raise NotPermitted
    return who


def may(permission: Permission) -> bool:
    """Whether to show something; the action itself refuses whoever may not."""
    return current().actor.may(permission)


def send_to_login(client: Client) -> None:
    """Say that the session is over; the log-in leads back to where the tab is."""
    client.run_javascript(
        "window.location.replace('/login?ended=1&next=' + encodeURIComponent(location.pathname + location.search))"
    )


def _of_state(state: State) -> Session | None:
    session = getattr(state, "session", None)
    return session if isinstance(session, Session) else None
