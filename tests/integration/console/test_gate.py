"""Without a login nothing is shown and nothing is done; with one, nothing but what is one's own."""

import json
from uuid import UUID, uuid4

import httpx
import nicegui
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from operations.statuses import Role
from tests.integration.console.sockets import PATH, Socket, open_page, open_socket, shake_hands
from workbench.consoles import Console

NOBODY = UUID(int=0)
ORIGINS = (None, "own", "https://evil.example", "null")
PAGES = (
    "/",
    "/executions",
    f"/executions/{NOBODY}",
    "/tenants",
    "/tenants/acme",
    "/tenants/new",
    "/nowhere",
    "/login/",
)
HIDDEN = (
    "/openapi.json",
    "/docs",
    "/redoc",
    "/api/openapi.json",
    "/api/docs",
    "/api/nothing",
    "/_nicegui/nothing",
    "/_nicegui/auto/static/nothing",
    f"/_nicegui/{nicegui.__version__}/nothing",
    f"/_nicegui/client/{NOBODY}/upload/1",
    f"/_nicegui//client/{NOBODY}/upload/1",
    f"/_nicegui/{nicegui.__version__}/static/%2e%2e/%2e%2e/client/{NOBODY}/upload/1",
    "/assets/%2e%2e/executions",
    "/assets/nothing",
    "/_nicegui_ws/nothing",
)


def origin_headers(console: Console, origin: str | None) -> dict[str, str]:
    if origin is None:
        return {}
    return {"Origin": console.url if origin == "own" else origin}


def reveals_nothing(answer: httpx.Response) -> bool:
    """Refused, or sent to the login page, with nothing of a page or of data in it."""
    refused = answer.status_code in (303, 401, 403, 404)
    problem = answer.headers.get("content-type", "").startswith(("application/problem+json", "application/json"))
    leads_to_login = answer.headers.get("location", "").startswith("/login")
    own_pages = {404: "There is no such page", 403: "This came from another address"}
    own_page = answer.status_code in own_pages and own_pages[answer.status_code] in answer.text
    return refused and (problem or leads_to_login or own_page) and "parseElements" not in answer.text


@pytest.mark.parametrize("origin", ORIGINS)
async def test_a_stranger_sees_no_page(console: Console, stranger: httpx.AsyncClient, origin: str | None) -> None:
    for path in PAGES:
        for accepts in ("text/html", "*/*"):
            headers = {"Accept": accepts} | origin_headers(console, origin)
            answer = await stranger.get(path, headers=headers)

            assert reveals_nothing(answer), (path, answer.status_code)
            assert answer.status_code == (303 if accepts == "text/html" else 401)


@pytest.mark.parametrize("origin", ORIGINS)
async def test_a_stranger_gets_nothing_from_any_other_address(
    console: Console, stranger: httpx.AsyncClient, origin: str | None
) -> None:
    for path in HIDDEN:
        for method in ("GET", "POST", "PUT", "DELETE", "TRACE"):
            answer = await stranger.request(
                method, path, headers={"Accept": "text/html"} | origin_headers(console, origin)
            )

            assert reveals_nothing(answer) or answer.status_code == 405, (method, path, answer.status_code)


@pytest.mark.parametrize("origin", ORIGINS)
async def test_a_stranger_gets_nothing_from_the_api(
    console: Console, stranger: httpx.AsyncClient, admin: httpx.AsyncClient, origin: str | None
) -> None:
    paths = (await admin.get("/api/openapi.json")).json()["paths"]
    assert len(paths) >= 4

    for template, methods in paths.items():
        for method in methods:
            path = template.replace("{id}", str(NOBODY)).replace("{slug}", "acme")
            for token in (None, "Bearer nonsense", "Bearer", "Basic YTpi"):
                sent = origin_headers(console, origin) | ({"Authorization": token} if token else {})
                answer = await stranger.request(method, path, headers=sent, json={})

                assert answer.status_code in (401, 403), (method, path, answer.status_code)
                assert reveals_nothing(answer)


@pytest.mark.parametrize("origin", ORIGINS)
async def test_a_stranger_gets_no_socket(
    console: Console, stranger: httpx.AsyncClient, admin: httpx.AsyncClient, origin: str | None
) -> None:
    page = await open_page(admin, "/tenants/new")
    address = f"{PATH}?EIO=4&transport=polling&client_id={page.client_id}"
    headers = origin_headers(console, origin)

    for answer in (await stranger.get(address, headers=headers), await stranger.post(address, headers=headers)):
        assert answer.status_code in (401, 403)
        assert reveals_nothing(answer)
    for session in (None, "nonsense"):
        with pytest.raises(InvalidStatus):
            async with open_socket(console, page.client_id, session=session, origin=origin):
                pass


