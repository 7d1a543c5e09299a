"""What makes no sense to a page costs its sender a line of the log, and nobody else anything."""

import json
from pathlib import Path

import pytest

from operations.statuses import Role
from tests.integration.console.sockets import OpenedPage, Socket, open_page, open_socket, shake_hands
from workbench.consoles import Console
from workbench.servers import eventually

SAID = "a message to a page could not be handled"
MOST_LINES = 3  # of which one says it, and the others may be of other things
STRANGE: tuple[object, ...] = (None, {}, [["a"]], "x" * 500, -1, True, {"id": "x"}, "\u202e", 10**9, [[[[]]]])
NOWHERE: tuple[object, ...] = (-1, "x", None, {}, [])
RAW = ('42["event"', "42[]", '42[{"a": 1}]', '42["event", 7]', '42["event"]', "45", "47", "44", "4x", '451-["event",1]')


def listeners(page: OpenedPage) -> list[tuple[int, str]]:
    """Each event of each element that the server hears."""
    found = []
    for id_, element in page.elements.items():
        events = element.get("events")
        found += [(int(id_), str(each["listener_id"])) for each in events] if isinstance(events, list) else []
    return found


async def is_answered(socket: Socket) -> None:
    """Whatever was sent before has been heard."""
    await socket.emit("handshake", {}, ack=9)
    await socket.hears("439[")


def lines(log: Path, since: int) -> list[str]:
    return log.read_bytes()[since:].decode(errors="replace").splitlines()


@pytest.mark.parametrize("path", ["/tenants/new", "/executions", "/workers"])
async def test_strange_arguments_of_events_are_a_line_and_no_traceback(console: Console, path: str) -> None:
    email = f"strange-{path.strip('/').replace('/', '-')}@example.com"
    session = await console.accounts.session(email, Role.SUPPORT)
    async with console.client(session=session) as client:
        page = await open_page(client, path)
        async with open_socket(console, page.client_id, session=session) as socket:
            assert await shake_hands(socket, page.client_id)
            since = console.log.stat().st_size

            for id_, listener in listeners(page):
                for strange in STRANGE:
                    await event(socket, page, id_, listener, [json.dumps(strange)])
                for args in (["no json"], ["[" * 30_000], 7, [7], "x", [None, None]):
                    await event(socket, page, id_, listener, args)
            for nowhere in NOWHERE:
                await event(socket, page, nowhere, "x", [])
            await is_answered(socket)

        said = await eventually(lambda: told(console.log, since), lambda seen: any(SAID in line for line in seen))
    assert "Traceback" not in "\n".join(said)
    assert len(said) <= MOST_LINES
    assert sum(SAID in line and email in line for line in said) == 1
    assert max(map(len, said)) < 1_000


async def test_packets_that_are_none_are_a_line_and_no_traceback(console: Console) -> None:
    session = await console.accounts.session("packets@example.com", Role.VIEWER)
    async with console.client(session=session) as client:
        since = console.log.stat().st_size
        for raw in RAW:
            page = await open_page(client, "/tenants")
            async with open_socket(console, page.client_id, session=session) as socket:
                assert await shake_hands(socket, page.client_id)
                await socket.connection.send(raw)
                if not raw.startswith("45"):
                    await is_answered(socket)

        said = await eventually(lambda: told(console.log, since), lambda seen: any(SAID in line for line in seen))
    assert "Traceback" not in "\n".join(said)
    assert len(said) <= MOST_LINES


async def event(socket: Socket, page: OpenedPage, id_: object, listener: str, args: object) -> None:
    await socket.emit("event", {"id": id_, "client_id": page.client_id, "listener_id": listener, "args": args})


async def told(log: Path, since: int) -> list[str]:
    return lines(log, since)
