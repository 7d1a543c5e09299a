"""Who is here: the tabs and the websockets of each session, and how they end with it.

A client of another make heeds no farewell of the protocols, so their connections are ended without one. `end` also
silences the lines, so that nothing new is told in the seconds that browsers get to leave by themselves.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from uuid import UUID

from nicegui import Client, background_tasks, core

from console import sessions
from console.lines import Lines
from operations.actions.staff import Session, Staff
from operations.errors import DatabaseUnavailable

SWEEP = 2.0  #: seconds between two looks for sessions that ended elsewhere
FAREWELL = 1.0  #: seconds for browsers to leave by themselves
POLITENESS = 0.5  #: seconds that a client may take to hear that its long polling has ended
#: For the tabs of who logged out; the one that asked for it is led away by the answer.
GO = "document.documentElement.hasAttribute('data-leaving') || window.location.replace('/login')"
HangUp = Callable[[], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Presence:
    """One per process."""

    staff: Staff
    lines: Lines
    _sockets: dict[Session, list[HangUp]] = field(default_factory=dict)

    @contextmanager
    def carrying(self, session: Session, hang_up: HangUp) -> Iterator[None]:
        """A websocket of this session is open while the block lasts; `hang_up` ends its connection at once."""
        self._sockets.setdefault(session, []).append(hang_up)
        try:
            yield
        finally:
            others = self._sockets[session]
            others.remove(hang_up)
            if not others:
                del self._sockets[session]

    def sockets_of(self, session: Session) -> int:
        return sum(len(open_) for each, open_ in self._sockets.items() if each.id == session.id)

    def present(self) -> set[Session]:
        """Sessions with something open; one whose account was changed meanwhile is here as each that it was."""
        return {session for _, session in _tabs()} | set(self._sockets)

    def end_all(self, id_: UUID) -> None:
        """End everything of a session that was logged out."""
        self.end([session for session in self.present() if session.id == id_], lead_back=False)

    def end(self, ended: Collection[Session], *, lead_back: bool = True) -> None:
        """Send their tabs to the login page and hang up; the gate refuses them from now on.

        Unless they have logged out, the log-in leads them back.
        """
        tabs = [client for client, session in _tabs() if session in ended]
        for client in tabs:
            client.request.state.session = None
            self.lines.end(client)
            if lead_back:
                sessions.send_to_login(client)
            else:
                client.run_javascript(GO)
        if ended:
            background_tasks.create(self._hang_up(ended, [client.id for client in tabs]))

    async def sweep(self) -> None:
        """End what belongs to sessions that were revoked, expired, or whose account changed. Runs until cancelled."""
        while True:
            await asyncio.sleep(SWEEP)
            present = self.present()
            try:
                live = await self.staff.live({session.id for session in present})
            except DatabaseUnavailable:
                continue  # nothing can be done without it, and its banner is up
            self.end([session for session in present if live.get(session.id) != session.actor])

    async def _hang_up(self, ended: Collection[Session], rooms: Collection[str]) -> None:
        await asyncio.sleep(FAREWELL)
        for session in ended:
            for hang_up in tuple(self._sockets.get(session, ())):
                hang_up()
        for room in rooms:
            for sid, connection in list(core.sio.manager.get_participants("/", room)):
                await core.sio.disconnect(sid)
                with suppress(TimeoutError):  # it waits for whatever the client has not fetched
                    async with asyncio.timeout(POLITENESS):
                        await core.sio.eio.disconnect(connection)


def tabs_of(session: Session) -> list[Client]:
    return [client for client, own in _tabs() if own.id == session.id]


def _tabs() -> list[tuple[Client, Session]]:
    return [(client, session) for client in Client.instances.values() if (session := sessions.of_client(client))]
