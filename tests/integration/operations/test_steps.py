"""Reports of steps come late, twice and in any order; what is shown of a step stays plausible."""

from dataclasses import replace
from time import monotonic

from psycopg import AsyncConnection

from operations import steps, tracking
from operations.database import Database
from operations.statuses import Status, StepStatus
from operations.steps import StepReport
from operations.tracking import Transition
from tests.factories import add_execution


async def test_a_step_never_ends_before_it_began(database: Database) -> None:
    async with await AsyncConnection.connect(database.dsn) as connection:
        execution = await add_execution(connection, status=Status.RUNNING)
    # The report of the beginning was a second on its way, that of the end came at once.
    began = StepReport(
        execution_id=execution,
        ordinal=1,
        name="load_tenant",
        attempt=1,
        status=StepStatus.RUNNING,
        began=monotonic() + 1,
    )

    async with database.transaction() as transaction:
        await steps.record(transaction, [began])
    async with database.transaction() as transaction:
        await steps.record(transaction, [replace(began, status=StepStatus.COMPLETED, seen=monotonic())])

    async with await AsyncConnection.connect(database.dsn) as connection:
        row = await (await connection.execute("SELECT completed_at >= started_at FROM execution_steps")).fetchone()
    assert row == (True,)


async def test_a_step_whose_end_went_unreported_has_ended_when_the_run_completes(database: Database) -> None:
    async with await AsyncConnection.connect(database.dsn) as connection:
        execution = await add_execution(connection, status=Status.RUNNING)
    began = StepReport(execution_id=execution, ordinal=1, name="load_tenant", attempt=1, status=StepStatus.RUNNING)
    async with database.transaction() as transaction:
        await steps.record(transaction, [began, replace(began, ordinal=2), replace(began, ordinal=3)])
        await steps.record(transaction, [replace(began, status=StepStatus.COMPLETED)])

    async with database.transaction() as transaction:
        await tracking.move(transaction, Transition(execution_id=execution, to=Status.COMPLETED, actor="system:worker"))

    async with await AsyncConnection.connect(database.dsn) as connection:
        rows = await connection.execute(
            "SELECT s.status, s.completed_at >= s.started_at, e.steps_done FROM execution_steps s"
            " JOIN workflow_executions e ON e.id = s.execution_id"
        )
        assert await rows.fetchall() == [("completed", True, 3)] * 3
