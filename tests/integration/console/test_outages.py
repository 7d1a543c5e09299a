"""When PostgreSQL is gone, or a bug strikes: a clear answer, nothing given away, and recovery by itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from psycopg import AsyncConnection

from tests.failovers import takes_no_changes
from tests.integration.console.sockets import open_page, open_socket, shake_hands
from tests.proxies import Proxy
from workbench.consoles import ADMIN_EMAIL, PASSWORD, Console
from workbench.servers import eventually

PRIVATE = ("Traceback", "psycopg", "sqlalchemy", "postgresql://", "UndefinedTable", "does not exist", 'File "')


@pytest.fixture
async def session(secure_console: Console) -> str:
    return await secure_console.accounts.session()


@pytest.fixture
async def client(secure_console: Console, session: str) -> AsyncIterator[httpx.AsyncClient]:
    async with secure_console.client(session=session) as opened:
        yield opened


async def test_an_outage_is_named_and_passes_by_itself(
    secure_console: Console, client: httpx.AsyncClient, way_to_database: Proxy
) -> None:
    await way_to_database.cut()
    try:
        page = await client.get("/executions", headers={"Accept": "text/html"})
        api = await client.get("/api/v1/executions")
        write = await client.post(
            "/api/v1/tenants", json={"slug": "outage", "name": "Outage", "owner_email": "o@outage.example"}
        )
        login = await client.post("/login", data={"email": ADMIN_EMAIL, "password": PASSWORD})
        logout = await client.post("/logout")
        alive = await client.get("/healthz")
        ready = await eventually(  # what was seen a moment ago is told for a second
            lambda: client.get("/readyz"), lambda answer: answer.status_code == 503, within=10
        )
    finally:
        await way_to_database.restore()

    answers = [page, api, write, login, logout, ready]
    assert [answer.status_code for answer in answers] == [503] * 6
    assert alive.status_code == 200
    assert "The database does not answer" in page.text
    assert page.headers["content-type"].startswith("text/html")
    assert "content-security-policy" in page.headers
    for problem in (api, write):
        assert problem.headers["content-type"] == "application/problem+json"
        assert problem.headers["retry-after"] == "5"
        assert problem.json()["title"] == "Unavailable"
    assert ready.json()["ready"] is False
    assert [text for answer in answers for text in PRIVATE if text in answer.text] == []
    await eventually(status_of(client, "/readyz"), lambda status: status == 200)
    await eventually(status_of(client, "/api/v1/executions"), lambda status: status == 200)
    assert (await client.get("/api/v1/tenants/outage")).status_code == 404


async def test_an_open_page_outlives_an_outage(
    secure_console: Console, client: httpx.AsyncClient, session: str, way_to_database: Proxy
) -> None:
    page = await open_page(client, "/tenants/new")
    async with open_socket(secure_console, page.client_id, session=session) as socket:
        assert await shake_hands(socket, page.client_id)
        await way_to_database.cut()
        try:
            await socket.hears("Live updates are interrupted")
            await socket.type_slug(page, "during")
            told = await socket.hears("PostgreSQL does not answer")
        finally:
            await way_to_database.restore()

        async def ask_again() -> bool:
            await socket.type_slug(page, "before")
            await socket.type_slug(page, "afterwards")
            return "free" in await socket.hears("afterwards is free.")

        assert await eventually(ask_again, bool)
    assert [text for text in PRIVATE if text in told] == []


async def test_during_a_failover_pages_read_actions_are_refused_and_seconds_later_all_is_well(
    secure_console: Console, client: httpx.AsyncClient, session: str, fragile_database_url: str
) -> None:
    async def register(slug: str) -> httpx.Response:
        return await client.post(
            "/api/v1/tenants", json={"slug": slug, "name": slug, "owner_email": f"{slug}@failover.example"}
        )

    page = await open_page(client, "/tenants")
    async with open_socket(secure_console, page.client_id, session=session) as socket:
        assert await shake_hands(socket, page.client_id)
        async with takes_no_changes(fragile_database_url):
            listed = await client.get("/executions", headers={"Accept": "text/html"})
            api = await client.get("/api/v1/executions")
            refused = await register("failover")
            login = await client.post("/login", data={"email": ADMIN_EMAIL, "password": PASSWORD})
            ready = await eventually(  # what was seen a moment ago is told for a second
                lambda: client.get("/readyz"),
                lambda answer: "database_read_only" in answer.json()["degraded"],
                within=10,
            )
            await asyncio.gather(*(client.get("/api/v1/executions") for _ in range(20)))

        await eventually(lambda: register("failover"), lambda answer: answer.status_code == 202, within=5)
        after = await asyncio.gather(*(register(f"failover-{number}") for number in range(12)))
        await socket.hears("failover-11", within=5)
        await eventually(  # what was seen a moment ago is told for a second
            lambda: client.get("/readyz"),
            lambda answer: "database_read_only" not in answer.json()["degraded"],
            within=5,
        )

    assert (listed.status_code, api.status_code) == (200, 200)
    assert (refused.status_code, login.status_code) == (503, 503)
    assert refused.headers["retry-after"] == "5"
    assert "takes no changes" in refused.json()["detail"]
    assert "takes no changes" in login.text
    assert (ready.status_code, ready.json()["degraded"][:1]) == (200, ["database_read_only"])
    assert [answer.status_code for answer in after] == [202] * 12
    assert [text for answer in (listed, refused, login) for text in PRIVATE if text in answer.text] == []


async def test_a_bug_shows_nothing_of_itself(secure_console: Console, client: httpx.AsyncClient, session: str) -> None:
    await secure_console.accounts.execute("ALTER TABLE tenants RENAME TO tenants_elsewhere")
    try:
        api = await client.get("/api/v1/tenants")
        html = await client.get("/tenants", headers={"Accept": "text/html"})
        page = await open_page(client, "/tenants/new")
        async with open_socket(secure_console, page.client_id, session=session) as socket:
            assert await shake_hands(socket, page.client_id)
            await socket.type_slug(page, "strikes")
            told = await socket.hears("Something went wrong here; it was logged. Runs go on; load the page again.")
    finally:
        await secure_console.accounts.execute("ALTER TABLE tenants_elsewhere RENAME TO tenants")

    assert api.status_code == 500
    assert api.headers["content-type"] == "application/problem+json"
    assert api.json()["title"] == "Internal error"
    assert [text for shown in (api.text, html.text, told) for text in PRIVATE if text in shown] == []
    assert (await client.get("/api/v1/tenants")).status_code == 200


async def test_what_is_gone_from_under_one_page_disturbs_no_other(
    secure_console: Console, client: httpx.AsyncClient, session: str
) -> None:
    made = await client.post(
        "/api/v1/tenants", json={"slug": "gone", "name": "Gone", "owner_email": "gone@example.com"}
    )
    execution_id = made.json()["execution"]["id"]
    looked_at = await open_page(client, f"/executions/{execution_id}")
    listed = await open_page(client, "/tenants")

    async with (
        open_socket(secure_console, looked_at.client_id, session=session) as one,
        open_socket(secure_console, listed.client_id, session=session) as other,
    ):
        assert await shake_hands(one, looked_at.client_id)
        assert await shake_hands(other, listed.client_id)
        await one.hears("tenant-provision-gone")
        await secure_console.accounts.execute(
            f"DELETE FROM workflow_executions WHERE id = '{execution_id}';"
            " UPDATE tenants SET name = 'Gone away' WHERE slug = 'gone'"
        )
        await other.hears("Gone away")

        for slug in ("after-one", "after-two"):
            await client.post(
                "/api/v1/tenants", json={"slug": slug, "name": slug, "owner_email": f"{slug}@example.com"}
            )
            await other.hears(slug)


def status_of(client: httpx.AsyncClient, path: str) -> Callable[[], Awaitable[int]]:
    async def look() -> int:
        return (await client.get(path)).status_code

    return look


async def test_a_lock_that_somebody_holds_is_no_outage(secure_console: Console, client: httpx.AsyncClient) -> None:
    dsn = secure_console.accounts.database.dsn
    wanted = {"slug": "locked", "name": "Locked", "owner_email": "locked@example.com"}

    async with await AsyncConnection.connect(dsn) as holder:
        await holder.execute("LOCK TABLE tenants IN EXCLUSIVE MODE")
        write = await client.post("/api/v1/tenants", json=wanted)
        read, ready = await client.get("/api/v1/tenants"), await client.get("/readyz")

    assert (write.status_code, read.status_code, ready.status_code) == (503, 200, 200)
    assert write.json()["detail"].startswith("Somebody else is changing the same in PostgreSQL; nothing was changed")
    assert (await client.post("/api/v1/tenants", json=wanted)).status_code == 202


async def test_what_was_accepted_is_not_denied_when_its_answer_cannot_be_read(
    secure_console: Console, client: httpx.AsyncClient
) -> None:
    wanted = {"slug": "accepted", "name": "Accepted", "owner_email": "accepted@example.com"}

    async with await AsyncConnection.connect(secure_console.accounts.database.dsn) as holder:
        await holder.execute("LOCK TABLE execution_steps IN ACCESS EXCLUSIVE MODE")
        answer = await client.post("/api/v1/tenants", json=wanted)

    assert answer.status_code == 503
    assert answer.json()["detail"].startswith("It was accepted and stands;")
    assert "Retry-After" not in answer.headers
    assert (await client.get("/api/v1/tenants/accepted")).status_code == 200


async def test_health_does_not_wait_for_pages_that_wait(secure_console: Console, client: httpx.AsyncClient) -> None:
    dsn = secure_console.accounts.database.dsn

    async with await AsyncConnection.connect(dsn) as holder:
        await holder.execute("LOCK TABLE tenants IN ACCESS EXCLUSIVE MODE")
        pages = [asyncio.ensure_future(client.get("/api/v1/tenants")) for _ in range(30)]
        await asyncio.wait(pages, timeout=0.5)
        begun = asyncio.get_running_loop().time()
        ready, metrics = await client.get("/readyz"), await client.get("/metrics")
        taken = asyncio.get_running_loop().time() - begun
        waiting = [page for page in pages if not page.done()]
    await asyncio.gather(*pages)

    assert (ready.status_code, metrics.status_code) == (200, 200)
    assert taken < 2.5
    assert waiting != []
