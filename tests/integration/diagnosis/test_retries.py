"""Retry of an open run: the step is tried now, or the run is replaced; one effect, whatever happens at the click."""

import asyncio
from uuid import UUID

import pytest
from psycopg import AsyncConnection
from temporalio.client import WorkflowHandle

from operations.access import Actor
from operations.errors import CannotRetry, RetryChanged
from operations.queries.intents import CommandView
from operations.statuses import CommandState, RetryKind, Role, Status
from tests.integration.diagnosis.still_runs import Stage, Still, working
from workbench.servers import eventually

OTTO = Actor(name="otto@example.com", role=Role.OPERATOR)
SUSAN = Actor(name="susan@example.com", role=Role.SUPPORT)


async def test_a_step_in_a_long_back_off_is_tried_now_and_once_for_two_clicks(stage: Stage) -> None:
    id_, handle = await stage.start("failing")
    async with working(stage):
        await eventually(lambda: stage.named(id_), lambda row: row.cause == "step_retrying")
        executions = stage.services.executions

        done = await asyncio.gather(*(executions.retry(SUSAN, id_, "quota raised") for _ in range(2)))
        await stage.services.deliverer.deliver_due()

        command = await settled(stage, done[0].command_id)
        assert (done[0].kind, done[0].command_id) == (RetryKind.STEP, done[1].command_id)
        assert (command.state, command.error) == (CommandState.DELIVERED, None)
        await eventually(lambda: tries(stage, handle), lambda number: number >= 2)


async def test_a_try_after_a_reset_is_not_late(stage: Stage) -> None:
    id_, _ = await stage.start("failing")
    async with working(stage):
        await eventually(lambda: stage.named(id_), lambda row: row.cause == "step_retrying")
        await stage.sql(
            "INSERT INTO execution_steps (execution_id, ordinal, name, status, attempts, error, started_at, tried_at)"
            " VALUES (%s, 1, 'create_schema', 'retrying', 7, 'x', now() - '1 h'::interval, now() - '1 h'::interval)",
            id_,
        )
        await stage.services.executions.retry(SUSAN, id_, "quota raised")

        await stage.services.deliverer.deliver_due()

    async with await AsyncConnection.connect(stage.services.database.dsn) as connection:
        row = await (await connection.execute("SELECT reset_at > tried_at FROM execution_steps")).fetchone()
    assert row == (True,)


async def test_a_wedged_run_is_ended_and_replaced_by_a_new_attempt(stage: Stage) -> None:
    id_, handle = await stage.start("broken")
    async with working(stage):
        await eventually(lambda: stage.named(id_), lambda row: (row.cause, row.health) == ("workflow_failing", "stuck"))

        done = await stage.services.executions.retry(OTTO, id_, "the deploy is rolled back")
        await stage.services.deliverer.deliver_due()

    assert done.kind is RetryKind.REPLACE
    old = await stage.seen(id_)
    assert (old.status, old.close_reason, old.health) == (Status.FAILED, "terminated", "ok")
    new = await attempts(stage, id_)
    assert new == [(1, "failed"), (2, "pending")]
    assert (await handle.describe()).status is not None


async def test_a_run_that_ends_by_itself_meanwhile_has_no_new_attempt(stage: Stage) -> None:
    id_, handle = await stage.start("broken")
    async with working(stage):
        await eventually(lambda: stage.named(id_), lambda row: (row.cause, row.health) == ("workflow_failing", "stuck"))
        done = await stage.services.executions.retry(OTTO, id_, "the deploy is rolled back")
        await handle.terminate("by somebody with the command line")

        await stage.services.deliverer.deliver_due()

    command = await settled(stage, done.command_id)
    assert (command.state, await attempts(stage, id_)) == (CommandState.FAILED, [(1, "running")])


async def test_another_kind_than_the_one_that_was_shown_does_nothing(stage: Stage) -> None:
    id_, _ = await stage.start("failing")
    async with working(stage):
        await eventually(lambda: stage.named(id_), lambda row: row.cause == "step_retrying")

        with pytest.raises(RetryChanged):
            await stage.services.executions.retry(OTTO, id_, "again", kind=RetryKind.ATTEMPT)

    assert await stage.services.reads.intents.commands(id_) == ()


async def test_a_healthy_run_is_not_retried_and_says_why(stage: Stage) -> None:
    id_ = await stage.add_row(idle=0)

    with pytest.raises(CannotRetry, match="goes on by itself"):
        await stage.services.executions.retry(OTTO, id_, "impatience")


async def tries(stage: Stage, handle: WorkflowHandle[Still, None]) -> int:
    described = await handle.describe()
    return described.raw_description.pending_activities[0].attempt + (await resets(stage))


async def resets(stage: Stage) -> int:
    """Temporal counts from one again: a reset that took effect is seen by the tries that came after it."""
    async with await AsyncConnection.connect(stage.services.database.dsn) as connection:
        row = await (await connection.execute("SELECT count(*) FROM commands WHERE state = 'delivered'")).fetchone()
    return 0 if row is None else int(row[0])


async def settled(stage: Stage, command: UUID | None) -> CommandView:
    assert command is not None
    return await stage.services.reads.intents.command(command)


async def attempts(stage: Stage, id_: UUID) -> list[tuple[int, str]]:
    detail = await stage.services.reads.executions.detail(id_)
    return [(each.attempt, each.status.value) for each in detail.attempts]
