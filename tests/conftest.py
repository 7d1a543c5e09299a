"""Real servers for all tests of one run: PostgreSQL and Temporal from their wheels, a database for each test."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator

import pytest
import structlog

from embedded.postgres import EmbeddedPostgres
from embedded.temporal import EmbeddedTemporal
from operations.access import Actor
from operations.bootstrap import Services
from operations.database import Database
from operations.statuses import Role
from operations.temporal import Temporal
from workbench.servers import Databases, GivenServer, RunningWorker, passable_directory, run_worker
from workers.activities.sessions import Sessions

SECRET_KEY = "a key for tests that is long enough"

# Tracebacks as the product writes them. Left to itself structlog draws them with every local value, which holds up the
# loop for seconds: then answers seem to be missing, and tests fail that have nothing to do with the error.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


@pytest.fixture(scope="session")
async def postgres() -> AsyncIterator[EmbeddedPostgres | GivenServer]:
    """The wheel's server; or, to try another version, the one that TENANTRY_TEST_DATABASE_URL names."""
    if given := os.environ.get("TENANTRY_TEST_DATABASE_URL"):
        yield GivenServer(url=given)
        return
    with passable_directory(in_memory=True) as directory:
        async with EmbeddedPostgres(directory=directory, settings={"fsync": "off"}) as server:
            yield server


@pytest.fixture(scope="session")
async def temporal_server() -> AsyncIterator[EmbeddedTemporal]:
    with passable_directory(in_memory=True) as directory:
        async with EmbeddedTemporal(directory=directory) as server:
            yield server


@pytest.fixture(scope="session")
async def databases(postgres: EmbeddedPostgres | GivenServer, worker_id: str) -> Databases:
    """Makes databases that have the current schema; a given server is shared by all processes of the run."""
    made = Databases(postgres.url, template=f"tenantry_template_{worker_id}")
    await asyncio.to_thread(made.make_template)
    return made


@pytest.fixture
async def database_url(databases: Databases) -> AsyncIterator[str]:
    """A migrated database of this test's own."""
    url = await asyncio.to_thread(databases.create)
    yield url
    await asyncio.to_thread(databases.drop, url)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database.at(database_url, name="test")
    yield opened
    await opened.close()


@pytest.fixture
async def sessions(database: Database) -> AsyncIterator[Sessions]:
    """For steps that a test takes itself."""
    opened = Sessions.at(database.dsn)
    async with opened.running():
        yield opened


@pytest.fixture(scope="session")
def temporal_address(temporal_server: EmbeddedTemporal) -> str:
    return temporal_server.address


@pytest.fixture
async def temporal(temporal_address: str) -> Temporal:
    return await Temporal.at(temporal_address)


@pytest.fixture
def task_queue() -> str:
    """A queue of this test's own, so that no other test's worker takes its work."""
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
async def services(database: Database, temporal: Temporal, task_queue: str) -> Services:
    """Without a deliverer running: call `services.deliverer.deliver_due()`, or use `delivering`."""
    return Services.assemble(database, temporal, name="test", task_queue=task_queue, secret_key=SECRET_KEY)


@pytest.fixture
async def delivering(services: Services) -> AsyncIterator[None]:
    """Commands are delivered while the test runs."""
    running = asyncio.ensure_future(services.deliverer.run())
    yield
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def worker(services: Services, temporal_address: str, task_queue: str) -> AsyncIterator[RunningWorker]:
    """A worker of this version in this process."""
    async with run_worker(services, temporal_address, task_queue) as running:
        yield running


@pytest.fixture
def support() -> Actor:
    return Actor(name="support@example.com", role=Role.SUPPORT)


@pytest.fixture
def admin() -> Actor:
    return Actor(name="admin@example.com", role=Role.ADMIN)
