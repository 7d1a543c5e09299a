"""The line to each open tab: what all viewers of a view are told is written once, and sent to each as it is.

NiceGUI sends to every tab by itself, through a queue and a task per message; that costs a quarter of a millisecond
each time. Here a frame goes straight to the tab's websocket, as an event of the protocol that is spoken on it
(Socket.IO 5 in Engine.IO 4). It may overtake what NiceGUI has queued, so frames name the edition of their view:
`console_line.js` keeps what comes too early, and asks for the whole view when something is missing.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from urllib.parse import parse_qs
from weakref import WeakSet

from nicegui import Client
from starlette.types import ASGIApp, Receive, Scope, Send

SOCKETS = "/_nicegui_ws/"
FULL = 100  #: frames that wait for a tab that does not read; then it is only told what it has missed
BEAT = 1.0  #: seconds of silence after which a tab needs a sign of life
LINE = "tenantry.line"  #: where the scope of a websocket has its line


@dataclass(frozen=True, slots=True)
class Edition:
    """Which state of which view."""

    view: int
    number: int

    def frame(self, news: str | None = None) -> str:
        """Where a part of the page should be; with `news` as JSON, what leads there from the edition before."""
        return f"[{self.view},{self.number}]" if news is None else f"[{self.view},{self.number},{news}]"


Editions = Callable[[], Sequence[str]]


class Line:
    """To one websocket. It is silent until the socket has shaken hands for a tab."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._editions: Editions | None = None
        self._waiting: list[str] = []
        self._more = asyncio.Event()
        self._spoke_at = monotonic()

    def begin(self, editions: Editions) -> None:
        """Tell the tab which editions it should have, now and whenever frames had to be dropped."""
        self._editions = editions
        self._catch_up(editions)

    def end(self) -> None:
        """Say nothing any more, not even what waits; until somebody shakes hands again."""
        self._editions = None
        self._waiting.clear()

    def push(self, frame: str) -> None:
        if self._editions is None:
            return
        self._waiting.append(frame)
        self._more.set()
        if len(self._waiting) > FULL:
            self._catch_up(self._editions)

    @property
    def is_quiet(self) -> bool:
        return monotonic() - self._spoke_at >= BEAT

    async def write(self) -> None:
        """Send what is pushed, all that waits in one event, until the tab is gone."""
        with suppress(OSError, RuntimeError):  # the server's ways of saying that the socket is closed
            while True:
                await self._more.wait()
                self._more.clear()
                frames, self._waiting = self._waiting, []
                if not frames:
                    continue
                self._spoke_at = monotonic()
                await self._send({"type": "websocket.send", "text": f'42["news",{",".join(frames)}]'})

    def _catch_up(self, editions: Editions) -> None:
        self._waiting = list(editions())
        self._more.set()


class Lines:
    """The lines of this process that may speak, by the id of their tab."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}
        self._ended: WeakSet[Client] = WeakSet()

    @property
    def open(self) -> int:
        return len(self._lines)

    @asynccontextmanager
    async def carrying(self, line: Line) -> AsyncIterator[None]:
        """Write on the line while the block lasts; nobody uses it after its socket is gone."""
        writing = asyncio.create_task(line.write())  # ends in the finally below
        writing.add_done_callback(lambda _: self._forget(line))
        try:
            yield
        finally:
            writing.cancel()
            await asyncio.wait({writing})

    def begin(self, client: Client, editions: Editions) -> None:
        """A tab has shaken hands, for the first time or again; from now on it hears by the way on which it did."""
        line = _line_of(client)
        if line is not None:
            self._lines[client.id] = line
            line.begin(editions)
            return
        self._lines.pop(client.id, None)
        for edition in editions():
            self.push(client.id, edition)

    def end(self, client: Client) -> None:
        """Tell a tab nothing any more."""
        self._ended.add(client)
        line = self._lines.pop(client.id, None)
        if line is not None:
            line.end()

    def push(self, tab: str, frame: str) -> None:
        """Send a frame; a tab that is not connected will be told what it has missed."""
        line = self._lines.get(tab)
        if line is not None:
            line.push(frame)
            return
        client = Client.instances.get(tab)
        if client is None or client in self._ended:
            return
        if client.has_socket_connection:  # by polling: something on the way knows no websockets
            client.outbox.enqueue_message("run_javascript", {"code": f"window.hearNews?.({frame})"}, tab)

    def beat(self, tab: str, sign: str) -> None:
        """Send a `sign_of_life`. What else is said within a second is one, too."""
        line = self._lines.get(tab)
        if line is None or line.is_quiet:
            self.push(tab, sign)

    def _forget(self, line: Line) -> None:
        for tab in [tab for tab, each in self._lines.items() if each is line]:
            del self._lines[tab]


def sign_of_life(seconds_old: float, now: datetime) -> str:
    """The frames that say how long ago the sources were read, and what time it is."""
    return f'{seconds_old:.2f},{{"now":{now.timestamp() * 1000:.0f}}}'


class Tap:
    """Notes how to write to each websocket on its way to NiceGUI; behind the gate, which knows whose tab it is for."""

    def __init__(self, app: ASGIApp, *, lines: Lines) -> None:
        self.app = app
        self.lines = lines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_tabs_own(scope):
            await self.app(scope, receive, send)
            return
        line = scope[LINE] = Line(send)
        async with self.lines.carrying(line):
            await self.app(scope, receive, send)


def _is_tabs_own(scope: Scope) -> bool:
    """Whether a tab opens a websocket of its own; one that takes over from long polling has no line."""
    if scope["type"] != "websocket" or not str(scope["path"]).startswith(SOCKETS):
        return False
    return b"sid" not in parse_qs(scope.get("query_string", b""))


def _line_of(client: Client) -> Line | None:
    """The line of the socket that has shaken hands last."""
    scope = (client.environ or {}).get("asgi.scope")
    line = scope.get(LINE) if isinstance(scope, dict) else None
    return line if isinstance(line, Line) else None
