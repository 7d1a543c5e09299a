"""The history's partitions: one per month, prepared ahead, and a net for what no month was prepared for."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from psycopg import AsyncConnection, sql

from migrations.__main__ import upgrade
from workbench.servers import Databases

PARTITIONS = """
    SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'execution_events'::regclass ORDER BY 1
"""
BOUNDS = """
    SELECT pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'execution_events'::regclass AND c.relname <> 'execution_events_default' ORDER BY c.relname
"""
ADD_EVENT = """
    INSERT INTO execution_events (execution_id, at, kind, actor) VALUES (%s, %s, 'created', 'test')
    RETURNING tableoid::regclass::text
"""


async def prepare(connection: AsyncConnection, month: str) -> bool:
    row = await (await connection.execute("SELECT prepare_event_partition(%s::date)", (month,))).fetchone()
    assert row is not None
    return bool(row[0])


async def column(connection: AsyncConnection, statement: sql.SQL) -> list[str]:
    return [row[0] for row in await (await connection.execute(statement)).fetchall()]


async def partition_of_event_at(connection: AsyncConnection, moment: datetime) -> str:
    row = await (await connection.execute(ADD_EVENT, (uuid4(), moment))).fetchone()
    assert row is not None
    return str(row[0])


async def test_this_month_and_three_more_are_prepared(connection: AsyncConnection) -> None:
    now = datetime.now(UTC)
    months = [divmod(now.year * 12 + now.month - 1 + ahead, 12) for ahead in range(4)]

    there = await column(connection, sql.SQL(PARTITIONS))

    assert there == [*(f"execution_events_{year}{month + 1:02}" for year, month in months), "execution_events_default"]


async def test_preparing_a_month_again_changes_nothing(connection: AsyncConnection) -> None:
    first = await prepare(connection, "2031-05-17")
    again = await prepare(connection, "2031-05-01")

    assert (first, again) == (True, False)
    assert await partition_of_event_at(connection, datetime(2031, 5, 31, 23, 59, tzinfo=UTC)) == (
        "execution_events_203105"
    )


async def test_preparing_the_same_month_at_once_makes_one_partition(
    connection: AsyncConnection, database_url: str
) -> None:
    async def prepare_alone() -> bool:
        async with await AsyncConnection.connect(database_url, autocommit=True) as own:
            return await prepare(own, "2031-05-01")

    made = await asyncio.gather(*(prepare_alone() for _ in range(6)))

    assert sorted(made) == [False] * 5 + [True]


async def test_an_event_of_a_month_nobody_prepared_is_kept(connection: AsyncConnection) -> None:
    assert await partition_of_event_at(connection, datetime(2099, 1, 1, tzinfo=UTC)) == "execution_events_default"


async def test_a_month_whose_events_lie_in_the_net_already_is_left_there(connection: AsyncConnection) -> None:
    await partition_of_event_at(connection, datetime(2099, 1, 15, tzinfo=UTC))

    assert await prepare(connection, "2099-01-01") is False
    assert await prepare(connection, "2099-02-01") is True


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Tokyo"])
async def test_months_meet_without_gap_wherever_a_session_thinks_it_is(databases: Databases, zone: str) -> None:
    url = await asyncio.to_thread(databases.create, empty=True)
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(
            sql.SQL("ALTER DATABASE {} SET timezone TO {}").format(sql.Identifier(connection.info.dbname), zone)
        )
    await asyncio.to_thread(upgrade, url)

    async with await AsyncConnection.connect(url, autocommit=True, options="-c timezone=UTC") as connection:
        now = datetime.now(UTC)
        year, month = divmod(now.year * 12 + now.month - 1 + 4, 12)
        await prepare(connection, f"{year}-{month + 1}-01")
        bounds = [bound.split("'")[1::2] for bound in await column(connection, sql.SQL(BOUNDS))]

    assert len(bounds) == 5
    assert [end for _, end in bounds[:-1]] == [start for start, _ in bounds[1:]]
    assert all(start.endswith("-01 00:00:00+00") for start, _ in bounds)
    await asyncio.to_thread(databases.drop, url)
