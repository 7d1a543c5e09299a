"""The history has its months ready before they come."""

import psycopg
import pytest
from psycopg import AsyncConnection

from operations import partitions

LAST = """
    SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'execution_events'::regclass
      AND inhrelid::regclass::text <> 'execution_events_default' ORDER BY 1 DESC LIMIT 1
"""


async def forget_last_month(database_url: str) -> None:
    """As if the program had last run a month ago."""
    async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
        row = await (await connection.execute(LAST)).fetchone()
        await connection.execute(f"DROP TABLE {row[0]}".encode() if row else b"")


async def test_a_month_that_came_nearer_is_prepared_once(database_url: str) -> None:
    await forget_last_month(database_url)

    made = [await partitions.prepare_now(database_url) for _ in range(2)]

    assert made == [1, 0]


async def test_preparing_gives_up_rather_than_hold_up_those_who_read(database_url: str) -> None:
    await forget_last_month(database_url)
    async with await AsyncConnection.connect(database_url) as reader:
        await reader.execute("SELECT count(*) FROM execution_events")

        with pytest.raises(psycopg.errors.LockNotAvailable):
            await partitions.prepare_now(database_url)
