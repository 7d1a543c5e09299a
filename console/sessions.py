"""Log-ins of browsers: the cookie, the session of a page, and the end of both."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from nicegui import Client, background_tasks, core, ui
from starlette.datastructures import State
from starlette.requests import HTTPConnection

from operations.access import Actor, Permission
from operations.actions.staff import Session, Staff
from operations.errors import DatabaseUnavailable, NotLoggedIn, NotPermitted

SWEEP = 3.0  #: seconds between two looks for sessions that ended elsewhere


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


def _of_state(state: State) -> Session | None:
    session = getattr(state, "session", None)
    return session if isinstance(session, Session) else None


def end(ended: Sequence[Client]) -> None:
    """Send tabs to the login page and close their sockets; the gate refuses them from now on."""
    for client in ended:
        client.request.state.session = None
        client.run_javascript("window.location.replace('/login')")
    background_tasks.create(_disconnect([client.id for client in ended]))


async def _disconnect(rooms: Sequence[str]) -> None:
    await asyncio.sleep(1.0)  # long enough for the browsers to leave by themselves
    for room in rooms:
        for sid, connection in list(core.sio.manager.get_participants("/", room)):
            await core.sio.disconnect(sid)
            # Else the connection stays open, and a client of another make could join the page again through it.
            await core.sio.eio.disconnect(connection)


async def sweep(staff: Staff) -> None:
    """End the tabs of sessions that were revoked, expired, or whose account changed its role. Runs until cancelled."""
    while True:
        await asyncio.sleep(SWEEP)
        open_tabs = [(client, session) for client in Client.instances.values() if (session := of_client(client))]
        try:
            live = await staff.live({session.id for _, session in open_tabs})
        except DatabaseUnavailable:
            continue  # nothing can be done without it, and its banner is up
        end([client for client, session in open_tabs if live.get(session.id) != session.actor])
