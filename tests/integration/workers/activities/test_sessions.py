"""The connections of steps: few, clean, alive, and handed back whatever happens."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import AsyncConnection, sql
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from operations.connections import SESSION
from operations.contracts import TenantStep
from operations.database import Database
from tests.factories import add_tenant
from tests.proxies import address_in, proxy_to, through
from tests.stand_in_runs import StandInRun
from workbench.servers import eventually
from workers.activities import schemas
from workers.activities.sessions import CONNECTIONS, Sessions
from workers.activities.tenants import TenantActivities

OPEN = (
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'tenantry worker step' AND datname = current_database()"
)
END = f"SELECT pg_terminate_backend(pid) FROM ({OPEN}) AS ours"
SLEEPS = f"{OPEN} AND state = 'active' AND query LIKE '%%pg_sleep%%'"
SETTINGS = "SELECT name, setting FROM pg_settings UNION ALL SELECT 'role', current_setting('role') ORDER BY 1"
AT_ONCE = 40


@pytest.fixture
def database_url(shared_database_url: str) -> str:
    return shared_database_url


@pytest.fixture
async def beside(database: Database) -> AsyncIterator[AsyncConnection]:
    """A connection of the test's own."""
    async with await AsyncConnection.connect(database.dsn, autocommit=True) as opened:
        yield opened


@pytest.fixture
async def single(database: Database) -> AsyncIterator[Sessions]:
    """One connection for all."""
    sessions = Sessions.at(database.dsn, size=1, longest_wait=20)
    async with sessions.running():
        yield sessions


async def backends(connection: AsyncConnection, question: str = OPEN) -> list[int]:
    return [row[0] for row in await (await connection.execute(question)).fetchall()]


async def backend_of(sessions: Sessions) -> int:
    async with sessions.transaction() as connection:
        await connection.execute("SELECT pg_sleep(0.005)")
        return connection.info.backend_pid


async def test_any_number_of_steps_share_a_few_connections(sessions: Sessions, beside: AsyncConnection) -> None:
    used = await asyncio.gather(*(backend_of(sessions) for _ in range(AT_ONCE)))

    assert len(set(used)) == CONNECTIONS
    assert sorted(await backends(beside)) == sorted(set(used))


async def test_who_asked_first_is_served_first(single: Sessions) -> None:
    served: list[int] = []

    async def work(number: int) -> None:
        for _ in range(3):
            async with single.connection() as connection:
                served.append(number)
                await connection.execute("SELECT 1")

    await asyncio.gather(*(work(number) for number in range(5)))

    assert served == [0, 1, 2, 3, 4] * 3


async def test_a_step_that_finds_no_free_connection_in_time_says_so_and_is_tried_again(database: Database) -> None:
    sessions = Sessions.at(database.dsn, size=1, longest_wait=0.2)

    async with sessions.running():
        async with sessions.connection():
            with pytest.raises(ApplicationError) as refused:
                await backend_of(sessions)
        afterwards = await backend_of(sessions)

    assert refused.value.type == "NoFreeConnection"
    assert refused.value.category is ApplicationErrorCategory.BENIGN  # the fence says it on one line
    assert not refused.value.non_retryable
    assert refused.value.message == (
        "Other steps have held all 1 database connections of this worker for 0.2 s."
        " Nothing was written; the step is tried again."
    )
    assert afterwards


async def test_the_limits_of_the_house_hold_on_every_connection(sessions: Sessions) -> None:
    async def settings() -> dict[str, str]:
        async with sessions.connection() as connection:
            await connection.execute("SELECT pg_sleep(0.05)")
            rows = await connection.execute(
                "SELECT lower(name), current_setting(name) FROM pg_settings WHERE lower(name) = ANY (%s)",
                (list(SESSION),),
            )
            return {str(connection.info.backend_pid): "", **dict(await rows.fetchall())}

    seen = await asyncio.gather(*(settings() for _ in range(CONNECTIONS)))

    assert len({pid for each in seen for pid in each if pid.isdigit()}) == CONNECTIONS
    for each in seen:
        assert {name: each[name] for name in SESSION} == {**SESSION, "plan_cache_mode": "auto"}


async def test_connections_that_the_server_ended_are_made_anew_without_an_error(
    sessions: Sessions, beside: AsyncConnection
) -> None:
    before = set(await asyncio.gather(*(backend_of(sessions) for _ in range(AT_ONCE))))
    await beside.execute(END)
    await eventually(lambda: backends(beside), lambda open_ones: open_ones == [])

    after = set(await asyncio.gather(*(backend_of(sessions) for _ in range(AT_ONCE))))

    assert len(after) == CONNECTIONS
    assert not before & after


