"""At which step a run is: one that has ended is never the current one."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from operations import step_reports, tracking
from operations.contracts import REQUEST_APPROVAL, SETTLE_APPROVAL
from operations.database import Database
from operations.queries.execution_views import ExecutionFilter
from operations.queries.executions import ExecutionQueries
from operations.statuses import Status, StepStatus
from operations.step_reports import StepReport
from operations.transitions import Transition
from tests.factories import add_execution, add_tenant

PLAN = ("load_tenant", REQUEST_APPROVAL, SETTLE_APPROVAL, "create_schema")
PLANNED = "UPDATE workflow_executions SET input = %s WHERE id = %s"


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[AsyncConnection]:
    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connected:
        yield connected


async def begun(connection: AsyncConnection, plan: object) -> UUID:
    id_ = await add_execution(connection, status=Status.RUNNING, entity_id=await add_tenant(connection))
    await connection.execute(PLANNED, (json.dumps({"arguments": [], "steps": plan}), id_))
    return id_


async def step(database: Database, id_: UUID) -> tuple[str | None, str | None]:
    """The current one and the one that is done, as both the page and the list have them."""
    queries = ExecutionQueries(database=database)
    detail = (await queries.detail(id_)).execution
    [listed] = [each for each in (await queries.list(ExecutionFilter())).items if each.id == id_]
    assert (listed.current_step, listed.done_step) == (detail.current_step, detail.done_step)
    return detail.current_step, detail.done_step


async def test_a_step_is_the_current_one_until_it_has_ended_and_then_the_next_one_is(
    database: Database, connection: AsyncConnection
) -> None:
    beside = await begun(connection, PLAN)  # what others have done is none of its steps
    first = StepReport(execution_id=beside, ordinal=1, name=PLAN[0], attempt=1, status=StepStatus.COMPLETED)
    others = [replace(first, ordinal=ordinal, name=name) for ordinal, name in enumerate(PLAN, start=1)]
    await step_reports.record(connection, others)
    id_ = await begun(connection, PLAN)
    seen = [await step(database, id_)]

    for ordinal, name in enumerate(PLAN, start=1):
        report = StepReport(execution_id=id_, ordinal=ordinal, name=name, attempt=1, status=StepStatus.RUNNING)
        for status in (StepStatus.RUNNING, StepStatus.COMPLETED):
            await step_reports.record(connection, [replace(report, status=status)])
            seen.append(await step(database, id_))

    following = (*PLAN[1:], None)
    expected = [each for name, then in zip(PLAN, following, strict=True) for each in ((name, None), (then, name))]
    assert seen == [(None, None), *expected]


@pytest.mark.parametrize("plan", [None, "all", []])
async def test_without_a_plan_that_is_known_only_what_is_done_is_told(
    plan: object, database: Database, connection: AsyncConnection
) -> None:
    id_ = await begun(connection, plan)
    done = StepReport(execution_id=id_, ordinal=1, name="load_tenant", attempt=1, status=StepStatus.COMPLETED)

    await step_reports.record(connection, [done])

    assert await step(database, id_) == (None, "load_tenant")


async def test_a_step_that_failed_and_the_last_one_of_a_run_that_ended_stay(
    database: Database, connection: AsyncConnection
) -> None:
    failed, over = await begun(connection, PLAN), await begun(connection, PLAN)
    done = StepReport(execution_id=over, ordinal=1, name="load_tenant", attempt=1, status=StepStatus.COMPLETED)

    await step_reports.record(connection, [replace(done, execution_id=failed, status=StepStatus.FAILED), done])
    async with database.transaction() as ending:
        await tracking.move(ending, Transition(execution_id=over, to=Status.COMPLETED, actor="system:worker"))

    assert await step(database, failed) == ("load_tenant", None)
    assert await step(database, over) == ("load_tenant", None)