async def test_public_addresses_stay_public(stranger: httpx.AsyncClient, admin: httpx.AsyncClient) -> None:
    page = (await admin.get("/", headers={"Accept": "text/html"})).text
    static = [part.split('"')[0] for part in page.split('href="')[1:] if part.startswith(("/assets/", "/_nicegui/"))]
    assert len(static) >= 3

    for path in ("/login", "/healthz", "/readyz", "/metrics", *static):
        assert (await stranger.get(path)).status_code == 200, path
    assert (await stranger.get("/favicon.ico")).status_code == 308


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "http://localhost", "http://localhost:1"])
async def test_a_session_opens_no_socket_for_another_site(
    console: Console, admin: httpx.AsyncClient, admin_session: str, origin: str | None
) -> None:
    page = await open_page(admin, "/tenants/new")

    with pytest.raises(InvalidStatus):
        async with open_socket(console, page.client_id, session=admin_session, origin=origin):
            pass

    polling = f"{PATH}?EIO=4&transport=polling&client_id={page.client_id}"
    answer = await admin.post(polling, headers={"Origin": origin or ""})
    assert answer.status_code == 403


@pytest.mark.parametrize("origin", [None, "https://evil.example", "https://evil.example/" + "<b>~" * 100])
async def test_what_comes_from_another_site_is_told_which_was_expected(
    console: Console, admin: httpx.AsyncClient, origin: str | None
) -> None:
    headers = {"Accept": "text/html", **({} if origin is None else {"Origin": origin})}
    admin.headers.pop("Origin", None)

    page = await admin.post("/logout", headers=headers)
    program = await admin.post("/api/v1/reconciliations", headers=headers | {"Accept": "application/json"})

    assert (page.status_code, program.status_code) == (403, 403)
    assert "This came from another address" in page.text
    assert f'href="{console.url}/"' in page.text
    assert (origin or "names no site")[:20] in page.text
    assert "<b>" not in page.text
    assert len(page.text) < 3000
    assert console.url in program.json()["detail"]
    assert len(program.json()["detail"]) < 400


async def test_the_own_page_gets_its_socket_by_either_transport(
    console: Console, admin: httpx.AsyncClient, admin_session: str
) -> None:
    page = await open_page(admin, "/tenants/new")

    async with open_socket(console, page.client_id, session=admin_session) as socket:
        assert await shake_hands(socket, page.client_id)
        await socket.type_slug(page, "brand-new")
        assert "brand-new is free." in await socket.hears("brand-new is free.")
    polling = await admin.get(f"{PATH}?EIO=4&transport=polling&client_id={page.client_id}")
    assert polling.status_code == 200
    assert '"sid"' in polling.text


async def test_a_session_gets_no_socket_for_the_page_of_another(
    console: Console, admin: httpx.AsyncClient, admin_session: str
) -> None:
    viewer_session = await console.accounts.session("eve@example.com", Role.VIEWER)
    page = await open_page(admin, "/tenants/new")
    async with console.client(session=viewer_session) as viewer:
        own = await open_page(viewer, "/tenants")

        for client_ids in ((), ("",), (page.client_id,), (page.client_id, own.client_id)):
            with pytest.raises(InvalidStatus):
                async with open_socket(console, *client_ids, session=viewer_session):
                    pass
        polling = await viewer.get(f"{PATH}?EIO=4&transport=polling&client_id={page.client_id}")
        assert polling.status_code == 403

    for client_ids in ((own.client_id, page.client_id), (str(uuid4()), page.client_id), (str(uuid4()),)):
        async with open_socket(console, *client_ids, session=viewer_session) as socket:
            assert not await shake_hands(socket, page.client_id)
    async with open_socket(console, page.client_id, session=admin_session) as socket:
        assert await shake_hands(socket, page.client_id)


async def test_a_tab_that_is_gone_is_told_to_load_anew(console: Console, admin_session: str) -> None:
    address = f"ws://127.0.0.1:{console.port}{PATH}?EIO=4&transport=websocket&implicit_handshake=true"
    headers = {"Origin": console.url, "Cookie": f"{console.cookie}={admin_session}"}
    ids = f"&client_id={uuid4()}&tab_id={uuid4()}&document_id={uuid4()}&next_message_id=0"
    async with connect(address + ids, additional_headers=headers, proxy=None) as connection:
        socket = Socket(connection=connection)
        await socket.hears('"sid"')

        await connection.send("40")

        assert "Implicit handshake failed" in await socket.hears("44{")


