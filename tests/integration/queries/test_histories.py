"""Long histories are read from their end, and further back on demand."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from operations.database import Database
from operations.queries.execution_parts import MOST
from operations.queries.executions import ExecutionQueries
from operations.queries.histories import Histories
from operations.queries.usual_durations import UsualDurations
from operations.statuses import Status
from tests.factories import add_execution

ADD_EVENTS = """
    INSERT INTO execution_events (execution_id, kind, actor)
    SELECT %(id)s, 'happening', 'test' FROM generate_series(1, %(number)s)
"""
ADD_STEPS = """
    INSERT INTO execution_steps (execution_id, ordinal, name, status, attempts, started_at, tried_at, completed_at)
    SELECT %(id)s, n, 'step ' || n, 'completed', 1, %(began)s, %(began)s, %(began)s + interval '3 seconds'
    FROM generate_series(1, %(number)s) AS n
"""
BEGAN = datetime(2026, 1, 31, tzinfo=UTC)


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[AsyncConnection]:
    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connected:
        yield connected


async def long_run(connection: AsyncConnection, number: int, *, status: Status = Status.RUNNING) -> UUID:
    id_ = await add_execution(connection, status=status)
    values = {"id": id_, "number": number, "began": BEGAN}
    await connection.execute(ADD_EVENTS, values)
    await connection.execute(ADD_STEPS, values)
    return id_


async def test_of_a_long_history_the_end_is_read_and_the_rest_on_demand(
    database: Database, connection: AsyncConnection
) -> None:
    id_ = await long_run(connection, 2 * MOST)

    detail = await ExecutionQueries(database=database).detail(id_)
    earlier = await Histories(database=database).of_execution(id_, detail.events[0].seq)

    read = [event.seq for event in (*earlier, *detail.events)]
    assert read == sorted(read)
    assert len(set(read)) == len(read) == 2 * MOST
    assert [event.kind for event in detail.events] == ["happening"] * MOST
    assert [step.name for step in detail.steps] == [f"step {n}" for n in range(MOST + 1, 2 * MOST + 1)]
    assert detail.earlier_steps == MOST


async def test_what_steps_take_as_a_rule_is_read_from_runs_that_ended_well(
    database: Database, connection: AsyncConnection
) -> None:
    usual = UsualDurations(database=database)
    await long_run(connection, 2, status=Status.COMPLETED)

    assert await usual.of_steps("tenant_provisioning") == {"step 1": 3.0, "step 2": 3.0}

    await connection.execute("UPDATE execution_steps SET completed_at = tried_at + %s", (timedelta(hours=1),))
    assert await usual.of_steps("tenant_provisioning") == {"step 1": 3.0, "step 2": 3.0}  # read a moment ago
    assert await UsualDurations(database=database).of_steps("tenant_provisioning") == {"step 1": 3600, "step 2": 3600}
