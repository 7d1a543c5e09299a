"""While PostgreSQL takes no changes, reading goes on; seconds after it takes them again, nobody is refused any more."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from psycopg import AsyncConnection
from psycopg.errors import ReadOnlySqlTransaction
from sqlalchemy import text

from operations.database import Database, OwnConnection, driver_of
from operations.errors import DatabaseReadOnly
from operations.feed import Changed, Feed
from operations.read_only import is_read_only
from tests.factories import add_tenant
from tests.failovers import takes_no_changes
from workbench.servers import eventually

CHANGE = "UPDATE tenants SET name = name"
SESSIONS = """
    SELECT count(*), min(clock_timestamp() - backend_start) > interval '1.5 seconds'
    FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tenantry test'
"""
TENANT = (
    "INSERT INTO tenants (id, slug, name, plan, registered_by) VALUES (gen_random_uuid(), 'a1', 'A', 'starter', '')"
)


async def change(database: Database) -> bool:
    async with database.transaction() as connection:
        await connection.execute(text(CHANGE))
    return True


async def read(database: Database) -> object:
    async with database.reading() as connection:
        return await connection.scalar(text("SELECT count(*) FROM tenants"))


async def whether_taken(database: Database) -> bool:
    try:
        return await change(database)
    except DatabaseReadOnly:
        return False


async def test_a_change_is_refused_in_words_and_reading_goes_on(database: Database) -> None:
    async with takes_no_changes(database.dsn):
        with pytest.raises(DatabaseReadOnly, match="takes no changes"):
            await change(database)
        with pytest.raises(DatabaseReadOnly):
            async with database.transaction() as connection:
                await (await driver_of(connection)).execute(CHANGE.encode())

        assert await read(database) == 0
        assert await database.is_read_only()
    assert await eventually(lambda: whether_taken(database), bool, within=5)
    assert not await database.is_read_only()


async def test_no_session_of_the_pool_goes_on_to_refuse_changes(database: Database) -> None:
    async with takes_no_changes(database.dsn):
        await asyncio.gather(*(read(database) for _ in range(10)))

        async def are_old() -> bool:
            """Looked at from beside the pool, which would make anew what it lends."""
            async with await AsyncConnection.connect(database.dsn) as connection:
                row = await (await connection.execute(SESSIONS)).fetchone()
                return row is not None and row[0] > 1 and bool(row[1])

        await eventually(are_old, bool)

    assert await all_taken(database)


async def all_taken(database: Database) -> bool:
    """Whether no session of the pool refuses."""
    return all(await asyncio.gather(*(whether_taken(database) for _ in range(10))))


async def test_once_one_session_takes_changes_those_before_it_are_not_lent_again(database: Database) -> None:
    async def hold(number: int) -> list[bool]:
        """Whether each takes changes, of so many sessions that are used at once."""
        async with AsyncExitStack() as stack:
            lent = [await stack.enter_async_context(database.reading()) for _ in range(number)]
            return [not is_read_only(await driver_of(each)) for each in lent]

    async with takes_no_changes(database.dsn):
        assert await hold(2) == [False, False]
    await hold(3)

    assert await hold(3) == [True, True, True]


async def test_a_connection_of_ones_own_is_left_behind_with_its_first_refusal(database: Database) -> None:
    own = OwnConnection(dsn=database.dsn, name="own", within=2.0)

    async def ask() -> None:
        async def question(connection: AsyncConnection) -> None:
            await connection.execute(CHANGE.encode())

        await own.ask(question)

    async with takes_no_changes(database.dsn):
        with pytest.raises(ReadOnlySqlTransaction):
            await ask()

    await ask()
    own.hang_up()


async def test_the_feed_finds_the_server_that_takes_changes(database: Database) -> None:
    feed, opened = Feed(dsn=database.dsn), asyncio.Event()

    async def until_told() -> Changed:
        async for changed in feed.watch():
            opened.set()
            if changed.concerns("tenant") and not changed.everything:
                return changed
        raise AssertionError("the feed ended")

    async with takes_no_changes(database.dsn):
        watching = asyncio.ensure_future(until_told())
        await opened.wait()

        async def sessions() -> object:
            async with database.reading() as connection:
                return await connection.scalar(
                    text(
                        "SELECT min(pid) FROM pg_stat_activity"
                        " WHERE application_name = 'tenantry feed' AND datname = current_database()"
                    )
                )

        first = await sessions()
        assert await eventually(sessions, lambda pid: pid not in (None, first), within=10)
        assert feed.silent_for < 2

    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connection:
        await add_tenant(connection)
    assert (await asyncio.wait_for(watching, 10)).concerns("tenant")
