"""Sessions behind a pooler: limits hold, nothing of another's is left, and a pooler that keeps none is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from psycopg import AsyncConnection

from migrations.__main__ import upgrade
from operations import poolers
from operations.connections import CONNECT_SECONDS, SESSION, connect_blocking, connect_directly
from operations.database import Database, OwnConnection
from operations.errors import ConfigurationError, DatabaseUnavailable
from tests.poolers import Pooler, pooler_to
from workbench.servers import Databases
from workers.activities.sessions import Sessions

LIMITS = "SELECT " + ", ".join(f"current_setting('{name}')" for name in SESSION)
LEFT_BY_ANOTHER = (
    "DEALLOCATE ALL",
    "SET statement_timeout = '1h'",
    "SET search_path = 'nowhere'",
    "PREPARE _pg3_0 AS SELECT 'of another'",
    "SELECT pg_advisory_lock(4711)",
)


@pytest.fixture
def database_url(shared_database_url: str) -> str:
    return shared_database_url


@pytest.fixture(params=[{}, {"ignore_startup_parameters": "options"}], ids=["strict", "options ignored"])
async def pooler(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[Pooler]:
    """In session mode. What connects asks for nothing that it would refuse, or leave out without a word."""
    async with pooler_to(database_url, mode="session", **request.param) as started:
        yield started


async def limits_of(connection: AsyncConnection) -> dict[str, str]:
    row = await (await connection.execute(LIMITS.encode())).fetchone()
    assert row is not None
    return dict(zip(SESSION, row, strict=True))


async def test_every_kind_of_connection_has_its_limits(pooler: Pooler, database_url: str) -> None:
    url = pooler.url(database_url)
    database, sessions = Database.at(url, name="test"), Sessions.at(url)
    own = OwnConnection(dsn=url, name="test", within=5)

    async with database.transaction() as lent:
        of_pool = dict(zip(SESSION, (await lent.exec_driver_sql(LIMITS)).one(), strict=True))
    async with sessions.connection() as connection:
        of_step = await limits_of(connection)
    of_own = await own.ask(limits_of)
    async with await connect_directly(url, name="test", statement_timeout="1min") as connection:
        of_direct = await limits_of(connection)

    own.hang_up()
    await sessions.database.close()
    await database.close()
    assert of_pool == SESSION
    assert of_step == SESSION | {"plan_cache_mode": "auto"}
    assert of_own == SESSION | {"plan_cache_mode": "auto", "lock_timeout": "500ms"}
    assert of_direct == SESSION | {"statement_timeout": "1min"}


async def test_limits_outlast_a_transaction_that_is_rolled_back(pooler: Pooler, database_url: str) -> None:
    async with await connect_directly(pooler.url(database_url), name="test", autocommit=False) as connection:
        await connection.execute("SELECT 1")
        await connection.rollback()

        assert await limits_of(connection) == SESSION
        assert connection.info.parameter_status("application_name") == "tenantry test"


@pytest.mark.parametrize("reset", ["DISCARD ALL", ""])
async def test_a_backend_that_was_anothers_begins_clean(database_url: str, reset: str) -> None:
    # One backend: it is waited for also while the pooler has yet to take back the client that went.
    only = {"server_reset_query": reset, "default_pool_size": "1"}
    async with pooler_to(database_url, mode="session", **only) as pooler:
        url = pooler.url(database_url)
        before = await backend_left_dirty(url)

        async with await connect_directly(url, name="test") as ours:
            assert await backend_of(ours) == before
            assert await limits_of(ours) == SESSION
            for _ in range(6):  # by then the driver prepares it, as _pg3_0
                answer = await (await ours.execute("SELECT current_setting('search_path')")).fetchone()
            assert answer == ('"$user", public',)
            locks = await ours.execute("SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711")
            assert locks.rowcount == 0
        await backend_left_dirty(url)
        blocking = await asyncio.to_thread(connect_blocking, url)
        assert blocking.execute("SHOW statement_timeout").fetchone() == ("0",)
        blocking.close()


@pytest.mark.parametrize("mode", ["transaction", "statement"])
async def test_a_pooler_that_nobody_else_uses_is_told_by_its_one_backend(database_url: str, mode: str) -> None:
    async with pooler_to(database_url, mode=mode) as pooler:
        await refused(pooler.url(database_url))


@pytest.mark.parametrize("idle", [2, 3, 5])
async def test_so_is_one_that_deals_out_its_backends_in_turn(database_url: str, idle: int) -> None:
    async with pooler_to(database_url, mode="transaction", server_round_robin="1") as pooler:
        async with AsyncExitStack() as stack:
            for _ in range(idle):
                opened = await AsyncConnection.connect(pooler.url(database_url))
                await stack.enter_async_context(opened)
                await opened.execute("SELECT 1")  # and stays in its transaction, so that the next one gets another

        await refused(pooler.url(database_url))


async def test_so_is_one_with_few_backends_and_many_clients(database_url: str) -> None:
    async with (
        pooler_to(database_url, mode="transaction", default_pool_size="2") as pooler,
        busy(pooler.url(database_url), clients=6),
    ):
        await refused(pooler.url(database_url))


async def test_sessions_that_last_are_left_alone_however_busy_the_pooler(pooler: Pooler, database_url: str) -> None:
    async with busy(pooler.url(database_url), clients=6):
        await poolers.check(pooler.url(database_url))


async def test_a_database_refuses_at_its_first_use(database_url: str) -> None:
    async with pooler_to(database_url, mode="transaction") as pooler:
        database = Database.at(pooler.url(database_url), name="test")

        with pytest.raises(ConfigurationError):
            await database.check_schema()

        await database.close()


async def test_a_pooler_without_a_free_backend_is_no_answer_in_time(database_url: str) -> None:
    async with (
        pooler_to(database_url, mode="session", default_pool_size="1") as pooler,
        await AsyncConnection.connect(pooler.url(database_url)) as holder,
        asyncio.timeout(CONNECT_SECONDS * 4),
    ):
        await holder.execute("SELECT 1")
        database = Database.at(pooler.url(database_url), name="test")

        with pytest.raises(DatabaseUnavailable, match="no answer came in time"):
            await database.check_schema()

        await database.close()


async def test_migrations_run_by_way_of_a_pooler(databases: Databases, pooler: Pooler) -> None:
    empty = await asyncio.to_thread(databases.create, empty=True)
    database = Database.at(pooler.url(empty), name="test")

    await asyncio.to_thread(upgrade, pooler.url(empty))

    await database.check_schema()
    await database.close()
    await asyncio.to_thread(databases.drop, empty)


async def refused(url: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"^TENANTRY_DATABASE_URL leads to a pooler .* pool_mode = session for"
    ):
        await poolers.check(url)


async def backend_left_dirty(url: str) -> int:
    """By a client that has gone."""
    async with await AsyncConnection.connect(url, autocommit=True) as another:
        for statement in LEFT_BY_ANOTHER:
            await another.execute(statement.encode())
        return await backend_of(another)


async def backend_of(connection: AsyncConnection) -> int:
    row = await (await connection.execute("SELECT pg_backend_pid()")).fetchone()
    assert row is not None
    return int(row[0])


@asynccontextmanager
async def busy(url: str, *, clients: int) -> AsyncIterator[None]:
    """Others ask one thing after the other meanwhile."""

    async def ask() -> None:
        async with await AsyncConnection.connect(url, autocommit=True, prepare_threshold=None) as connection:
            while True:
                await connection.execute("SELECT pg_sleep(0.0005)")

    asking = [asyncio.ensure_future(ask()) for _ in range(clients)]
    try:
        yield
    finally:
        for each in asking:
            each.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
