"""PostgreSQL that takes connections and answers nothing: everybody is told soon, and nobody waits for long."""

import asyncio
from collections.abc import AsyncIterator, Awaitable

import httpx
import pytest

from tests.integration.console.sockets import open_page, open_socket, shake_hands
from tests.proxies import Proxy
from workbench.consoles import ADMIN_EMAIL, PASSWORD, Console
from workbench.servers import eventually

PROMISED = 5.0  #: seconds until there is an answer
WANTED = {"slug": "frozen", "name": "Frozen", "owner_email": "o@frozen.example"}
HTML = {"Accept": "text/html"}


@pytest.fixture
async def session(secure_console: Console) -> str:
    return await secure_console.accounts.session()


@pytest.fixture
async def client(secure_console: Console, session: str) -> AsyncIterator[httpx.AsyncClient]:
    async with secure_console.client(session=session) as opened:
        yield opened


async def taken_by(request: Awaitable[httpx.Response]) -> tuple[httpx.Response, float]:
    begun = asyncio.get_running_loop().time()
    answer = await request
    return answer, asyncio.get_running_loop().time() - begun


async def ask_for_everything(client: httpx.AsyncClient) -> list[tuple[httpx.Response, float]]:
    """Twice as much at a time as the console has connections."""
    pages = [client.get(path, headers=HTML) for path in ("/", "/executions", "/tenants", "/reconciliation") * 4]
    writes = [client.post("/api/v1/tenants", json=WANTED), client.post("/api/v1/reconciliations")]
    login = client.post("/login", data={"email": ADMIN_EMAIL, "password": PASSWORD})
    return await asyncio.gather(*(taken_by(each) for each in [*pages, *writes, login, client.get("/api/v1/tenants")]))


async def test_a_frozen_database_keeps_nobody_waiting(
    secure_console: Console, client: httpx.AsyncClient, session: str, way_to_database: Proxy
) -> None:
    page = await open_page(client, "/tenants/new")
    async with open_socket(secure_console, page.client_id, session=session) as socket:
        assert await shake_hands(socket, page.client_id)
        way_to_database.freeze()
        try:
            await socket.type_slug(page, "frozen")
            told = asyncio.ensure_future(socket.hears("PostgreSQL does not answer", within=PROMISED))
            at_first = await ask_for_everything(client)
            told_in_the_page = await told
            later = await ask_for_everything(client)
        finally:
            way_to_database.thaw()

    assert {answer.status_code for answer, _ in [*at_first, *later]} == {503}
    assert max(seconds for _, seconds in at_first) < PROMISED
    assert max(seconds for _, seconds in later) < PROMISED
    assert "The database does not answer" in at_first[0][0].text
    assert "no answer came in time" in told_in_the_page
    await eventually(lambda: client.get("/api/v1/tenants"), lambda answer: answer.status_code == 200, within=10)
    assert (await client.get("/api/v1/tenants/frozen")).status_code == 404


async def test_a_statement_that_takes_long_is_not_taken_for_silence(
    secure_console: Console, client: httpx.AsyncClient
) -> None:
    await secure_console.accounts.execute(
        "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN PERFORM pg_sleep(4.2); RETURN NEW; END $$;"
        " CREATE TRIGGER slowly BEFORE INSERT ON tenants FOR EACH ROW EXECUTE FUNCTION slowly()"
    )
    try:
        made = await client.post("/api/v1/tenants", json=WANTED | {"slug": "slow"})
    finally:
        await secure_console.accounts.execute("DROP TRIGGER slowly ON tenants; DROP FUNCTION slowly()")

    assert made.status_code == 202
