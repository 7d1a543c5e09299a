"""Clients that ignore what they are told: how soon they hear nothing any more, and what they cannot do to others."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from itertools import islice
from time import monotonic
from uuid import uuid4

import httpx
import nicegui
import pytest
from psycopg import AsyncConnection

from console import doors
from console.bounds import TABS
from console.connections import MOST_KEPT, PATIENCE, UNFINISHED
from operations.statuses import Role
from tests.hostile import SOCKETS, connection_to, deaf_socket, half_sent, request, send_body
from tests.integration.console.sockets import open_page
from workbench.consoles import Console

SOON = 5.0  # seconds until the end of a session must be felt, on the connection itself
ENDS = {
    "disabled": "UPDATE staff SET disabled_at = now() WHERE email = '{email}'",
    "demoted": "UPDATE staff SET role = 'viewer' WHERE email = '{email}'",
    "expired": (
        "UPDATE staff_sessions SET expires_at = now() WHERE staff_id = (SELECT id FROM staff WHERE email = '{email}')"
    ),
}


@asynccontextmanager
async def changes(admin: httpx.AsyncClient) -> AsyncIterator[None]:
    """Something to tell, all the time: without it, silence would prove nothing."""

    mine = uuid4().hex[:8]  # what is taken already would change nothing

    async def register() -> None:
        number = 0
        while True:
            number += 1
            slug = f"chatter-{mine}-{number}"
            body = {"slug": slug, "name": "Chatter", "owner_email": f"{slug}@example.com"}
            await admin.post("/api/v1/tenants", json=body)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(register())
        yield
        task.cancel()


async def test_after_a_log_out_a_deaf_client_is_cut_off(console: Console, admin: httpx.AsyncClient) -> None:
    session = await console.accounts.session("deaf@example.com", Role.OPERATOR)
    async with console.client(session=session) as client:
        page = await open_page(client, "/tenants")
        async with changes(admin), deaf_socket(console, page.client_id, session=session) as socket:
            await socket.hears('"news"')
            await client.post("/logout")
            since = monotonic()

            hung_up = await socket.until_hung_up(within=SOON)

            assert hung_up - since < SOON


@pytest.mark.parametrize("how", ENDS)
async def test_a_deaf_client_is_cut_off_when_its_session_ends_elsewhere(
    console: Console, admin: httpx.AsyncClient, how: str
) -> None:
    email = f"deaf-{how}@example.com"
    session = await console.accounts.session(email, Role.OPERATOR)
    async with console.client(session=session) as client:
        page = await open_page(client, "/tenants")
        async with changes(admin), deaf_socket(console, page.client_id, session=session) as socket:
            await socket.hears('"news"')
            await console.accounts.execute(ENDS[how].format(email=email))

            await socket.until_hung_up(within=SOON)


@pytest.mark.parametrize("kind", ["sid of another", "client id of another", "both of another"])
async def test_nobody_goes_on_by_the_polling_of_another_session(console: Console, kind: str) -> None:
    operator_session = await console.accounts.session("opal@example.com", Role.OPERATOR)
    viewer_session = await console.accounts.session("vera@example.com", Role.VIEWER)
    async with console.client(session=operator_session) as operator, console.client(session=viewer_session) as viewer:
        theirs, mine = await open_page(operator, "/tenants"), await open_page(viewer, "/tenants")
        sids = [await _poll(operator, theirs.client_id), await _poll(viewer, mine.client_id)]
        client_id = theirs.client_id if kind != "sid of another" else mine.client_id
        sid = sids[0] if kind != "client id of another" else sids[1]
        address = f"{SOCKETS}?EIO=4&transport=polling&client_id={client_id}&sid={sid}"

        assert (await viewer.post(address, content="40")).status_code == 403
        assert (await viewer.get(address)).status_code == 403
        own = f"{SOCKETS}?EIO=4&transport=polling&client_id={theirs.client_id}&sid={sids[0]}"
        assert (await operator.post(own, content="40")).status_code == 200


async def _poll(client: httpx.AsyncClient, client_id: str) -> str:
    """Open a connection by long polling; its id."""
    answer = await client.get(f"{SOCKETS}?EIO=4&transport=polling&client_id={client_id}")
    return str(json.loads(answer.text[1:])["sid"])


STRANGE = ("esm/x", "resources/x", "dynamic_resources/x/y", "static", "nothing", "esm/", "components")


async def test_strangers_reach_no_page_by_niceguis_addresses(console: Console, stranger: httpx.AsyncClient) -> None:
    for rest in STRANGE:
        for accepts in ("text/html", "*/*"):
            answer = await stranger.get(f"/_nicegui/{nicegui.__version__}/{rest}", headers={"Accept": accepts})

            assert answer.status_code == 404, rest
            assert "Traceback" not in answer.text
            assert "NotLoggedIn" not in answer.text


async def test_a_page_that_is_not_there_says_so_in_our_words(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/nowhere/at/all", headers={"Accept": "text/html"})

    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert "sub page" not in answer.text


LIMITS = [("/login", 8), ("/api/v1/tenants", 64), ("/logout", 0), ("/executions", 0)]


@pytest.mark.parametrize(("path", "kilobytes"), LIMITS)
@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_is_taken_up_to_a_limit(
    console: Console, admin_session: str, path: str, kilobytes: int, announced: bool
) -> None:
    headers = {"Origin": console.url, "Cookie": f"{console.cookie}={admin_session}"}
    if announced:
        headers |= {"Content-Length": str(80_000_000)}
    answer = await send_body(console, "POST", path, headers, _brackets(80_000_000), within=30)

    assert answer.status == 413
    assert f"{kilobytes} kB" in answer.text if kilobytes else "no bytes" in answer.text
    assert ("application/problem+json" in answer.text) == path.startswith("/api/")
    assert answer.sent < 20_000_000


async def test_who_may_not_is_told_so_before_anything_is_read(console: Console) -> None:
    viewer = await console.accounts.token("val@example.com", Role.VIEWER)
    for token, expected in ((viewer, 403), ("nonsense", 401)):
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        for body in (b"[" * 1000, b"[" * 1_000_000):
            answer = await send_body(console, "POST", "/api/v1/tenants", headers, [body])

            assert answer.status == expected


@pytest.mark.long
async def test_half_a_body_is_waited_for_only_so_long(console: Console, admin_session: str) -> None:
    head = (
        f"POST /api/v1/tenants HTTP/1.1\r\nHost: localhost\r\nOrigin: {console.url}\r\n"
        f"Cookie: {console.cookie}={admin_session}\r\nContent-Length: 100\r\n\r\n{{"
    )

    said = await half_sent(console, head.encode(), within=15)

    assert said.startswith(b"HTTP/1.1 408 ")


def _brackets(size: int) -> Sequence[bytes]:
    part = b"[" * 65_536
    return [part] * (size // len(part))


async def test_of_many_exports_of_one_session_one_is_made_at_a_time(console: Console) -> None:
    greedy = await console.accounts.session("greedy@example.com", Role.VIEWER)
    other = await console.accounts.session("patient@example.com", Role.VIEWER)
    async with console.client(session=greedy) as client, console.client(session=other) as patient:
        async with await AsyncConnection.connect(console.accounts.database.dsn) as holder:
            await holder.execute("LOCK TABLE workflow_executions")  # the first export is made until all have asked
            asked = [asyncio.ensure_future(client.get("/api/v1/exports/executions.csv")) for _ in range(12)]
            of_another = asyncio.ensure_future(patient.get("/api/v1/exports/executions.csv"))
            refused = [await each for each in islice(asyncio.as_completed(asked), 11)]
        (made,) = [answer for answer in await asyncio.gather(*asked) if answer not in refused]
        elsewhere = await of_another
        again = await client.get("/api/v1/exports/executions.csv")

    assert [answer.status_code for answer in refused] == [429] * 11
    assert "An export of yours is being made already" in refused[0].text
    assert (made.status_code, elsewhere.status_code, again.status_code) == (200, 200, 200)


async def test_pages_that_were_loaded_and_left_make_room(console: Console) -> None:
    session = await console.accounts.session("restless@example.com", Role.VIEWER)
    async with console.client(session=session) as client:
        pages = [await open_page(client, "/tenants") for _ in range(TABS + 10)]

        async with deaf_socket(console, pages[-1].client_id, session=session) as socket:
            await socket.hears('"news"')


async def test_who_has_too_many_tabs_open_is_told_so_and_nobody_else(console: Console) -> None:
    session = await console.accounts.session("many@example.com", Role.VIEWER)
    other = await console.accounts.session("few@example.com", Role.VIEWER)
    async with (
        console.client(session=session) as client,
        console.client(session=other) as few,
        AsyncExitStack() as open_tabs,
    ):
        for number in range(TABS):
            page = await open_page(client, f"/tenants?q=distinct-{number}")
            await open_tabs.enter_async_context(deaf_socket(console, page.client_id, session=session))

        refused = await client.get("/tenants?q=one-more", headers={"Accept": "text/html"})

        assert refused.status_code == 429
        assert f"You have {TABS} pages open" in refused.text
        await open_page(few, "/tenants")


async def test_half_sent_requests_of_one_address_do_not_pile_up(console: Console, admin: httpx.AsyncClient) -> None:
    async with AsyncExitStack() as held:
        connections = [await held.enter_async_context(connection_to(console)) for _ in range(3 * UNFINISHED)]
        for _, writer in connections:
            writer.write(b"GET /executions HTTP/1.1\r\nHost: loc")

        answer = await admin.get("/api/v1/tenants")

        assert answer.status_code == 200
        async with asyncio.timeout(PATIENCE / 2):
            for reader, _ in connections[:UNFINISHED]:
                with suppress(ConnectionError):
                    assert await reader.read() == b""


async def test_connections_of_one_address_that_wait_for_a_next_request_do_not_pile_up(
    console: Console, admin: httpx.AsyncClient
) -> None:
    async with AsyncExitStack() as held:
        kept = []
        for _ in range(MOST_KEPT + 20):  # one after the other, so that none is incomplete for long
            reader, writer = await held.enter_async_context(connection_to(console))
            writer.write(request("GET", "/healthz", {}))
            async with asyncio.timeout(10):
                assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200")
            kept.append((reader, writer))

        async with asyncio.timeout(10):
            await kept[0][0].read()  # to its end
        assert not kept[-1][0].at_eof()
        assert (await admin.get("/healthz")).status_code == 200


async def test_every_address_that_changes_something_names_its_role(admin: httpx.AsyncClient) -> None:
    paths = (await admin.get("/api/openapi.json")).json()["paths"]

    without = [path for path, methods in paths.items() if methods.keys() - {"get"} and doors.door(path).needs is None]

    assert without == []
