"""The socket of a page as a browser opens it (Engine.IO 4, Socket.IO 5), and as others might."""

import asyncio
import html
import json
import re
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from workbench.consoles import Console

CLIENT_ID = re.compile(r"'client_id': '([0-9a-f-]{36})'")
ELEMENTS = re.compile(r"parseElements\(String\.raw`(.*?)`\)", re.DOTALL)
PATH = "/_nicegui_ws/socket.io/"
TO_ANSWER = 10.0  # seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenedPage:
    """What the HTML of a page tells a browser."""

    client_id: str
    elements: Mapping[str, Mapping[str, object]]

    @classmethod
    def read(cls, text: str) -> "OpenedPage":
        client_id, elements = CLIENT_ID.search(text), ELEMENTS.search(text)
        assert client_id
        assert elements
        return cls(client_id=client_id[1], elements=json.loads(html.unescape(elements[1])))

    def slug_field(self) -> tuple[int, str]:
        """Id and listener of the field whose every change is answered."""
        for id_, element in self.elements.items():
            props, events = element.get("props"), element.get("events")
            if isinstance(props, dict) and props.get("placeholder") == "acme" and isinstance(events, list):
                return int(id_), str(events[0]["listener_id"])
        raise AssertionError("there is no such field")


async def open_page(client: httpx.AsyncClient, path: str) -> OpenedPage:
    answer = await client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 200
    return OpenedPage.read(answer.text)


@dataclass(kw_only=True, slots=True)
class Socket:
    """A connected socket; `received` is all it has been told."""

    connection: ClientConnection
    received: list[str] = field(default_factory=list)

    async def emit(self, event: str, message: Mapping[str, object], *, ack: int | None = None) -> None:
        await self.connection.send(f"42{'' if ack is None else ack}{json.dumps([event, message])}")

    async def type_slug(self, page: OpenedPage, slug: str) -> None:
        """Say that somebody typed into the page's field."""
        id_, listener = page.slug_field()
        await self.emit(
            "event", {"id": id_, "client_id": page.client_id, "listener_id": listener, "args": [json.dumps(slug)]}
        )

    async def hears(self, text: str, *, within: float = TO_ANSWER) -> str:
        """Wait for a message with this text."""
        async with asyncio.timeout(within):
            while True:
                message = str(await self.connection.recv())
                if message == "2":
                    await self.connection.send("3")
                self.received.append(message)
                if text in message:
                    return message

    async def is_ended(self, *, within: float) -> None:
        """Wait until the server ends the connection, in fact: its word alone is heeded by browsers only."""
        async with asyncio.timeout(within):
            with suppress(ConnectionClosed):
                while True:
                    self.received.append(str(await self.connection.recv()))


@asynccontextmanager
async def open_socket(
    console: Console,
    *client_ids: str,
    session: str | None,
    origin: str | None = "own",
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[Socket]:
    """Raises `websockets.InvalidStatus` when the door stays shut. Several ids try to confuse the doorman."""
    query = [("EIO", "4"), ("transport", "websocket"), *(("client_id", each) for each in client_ids)]
    sent = dict(headers or {})
    if origin is not None:
        sent["Origin"] = console.url if origin == "own" else origin
    if session is not None:
        sent["Cookie"] = f"{console.cookie}={session}"
    address = f"ws://127.0.0.1:{console.port}{PATH}?{urlencode(query)}"
    async with connect(address, additional_headers=sent, proxy=None) as connection:
        socket = Socket(connection=connection)
        await socket.hears('"sid"')
        await connection.send("40")
        await socket.hears('40{"sid"')
        yield socket


async def shake_hands(socket: Socket, client_id: str) -> bool:
    """Introduce the socket as the one of this page; False when the server does not believe it."""
    message = {
        "client_id": client_id,
        "tab_id": str(uuid.uuid4()),
        "document_id": str(uuid.uuid4()),
        "next_message_id": 0,
    }
    await socket.emit("handshake", message, ack=7)
    return "true" in await socket.hears("437[")
