"""Lines to tabs: what is sent together, what a tab that does not read is spared, and when a line ends."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from nicegui import Client, ui
from starlette.types import Message, Receive, Scope, Send

from console.lines import FULL, LINE, Edition, Line, Lines, Tap


@dataclass
class Reader:
    """The far end; it reads as long as it is `awake`."""

    heard: list[str] = field(default_factory=list)
    awake: asyncio.Event = field(default_factory=asyncio.Event)
    is_gone: bool = False

    async def send(self, message: Message) -> None:
        await self.awake.wait()
        if self.is_gone:
            raise OSError
        self.heard.append(str(message["text"]))


@asynccontextmanager
async def writing(line: Line) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(line.write())
    yield task
    task.cancel()


async def _turns(number: int = 5) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


def _awake() -> Reader:
    reader = Reader()
    reader.awake.set()
    return reader


def test_an_edition_is_named_with_and_without_what_leads_there() -> None:
    assert Edition(7, 3).frame() == "[7,3]"
    assert Edition(7, 3).frame('{"changed":[]}') == '[7,3,{"changed":[]}]'


async def test_a_line_is_silent_until_the_tab_has_shaken_hands() -> None:
    reader = _awake()
    line = Line(reader.send)
    async with writing(line):
        line.push("[1,1,{}]")
        await _turns()
        assert reader.heard == []

        line.begin(lambda: ["[1,1]"])
        await _turns()

    assert reader.heard == ['42["news",[1,1]]']


async def test_what_waits_is_sent_as_one_event() -> None:
    reader = _awake()
    line = Line(reader.send)
    line.begin(list)
    async with writing(line):
        line.push("[1,1,{}]")
        line.push("[2,1,{}]")
        await _turns()

    assert reader.heard == ['42["news",[1,1,{}],[2,1,{}]]']


async def test_a_tab_that_does_not_read_is_told_what_it_has_missed() -> None:
    reader = Reader()
    line = Line(reader.send)
    line.begin(lambda: [f"[1,{FULL + 1}]"])
    async with writing(line):
        await _turns()  # the first event hangs
        for number in range(FULL + 1):
            line.push(f"[1,{number},{{}}]")

        reader.awake.set()
        await _turns()

    assert reader.heard[-1] == f'42["news",[1,{FULL + 1}]]'


async def test_writing_ends_with_the_socket() -> None:
    reader = _awake()
    reader.is_gone = True
    line = Line(reader.send)
    async with writing(line) as task:
        line.begin(lambda: ["[1,1]"])
        await asyncio.wait({task})

        assert task.exception() is None


async def test_an_edition_of_no_view_is_no_event() -> None:
    reader = _awake()
    line = Line(reader.send)
    async with writing(line):
        line.begin(list)
        await _turns()

    assert reader.heard == []


async def test_a_tab_hears_by_the_socket_that_has_shaken_hands(tab: Client) -> None:
    lines, old, new = Lines(), _awake(), _awake()
    async with opened(lines, old) as first, opened(lines, new) as second:
        shake_hands(lines, tab, first)
        lines.push(tab.id, "[1,1,{}]")
        await _turns()
        shake_hands(lines, tab, second)
        lines.push(tab.id, "[1,2,{}]")
        await _turns()

    assert old.heard == ['42["news",[1,0],[1,1,{}]]']
    assert new.heard == ['42["news",[1,0],[1,2,{}]]']
    assert lines.open == 0


async def test_a_tab_that_comes_back_by_polling_has_no_line(tab: Client) -> None:
    lines, half_open = Lines(), _awake()
    async with opened(lines, half_open) as line:
        shake_hands(lines, tab, line)

        shake_hands(lines, tab, None)

        assert lines.open == 0


async def test_a_line_that_cannot_be_written_on_is_forgotten(tab: Client) -> None:
    lines, closed = Lines(), _awake()
    closed.is_gone = True
    async with opened(lines, closed) as line:
        shake_hands(lines, tab, line)
        await _turns()

        assert lines.open == 0


@asynccontextmanager
async def opened(lines: Lines, reader: Reader) -> AsyncIterator[Line]:
    line = Line(reader.send)
    async with lines.carrying(line):
        yield line


@pytest.fixture
def tab() -> Iterator[Client]:
    client = Client(ui.page("/"), request=None)
    yield client
    client.delete()


def shake_hands(lines: Lines, tab: Client, line: Line | None) -> None:
    tab.environ = {"asgi.scope": {} if line is None else {LINE: line}}
    lines.begin(tab, lambda: ["[1,0]"])


async def test_only_websockets_of_tabs_are_tapped() -> None:
    lines = Lines()
    seen: list[bool] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(LINE in scope)

    async def receive() -> Message:
        raise AssertionError

    tap = Tap(app, lines=lines)
    for kind, path, query in (
        ("websocket", "/_nicegui_ws/socket.io/", b"client_id=a&transport=websocket"),
        ("websocket", "/_nicegui_ws/socket.io/", b"client_id=a&transport=websocket&sid=upgraded"),
        ("websocket", "/elsewhere", b"client_id=a"),
        ("http", "/_nicegui_ws/socket.io/", b"client_id=a&transport=polling"),
    ):
        await tap({"type": kind, "path": path, "query_string": query}, receive, _awake().send)

    assert seen == [True, False, False, False]
