"""Browser tabs without a browser: they log in, keep a socket, acknowledge, and note what arrives when."""

import ast
import asyncio
import json
import re
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

QUERY = re.compile(r"query: (\{.*?\}),\n")
MARK = re.compile(r"Mark (\d+)")
MESSAGE_ID = re.compile(r'"_id":(\d+)')
ACKNOWLEDGE = 3.0  #: seconds, as NiceGUI's own script does
AT_ONCE = 10  #: tabs that open at the same time


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """A page that tabs open."""

    url: str
    path: str
    cookie: tuple[str, str] | None = None
    colleagues: Sequence[str] = ()  #: secrets of further sessions, as one alone may have only so many tabs

    def headers(self, number: int = 0) -> dict[str, str]:
        """Of tab `number`; the sessions take turns."""
        if self.cookie is None:
            return {}
        name, first = self.cookie
        secrets = (first, *self.colleagues)
        return {"Cookie": f"{name}={secrets[number % len(secrets)]}"}


@dataclass(kw_only=True, slots=True)
class Tab:
    """What one tab heard: bytes, and the moment at which each mark was first named."""

    client_id: str
    heard: int = 0
    messages: int = 0
    marks: dict[int, float] = field(default_factory=dict)
    closed: bool = False
    next_message_id: int = 0
    acknowledged_id: int = 0

    def hear(self, frame: str) -> None:
        self.heard += len(frame)
        self.messages += 1
        now = time.time()
        for mark in MARK.findall(frame):
            self.marks.setdefault(int(mark), now)
        for number in MESSAGE_ID.findall(frame[-40:]):
            self.next_message_id = int(number) + 1


@asynccontextmanager
async def open_tabs(site: Site, number: int) -> AsyncIterator[Sequence[Tab]]:
    """So many tabs, each of which has shaken hands; they close when the block ends."""
    gate = asyncio.Semaphore(AT_ONCE)
    tabs: list[Tab] = []
    async with asyncio.TaskGroup() as group, httpx.AsyncClient(timeout=60) as client:

        async def begin(tab: int) -> None:
            async with gate:
                ready = asyncio.Event()
                task = group.create_task(_live(site, site.headers(tab), client, tabs.append, ready))
                running.append(task)
                await ready.wait()

        running: list[asyncio.Task[None]] = []
        await asyncio.gather(*(begin(tab) for tab in range(number)))
        try:
            yield tabs
        finally:
            for task in running:
                task.cancel()


async def _live(
    site: Site, headers: dict[str, str], client: httpx.AsyncClient, note: Callable[[Tab], None], ready: asyncio.Event
) -> None:
    try:
        page = await client.get(site.url + site.path, headers={**headers, "accept": "text/html"})
        page.raise_for_status()
        found = QUERY.search(page.text)
        if found is None:
            raise RuntimeError(f"{site.path} is no page of NiceGUI")
        query = {**ast.literal_eval(found[1]), "tab_id": str(uuid.uuid4()), "document_id": str(uuid.uuid4())}
        tab = Tab(client_id=str(query["client_id"]))
        address = httpx.URL(
            site.url.replace("http", "ws", 1) + "/_nicegui_ws/socket.io/",
            params={**{name: str(value) for name, value in query.items()}, "EIO": "4", "transport": "websocket"},
        )
        async with connect(
            str(address), origin=Origin(site.url), additional_headers=headers, compression=None, max_size=None
        ) as socket:
            await _shake_hands(socket, query)
            note(tab)
            ready.set()
            await _listen(socket, tab)
    finally:
        ready.set()


async def _shake_hands(socket: ClientConnection, query: dict[str, object]) -> None:
    await _until(socket, "0")
    await socket.send("40")
    await _until(socket, "40")
    await socket.send("420" + json.dumps(["handshake", query]))
    answer = await _until(socket, "430")
    if answer != "430[true]":
        raise RuntimeError(f"the handshake was answered with {answer}")


async def _until(socket: ClientConnection, beginning: str) -> str:
    while True:
        frame = str(await socket.recv())
        if frame.startswith(beginning):
            return frame


async def _listen(socket: ClientConnection, tab: Tab) -> None:
    acknowledged = time.monotonic()
    try:
        async for frame in socket:
            text = frame if isinstance(frame, str) else frame.decode()
            if text == "2":
                await socket.send("3")
                continue
            tab.hear(text)
            if time.monotonic() - acknowledged > ACKNOWLEDGE and tab.next_message_id > tab.acknowledged_id:
                acknowledged = time.monotonic()
                tab.acknowledged_id = tab.next_message_id
                said = {"client_id": tab.client_id, "next_message_id": tab.next_message_id}
                await socket.send("42" + json.dumps(["ack", said]))
    except ConnectionClosed:
        pass
    tab.closed = True
