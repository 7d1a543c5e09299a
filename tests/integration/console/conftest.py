"""Consoles without workers: what these tests are about happens at the doors."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import pytest

from tests.proxies import Proxy, address_in, proxy_to, through
from workbench.consoles import Console, Servers, run_console
from workbench.servers import Databases


def database_for_long(databases: Databases) -> str:
    """Its console begins no pass of its own: where no worker is, it would after minutes, in the midst of any test, and
    write what it thinks of rows that no run follows.
    """
    url = databases.create()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE reconciliation_state SET installed_at = now() + interval '1 day'")
    return url


@pytest.fixture(scope="package")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("consoles")


@pytest.fixture(scope="package")
async def console(databases: Databases, temporal_address: str, logs: Path) -> AsyncIterator[Console]:
    """Shared by all tests of the doors."""
    servers = Servers(
        database_url=database_for_long(databases), temporal_address=temporal_address, task_queue="test-console-doors"
    )
    async with run_console(servers, logs) as running:
        yield running


@pytest.fixture(scope="package")
def fragile_database_url(databases: Databases) -> str:
    return database_for_long(databases)


@pytest.fixture(scope="package")
async def way_to_database(fragile_database_url: str) -> AsyncIterator[Proxy]:
    """The way that the secure console takes to its database; who cuts it restores it."""
    async with proxy_to(address_in(fragile_database_url)) as proxy:
        yield proxy


@pytest.fixture(scope="package")
async def secure_console(
    fragile_database_url: str, way_to_database: Proxy, temporal_address: str, logs: Path
) -> AsyncIterator[Console]:
    """As it is behind a proxy that ends TLS; spoken to as that proxy speaks."""
    servers = Servers(
        database_url=through(way_to_database, fragile_database_url),
        temporal_address=temporal_address,
        task_queue="test-console-secure",
    )
    async with run_console(
        servers, logs, database_behind=fragile_database_url, public_url="https://console.example.com"
    ) as running:
        yield running


@pytest.fixture(scope="package")
def slow_callbacks(logs: Path) -> Path:
    """Where the watchdog writes."""
    report = logs / "slow-callbacks"
    report.touch()
    return report


@pytest.fixture(scope="package")
async def watched_console(
    databases: Databases, temporal_address: str, logs: Path, slow_callbacks: Path
) -> AsyncIterator[Console]:
    """One whose watchdog sees what holds up its event loop, when it has done everything once."""
    servers = Servers(
        database_url=database_for_long(databases), temporal_address=temporal_address, task_queue="test-console-watched"
    )
    async with run_console(servers, logs, slow_callbacks=slow_callbacks) as running:
        await warm(running)
        yield running


async def warm(console: Console) -> None:
    """What is done first takes longer: modules are loaded, statements compiled."""
    for slug in ("warm", "warmer"):
        async with console.client(session=await console.accounts.session()) as client:
            for body in ({"slug": slug, "name": "Warm", "owner_email": f"{slug}@example.com"}, {"slug": "-"}):
                await client.post("/api/v1/tenants", json=body, headers={"Idempotency-Key": slug})
            await client.post("/login", data={"email": "cold@example.com", "password": "wrong"})
            for path in ("/tenants", "/executions", "/findings", "/reconciliations"):
                for query in ({}, {"q": "warm"}, {"limit": "0"}):
                    await client.get(f"/api/v1{path}", params=query)
            nobody = UUID(int=0)
            for deed in (
                f"executions/{nobody}/terminate",
                f"executions/{nobody}/cancel",
                f"executions/{nobody}/retry",
                f"findings/{nobody}/adopt",
                f"findings/{nobody}/ignore",
                "tenants/nobody/deprovision",
            ):
                await client.post(f"/api/v1/{deed}", json={"reason": "to have done it once"})
            for page in ("/tenants/new", "/executions", "/tenants", "/login"):
                await client.get(page, headers={"Accept": "text/html"})


@pytest.fixture
def unhindered(watched_console: Console, slow_callbacks: Path) -> Iterator[Console]:
    """A console of which nothing that the test does may hold up the event loop."""
    before = len(slow_callbacks.read_text().splitlines())
    yield watched_console
    assert slow_callbacks.read_text().splitlines()[before:] == []


@pytest.fixture
async def stranger(console: Console) -> AsyncIterator[httpx.AsyncClient]:
    """Nobody in particular."""
    async with console.client() as client:
        yield client


@pytest.fixture(scope="package")
async def admin_session(console: Console) -> str:
    """For tests that do not end it."""
    return await console.accounts.session()


@pytest.fixture
async def admin(console: Console, admin_session: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser's client, logged in."""
    async with console.client(session=admin_session) as client:
        yield client


@pytest.fixture
async def api(console: Console) -> AsyncIterator[httpx.AsyncClient]:
    """REST with an administrator's token."""
    async with console.client(token=await console.accounts.token()) as client:
        yield client
