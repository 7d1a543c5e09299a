"""A console with its worker, accounts to use it with, and a browser to look at it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Page, async_playwright
from psycopg import AsyncConnection

from embedded.temporal import EmbeddedTemporal
from operations.access import Actor
from operations.actions.registration import Registration
from operations.bootstrap import Services
from operations.database import Database
from operations.queries.execution_views import ExecutionDetail
from operations.statuses import Status
from operations.temporal import Temporal
from tests.e2e.broken_tenants import Broken, broken_tenant
from tests.e2e.visits import Visits
from tests.proxies import Proxy, address_in, proxy_to, through
from workbench.browser import find_browser
from workbench.consoles import SECRET_KEY, Console, Servers, run_console, run_worker
from workbench.servers import Databases, eventually, passable_directory

#: Open rows that no run follows: they would stand before those of later tests, and a pass that misses hundreds of runs
#: holds everything back.
FORGET = """
    WITH made AS (SELECT id FROM tenants WHERE slug LIKE 'many-%' OR slug LIKE 'triage-%'),
         idle AS (UPDATE tenants SET status = 'active' WHERE status = 'provisioning' AND id IN (SELECT id FROM made))
    DELETE FROM workflow_executions WHERE entity_id IN (SELECT id FROM made)
"""
#: Of a window that nobody sees: pages of Chromium's own, which each tab would load beside ours.
OWN_PAGES = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup")
#: What Playwright turns off; Chromium takes the last of several lists.
OFF = (
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
)
CHROMIUM_FLAGS = [
    f"--disable-features={','.join(OFF + OWN_PAGES)}",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]


@pytest.fixture(scope="package")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=find_browser(), args=CHROMIUM_FLAGS)
        yield started
        await started.close()


@pytest.fixture(scope="package")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("consoles")


@pytest.fixture(scope="package")
async def temporal_server() -> AsyncIterator[EmbeddedTemporal]:
    """One for the browser's tests alone: runs that other tests left open must not hold the ids of these tenants."""
    with passable_directory(in_memory=True) as directory:
        async with EmbeddedTemporal(directory=directory) as server:
            yield server


@pytest.fixture(scope="package")
def temporal_address(temporal_server: EmbeddedTemporal) -> str:
    """Named again: the fixture of all tests keeps the address that it gave first, whichever server stands here."""
    return temporal_server.address


@pytest.fixture(scope="package")
async def way_to_temporal(temporal_address: str) -> AsyncIterator[Proxy]:
    """The way that the shared console and its worker take; who cuts it restores it."""
    async with proxy_to(temporal_address) as proxy:
        yield proxy


@pytest.fixture(scope="package")
async def servers(databases: Databases, way_to_temporal: Proxy) -> Servers:
    return Servers(
        database_url=databases.create(), temporal_address=way_to_temporal.address, task_queue="test-console-pages"
    )


@pytest.fixture(scope="package")
async def console(servers: Servers, logs: Path) -> AsyncIterator[Console]:
    """Shared by all tests; each registers what it needs under slugs of its own."""
    async with run_worker(servers, logs), run_console(servers, logs) as running:
        yield running


@pytest.fixture(scope="package")
def empty_database_url(databases: Databases) -> str:
    return databases.create()


@pytest.fixture(scope="package")
async def way_to_database(empty_database_url: str) -> AsyncIterator[Proxy]:
    """The way that the empty console takes; who cuts it restores it."""
    async with proxy_to(address_in(empty_database_url)) as proxy:
        yield proxy


@pytest.fixture(scope="package")
async def empty_console(
    empty_database_url: str, way_to_database: Proxy, temporal_address: str, logs: Path
) -> AsyncIterator[Console]:
    """Nobody has registered anything here, and nobody may."""
    empty = Servers(
        database_url=through(way_to_database, empty_database_url),
        temporal_address=temporal_address,
        task_queue="test-console-empty",
    )
    async with run_console(empty, logs, database_behind=empty_database_url) as running:
        yield running


@pytest.fixture(scope="package")
async def admin_session(console: Console) -> str:
    """For tests that do not end it."""
    return await console.accounts.session()


@pytest.fixture
async def visits(browser: Browser, console: Console) -> AsyncIterator[Visits]:
    async with Visits.of(browser, console.url) as begun:
        yield begun


@pytest.fixture
async def page(visits: Visits, admin_session: str) -> Page:
    """A tab of an administrator."""
    return await visits.begin(session=admin_session)


@pytest.fixture
async def api(console: Console) -> AsyncIterator[httpx.AsyncClient]:
    """REST with an administrator's token."""
    async with console.client(token=await console.accounts.token()) as client:
        yield client


@pytest.fixture(scope="package")
async def beside(servers: Servers, console: Console) -> AsyncIterator[Services]:
    """The services on the console's database, past the console."""
    database = Database.at(servers.database_url, name="beside")
    temporal = await Temporal.at(servers.temporal_address)
    yield Services.assemble(database, temporal, name="beside", task_queue=servers.task_queue, secret_key=SECRET_KEY)
    await database.close()


@pytest.fixture
async def connection(beside: Services) -> AsyncIterator[AsyncConnection]:
    """To the console's database; each statement commits. What was made by hand by way of it is gone afterwards."""
    async with await AsyncConnection.connect(beside.database.dsn, autocommit=True) as connected:
        yield connected
        await connected.execute(FORGET)


@pytest.fixture(scope="package")
async def acme(beside: Services) -> ExecutionDetail:
    """The completed run of a tenant that no test changes."""
    wanted = Registration(slug="acme", name="Acme Inc.", owner_email="ada@acme.example")
    registered = await beside.tenants.register(Actor.system("test"), wanted)

    async def look() -> ExecutionDetail:
        return await beside.reads.executions.detail(registered.execution_id)

    return await eventually(look, lambda seen: seen.execution.status is Status.COMPLETED)


@pytest.fixture
async def broken(beside: Services) -> AsyncIterator[Broken]:
    """A run that keeps failing at one step until the test mends it."""
    async with broken_tenant(beside) as made:
        yield made