async def test_a_socket_speaks_only_for_its_own_tab(
    console: Console, admin: httpx.AsyncClient, admin_session: str
) -> None:
    mine, other = await open_page(admin, "/tenants/new"), await open_page(admin, "/tenants/new")

    async with (
        open_socket(console, mine.client_id, session=admin_session) as my_socket,
        open_socket(console, other.client_id, session=admin_session) as other_socket,
    ):
        assert await shake_hands(my_socket, mine.client_id)
        assert await shake_hands(other_socket, other.client_id)
        await my_socket.type_slug(other, "from-elsewhere")
        await my_socket.type_slug(mine, "from-here")
        await my_socket.hears("from-here is free.")
        await other_socket.type_slug(other, "by-itself")
        await other_socket.hears("by-itself is free.")

        assert not any("from-elsewhere" in message for message in other_socket.received + my_socket.received)


async def test_a_socket_opened_before_the_log_out_is_let_in_no_more(console: Console) -> None:
    session = await console.accounts.session("leaver@example.com", Role.VIEWER)
    async with console.client(session=session) as viewer:
        page = await open_page(viewer, "/executions")
        async with open_socket(console, page.client_id, session=session) as socket:
            assert (await viewer.post("/logout", headers={"Origin": console.url})).status_code == 303

            assert not await shake_hands(socket, page.client_id)


async def test_only_the_socket_that_shook_hands_hears_the_news(
    console: Console, admin: httpx.AsyncClient, admin_session: str
) -> None:
    page = await open_page(admin, "/tenants")
    async with (
        open_socket(console, page.client_id, session=admin_session) as known,
        open_socket(console, page.client_id, session=admin_session) as unknown,
    ):
        assert await shake_hands(known, page.client_id)
        await known.hears('"news"')
        answer = await admin.post(
            "/api/v1/tenants",
            json={"slug": "newsworthy", "name": "Newsworthy", "owner_email": "n@example.com"},
            headers={"Origin": console.url},
        )
        assert answer.status_code == 202

        await known.hears("newsworthy")
        assert not await shake_hands(unknown, str(uuid4()))
        assert not any("newsworthy" in message for message in unknown.received)


async def test_malformed_messages_do_no_harm(console: Console, admin: httpx.AsyncClient, admin_session: str) -> None:
    page = await open_page(admin, "/tenants/new")
    odd = (
        '42["event",{}]',
        '42["event"]',
        '42["event",null]',
        '42["event",{"client_id":["a"]}]',
        f'42["event",{{"client_id":"{page.client_id}"}}]',
        f'42["event",{{"client_id":"{page.client_id}","id":999999,"listener_id":"x","args":[]}}]',
        '42["javascript_response",{"client_id":{}}]',
        '42["ack",7]',
        '42["log",{"client_id":"x","level":"error","args":["x"]}]',
        '42["nothing",{}]',
    )

    async with open_socket(console, page.client_id, session=admin_session) as socket:
        assert await shake_hands(socket, page.client_id)
        for message in odd:
            await socket.connection.send(message)
        await socket.type_slug(page, "still-there")
        await socket.hears("still-there is free.")


async def test_a_tab_writes_no_line_into_our_logs(
    console: Console, admin: httpx.AsyncClient, admin_session: str
) -> None:
    page = await open_page(admin, "/tenants/new")
    forged = {"client_id": page.client_id, "level": "error", "message": "all is lost\n2026-01-01 a line of its own"}

    async with open_socket(console, page.client_id, session=admin_session) as socket:
        assert await shake_hands(socket, page.client_id)
        await socket.connection.send(f"42{json.dumps(['log', forged])}")
        await socket.type_slug(page, "still-here")
        await socket.hears("still-here is free.")

    assert "all is lost" not in console.log.read_text()


async def test_a_forged_prefix_is_not_reflected(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/", headers={"Accept": "text/html", "X-Forwarded-Prefix": "/evil"})

    assert answer.status_code == 200
    assert "evil" not in answer.text


async def test_an_upload_needs_the_session(stranger: httpx.AsyncClient, admin: httpx.AsyncClient) -> None:
    page = await open_page(admin, "/tenants/new")
    path = f"/_nicegui/client/{page.client_id}/upload/1"

    assert (await stranger.post(path, content=b"x")).status_code == 403
    assert (await stranger.post(path, content=b"x", headers={"Origin": admin.headers["Origin"]})).status_code == 401


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example"])
async def test_a_cookie_alone_changes_nothing(
    console: Console, admin: httpx.AsyncClient, admin_session: str, origin: str | None
) -> None:
    body = {"slug": "forged", "name": "Forged", "owner_email": "forged@evil.example"}
    headers = {"Cookie": f"{console.cookie}={admin_session}"} | ({"Origin": origin} if origin else {})
    async with httpx.AsyncClient(base_url=console.address, headers=headers, timeout=20) as client:
        refused = [
            await client.post("/api/v1/tenants", json=body),
            await client.post("/logout"),
            await client.post("/login", data={"email": "a@b.example", "password": "x"}),
        ]

    assert [answer.status_code for answer in refused] == [403, 403, 403]
    assert (await admin.get("/api/v1/tenants/forged")).status_code == 404
