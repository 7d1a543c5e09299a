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
from time import monotonic
from urllib.parse import parse_qs

from nicegui import Client
from starlette.types import ASGIApp, Receive, Scope, Send

SOCKETS = "/_nicegui_ws/"
FULL = 100  #: frames that wait for a tab that does not read; then it is only told what it has missed
BEAT = 1.0  #: seconds of silence after which a tab needs a sign of life


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
    """To one websocket. It is silent until the tab has shaken hands."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._editions: Editions | None = None
        self._waiting: list[str] = []
        self._more = asyncio.Event()
        self._spoke_at = monotonic()

    def begin(self, editions: Editions) -> None:
        """Tell the tab which editions it should have, now and whenever frames had to be dropped."""
        self._editions = editions
        self._catch_up()

    def push(self, frame: str) -> None:
        if self._editions is None:
            return
        self._waiting.append(frame)
        self._more.set()
        if len(self._waiting) > FULL:
            self._catch_up()

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
                self._spoke_at = monotonic()
                await self._send({"type": "websocket.send", "text": f'42["news",{",".join(frames)}]'})

    def _catch_up(self) -> None:
        if self._editions is not None:
            self._waiting = list(self._editions())
        if self._waiting:
            self._more.set()


class Lines:
    """The lines of this process, by tab."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}

    @property
    def open(self) -> int:
        return len(self._lines)

    @asynccontextmanager
    async def line(self, tab: str, send: Send) -> AsyncIterator[None]:
        """A line for as long as the block lasts; of two sockets of a tab the newer one counts."""
        line = self._lines[tab] = Line(send)
        writing = asyncio.create_task(line.write())  # ends in the finally below
        try:
            yield
        finally:
            writing.cancel()
            if self._lines.get(tab) is line:
                del self._lines[tab]

    def begin(self, client: Client, editions: Editions) -> None:
        """The tab has shaken hands, for the first time or again."""
        line = self._lines.get(client.id)
        if line is not None:
            line.begin(editions)
            return
        for edition in editions():
            self.push(client, edition)

    def push(self, client: Client, frame: str) -> None:
        """Send a frame; a tab that is not connected will be told what it has missed."""
        line = self._lines.get(client.id)
        if line is not None:
            line.push(frame)
        elif client.has_socket_connection:  # by long polling: something on the way knows no websockets
            client.outbox.enqueue_message("run_javascript", {"code": f"window.hearNews?.({frame})"}, client.id)

    def beat(self, client: Client, seconds_old: float) -> None:
        """A sign of life: the sources were read so long ago. What else is said within a second is one, too."""
        line = self._lines.get(client.id)
        if line is None or line.is_quiet:
            self.push(client, f"{seconds_old:.2f}")


class Tap:
    """Finds the websockets of tabs on their way to NiceGUI; behind the gate, which knows whose tab it is."""

    def __init__(self, app: ASGIApp, *, lines: Lines) -> None:
        self.app = app
        self.lines = lines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tab = _tab(scope)
        if tab is None:
            await self.app(scope, receive, send)
            return
        async with self.lines.line(tab, send):
            await self.app(scope, receive, send)


def _tab(scope: Scope) -> str | None:
    """Which tab opens a websocket of its own; one that takes over from long polling has no line."""
    if scope["type"] != "websocket" or not str(scope["path"]).startswith(SOCKETS):
        return None
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return None if "sid" in query else (query.get("client_id") or [None])[0]
