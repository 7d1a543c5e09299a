"""Log-ins of browsers: the cookie, and the session of a page."""

from collections.abc import Sequence
from dataclasses import dataclass

from nicegui import Client, ui
from starlette.datastructures import State
from starlette.requests import HTTPConnection

from console.components import theme
from operations.access import Actor, Permission
from operations.actions.staff import Session
from operations.errors import NotLoggedIn, NotPermitted

LONGEST_COOKIE = 512  #: bytes, with its name; ours are shorter


@dataclass(frozen=True, kw_only=True, slots=True)
class Cookie:
    """The cookie that carries a session's secret. SameSite=Lax: links in alerts must arrive logged in."""

    secure: bool
    of_demo: bool = False  #: ports of one host share their cookies, and a demo may run beside an installation

    @property
    def name(self) -> str:
        """Browsers keep `__Host-` cookies to one host and to HTTPS (RFC 6265bis)."""
        name = "tenantry-demo" if self.of_demo else "tenantry"
        return f"__Host-{name}" if self.secure else name

    @property
    def browser(self) -> str:
        """Of the cookie by which a browser is known that somebody logged in with."""
        return f"{self.name}-browser"

    def alone(self, headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """These headers with no cookies but ours: to read others can take seconds, and anybody can send them.

        Python undoes the escapes in quoted values in a time that grows with the square of their length.
        """
        ours = {each.encode() for each in (self.name, self.browser, theme.COOKIE)}
        kept = [header for header in headers if header[0] != b"cookie"]
        sent = [part.strip() for name, value in headers if name == b"cookie" for part in value.split(b";")]
        cookies = [part for part in sent if part.partition(b"=")[0] in ours and len(part) <= LONGEST_COOKIE]
        return [*kept, (b"cookie", b"; ".join(cookies))] if cookies else kept


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


def client_may(client: Client, permission: Permission) -> bool:
    """Of whoever opened a tab."""
    session = of_client(client)
    return session is not None and session.actor.may(permission)


def send_to_login(client: Client) -> None:
    """Say that the session is over; the log-in leads back to where the tab is."""
    client.run_javascript(
        "window.location.replace('/login?ended=1&next=' + encodeURIComponent(location.pathname + location.search))"
    )


def _of_state(state: State) -> Session | None:
    session = getattr(state, "session", None)
    return session if isinstance(session, Session) else None
