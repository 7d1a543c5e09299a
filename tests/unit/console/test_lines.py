"""Lines to tabs: what is sent together, what a tab that does not read is spared, and when a line ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.types import Message, Receive, Scope, Send

from console.lines import FULL, Edition, Line, Lines, Tap


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


async def test_of_two_sockets_of_a_tab_the_newer_one_counts() -> None:
    lines, old, new = Lines(), _awake(), _awake()

    async with lines.line("tab", old.send):
        async with lines.line("tab", new.send):
            pass
        assert lines.open == 0
    async with lines.line("tab", new.send):
        assert lines.open == 1
    assert lines.open == 0


async def test_only_websockets_of_tabs_are_tapped() -> None:
    lines = Lines()
    seen: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(lines.open)

    async def receive() -> Message:
        raise AssertionError

    tap = Tap(app, lines=lines)
    for kind, path, query in (
        ("websocket", "/_nicegui_ws/socket.io/", b"client_id=a&transport=websocket"),
        ("websocket", "/_nicegui_ws/socket.io/", b"client_id=a&transport=websocket&sid=upgraded"),
        ("websocket", "/_nicegui_ws/socket.io/", b"transport=websocket"),
        ("websocket", "/elsewhere", b"client_id=a"),
        ("http", "/_nicegui_ws/socket.io/", b"client_id=a&transport=polling"),
    ):
        await tap({"type": kind, "path": path, "query_string": query}, receive, _awake().send)

    assert seen == [1, 0, 0, 0, 0]