async def test_a_connection_that_breaks_under_a_step_is_not_lent_again(
    single: Sessions, beside: AsyncConnection
) -> None:
    before = await backend_of(single)

    async def break_it() -> None:
        async with single.transaction() as connection:
            await beside.execute(END)
            await connection.execute("SELECT 1")

    with pytest.raises(psycopg.OperationalError):
        await break_it()

    assert await backend_of(single) != before


async def test_a_server_that_takes_no_changes_any_more_is_not_asked_again(single: Sessions) -> None:
    before = await backend_of(single)

    async def write() -> None:
        async with single.transaction() as connection:
            await connection.execute("SET TRANSACTION READ ONLY")
            await connection.execute("CREATE SCHEMA never")

    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        await write()

    assert await backend_of(single) != before


async def test_a_server_that_is_away_is_named_at_once_and_used_again_when_it_is_back(database: Database) -> None:
    async with proxy_to(address_in(database.dsn)) as proxy:
        sessions = Sessions.at(through(proxy, database.dsn), size=1)
        async with sessions.running():
            before = await backend_of(sessions)
            await proxy.cut()
            with pytest.raises(psycopg.OperationalError):  # it may not have noticed yet
                await backend_of(sessions)
            with pytest.raises(psycopg.OperationalError, match="refused"):
                await backend_of(sessions)
            await proxy.restore()

            assert await backend_of(sessions) != before


async def test_a_step_that_is_cancelled_in_the_middle_of_a_statement_costs_no_connection(
    single: Sessions, beside: AsyncConnection
) -> None:
    async def dawdle() -> None:
        async with single.transaction() as connection:
            await connection.execute("SELECT pg_sleep(60)")

    for _ in range(3):
        dawdling = asyncio.ensure_future(dawdle())
        await eventually(lambda: backends(beside, SLEEPS), bool)
        dawdling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dawdling

    async with single.transaction() as connection:
        assert await (await connection.execute("SELECT 1")).fetchone() == (1,)
    assert len(await backends(beside)) == 1


@pytest.mark.parametrize("ends_well", [True, False])
async def test_what_a_step_set_does_not_reach_the_next(single: Sessions, ends_well: bool) -> None:
    async with single.connection() as connection:
        pid, before = connection.info.backend_pid, await (await connection.execute(SETTINGS)).fetchall()

    try:
        async with single.transaction() as connection:
            await connection.execute("SET LOCAL search_path TO pg_catalog")
            await connection.execute("SELECT set_config('statement_timeout', '240s', true)")
            if not ends_well:
                await connection.execute("SELECT 1 / 0")
    except psycopg.DataError:
        assert not ends_well

    async with single.connection() as connection:
        assert connection.info.backend_pid == pid
        assert await (await connection.execute(SETTINGS)).fetchall() == before


async def test_what_a_tenants_migration_set_for_its_session_does_not_reach_the_next(
    single: Sessions, database: Database, beside: AsyncConnection
) -> None:
    tenant = str(await add_tenant(beside))
    schema = f"tenant_{uuid4().hex}"
    async with single.connection() as connection:
        pid, before = connection.info.backend_pid, await (await connection.execute(SETTINGS)).fetchall()

    async with single.transaction() as connection:
        await schemas.create(connection, schema, tenant)
        await connection.execute("SET search_path TO pg_catalog; SET statement_timeout TO 0")
        await connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(connection.info.user)))
        await schemas.migrate(connection, schema, tenant)

    async with single.connection() as connection:
        assert connection.info.backend_pid == pid
        assert await (await connection.execute(SETTINGS)).fetchall() == before


async def test_statements_are_prepared_once_and_used_again(single: Sessions, beside: AsyncConnection) -> None:
    tenant = await add_tenant(beside)
    run, step = await StandInRun.about(beside, tenant), TenantStep(tenant_id=str(tenant))
    for _ in range(20):
        await run.take(TenantActivities(sessions=single).load_tenant, step)

    async with single.connection() as connection:
        uses = await connection.execute(
            "SELECT generic_plans + custom_plans FROM pg_prepared_statements"
            " WHERE statement LIKE '%public.tenants%' AND statement NOT LIKE '%workflow_executions%'"
        )
        assert [row[0] >= 10 for row in await uses.fetchall()] == [True]


async def test_nothing_stays_open_when_the_worker_ends(database: Database, beside: AsyncConnection) -> None:
    sessions = Sessions.at(database.dsn)

    async with sessions.running():
        await asyncio.gather(*(backend_of(sessions) for _ in range(AT_ONCE)))

    await eventually(lambda: backends(beside), lambda open_ones: open_ones == [])
