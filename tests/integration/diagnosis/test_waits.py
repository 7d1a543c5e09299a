"""What keeps a run after a wait is said to do so since the wait was over, and is no trouble at once.

After a pause it is as if there had been none.
"""

from datetime import datetime, timedelta

import pytest
from psycopg import AsyncConnection
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import (
    PauseActivityRequest,
    PauseWorkflowExecutionRequest,
    UnpauseActivityRequest,
    UnpauseWorkflowExecutionRequest,
)
from temporalio.client import WorkflowHandle

from operations.access import Actor
from operations.diagnosis.facts import Patience
from operations.statuses import Decision, Role
from tests.integration.diagnosis.still_runs import Stage, Still, working
from workbench.servers import eventually

OTTO = Actor(name="otto@example.com", role=Role.OPERATOR)
LONG = 3 * 3600.0
#: As if the pause had lasted for an hour by now.
LASTS = """
    UPDATE workflow_executions SET last_progress_at = last_progress_at - interval '1 hour',
           health_since = health_since - interval '1 hour', cause_since = cause_since - interval '1 hour' WHERE id = %s
"""
ASK = """
    INSERT INTO approval_requests (execution_id, requested_at, expires_at)
    VALUES (%s, clock_timestamp() - interval '3 hours', clock_timestamp() + interval '7 days')
"""


@pytest.fixture
def stage(stage: Stage) -> Stage:
    """Looked at also a moment after it moved."""
    at_once = Patience(slow_after=timedelta())
    stage.watcher.durations.settings = at_once
    return stage


@pytest.mark.parametrize("decision", Decision)
async def test_what_fails_after_a_decision_has_failed_since_then(stage: Stage, decision: Decision) -> None:
    id_, _ = await stage.start("broken", idle=LONG)
    await stage.sql(ASK, id_)
    async with working(stage):
        asked = await eventually(lambda: stage.named(id_), lambda row: row.cause == "awaiting_approval")
        before = await now(stage)

        await stage.services.executions.decide(OTTO, id_, decision, "contract signed")
        decided = await stage.seen(id_)
        failing = await eventually(lambda: stage.named(id_), lambda row: row.cause == "workflow_failing")

    assert (decided.cause, decided.health, decided.health_since) == (None, "ok", None)
    assert before <= decided.last_progress_at == failing.cause_since == failing.health_since
    assert (asked.health, failing.health) == ("ok", "slow")
    assert asked.cause_since is not None
    assert asked.cause_since < before - timedelta(hours=2)


async def test_nobody_works_at_what_was_decided_since_the_decision(stage: Stage) -> None:
    id_, _ = await stage.start("broken", idle=LONG)
    await stage.sql(ASK, id_)
    is_said = "No worker is there"
    await eventually(lambda: stage.named(id_), lambda row: is_said in (row.cause_detail or ""), within=60)
    before = await now(stage)

    await stage.services.executions.decide(OTTO, id_, Decision.APPROVED, "contract signed")
    alone = await stage.named(id_)

    assert (alone.cause, alone.health) == ("no_worker", "slow")
    assert before <= alone.last_progress_at == alone.cause_since == alone.health_since


@pytest.mark.parametrize(("why", "cause"), [("timer", "sleeping"), ("signal", "waiting"), ("child", "waiting")])
async def test_what_fails_after_a_timer_a_signal_or_a_child_has_failed_since_then(
    stage: Stage, why: str, cause: str
) -> None:
    before = await now(stage)
    id_, handle = await stage.start(f"broken after a {why}", idle=LONG)
    async with working(stage):
        waits = await eventually(lambda: stage.named(id_), lambda row: row.cause == cause)
        still_waits = await stage.named(id_)

        await go_on(stage, why, handle)
        failing = await eventually(lambda: stage.named(id_), lambda row: row.cause == "workflow_failing")

    assert (waits.health, still_waits.health, failing.health) == ("ok", "ok", "slow")
    assert waits.cause_since == still_waits.cause_since == still_waits.last_progress_at < before - timedelta(hours=2)
    assert before <= failing.last_progress_at == failing.cause_since == failing.health_since
    assert waits.cause_detail == still_waits.cause_detail


@pytest.mark.parametrize(("stood_for", "health"), [(950, "stuck"), (5, "slow")])
async def test_a_step_that_somebody_held_elsewhere_stands_still_as_if_there_had_been_no_pause(
    stage: Stage, stood_for: float, health: str
) -> None:
    id_, handle = await stage.start("failing", idle=stood_for)
    execution, service = WorkflowExecution(workflow_id=handle.id), stage.client.workflow_service
    async with working(stage):
        before = await eventually(lambda: stage.named(id_), lambda row: row.cause == "step_retrying")
        await service.pause_activity(
            PauseActivityRequest(namespace="default", execution=execution, type="create_schema")
        )
        paused = await eventually(lambda: stage.named(id_), lambda row: row.cause == "step_paused")
        await stage.sql(LASTS, id_)

        await service.unpause_activity(
            UnpauseActivityRequest(namespace="default", execution=execution, type="create_schema")
        )
        failing = await eventually(lambda: stage.named(id_), lambda row: row.cause == "step_retrying")

    assert (before.health, paused.health, failing.health) == (health, "ok", health)
    moved_by = failing.last_progress_at - before.last_progress_at
    assert timedelta() <= moved_by < timedelta(seconds=60)  # the hour of the pause was laid before both
    assert failing.last_progress_at == failing.cause_since == failing.health_since


async def test_a_run_that_somebody_let_go_on_sleeps_since_then(stage: Stage) -> None:
    id_, handle = await stage.start("timer", idle=LONG)
    service = stage.client.workflow_service
    async with working(stage):
        sleeps = await eventually(lambda: stage.named(id_), lambda row: row.cause == "sleeping")
        await service.pause_workflow_execution(
            PauseWorkflowExecutionRequest(namespace="default", workflow_id=handle.id)
        )
        paused = await eventually(lambda: stage.named(id_), lambda row: row.cause == "run_paused")
        before = await now(stage)
        await service.unpause_workflow_execution(
            UnpauseWorkflowExecutionRequest(namespace="default", workflow_id=handle.id)
        )
        after = await eventually(lambda: stage.named(id_), lambda row: row.cause == "sleeping")

    assert (sleeps.health, paused.health, after.health) == ("ok", "ok", "ok")
    assert sleeps.last_progress_at == paused.last_progress_at
    assert before <= after.last_progress_at == after.cause_since


async def test_a_cancel_that_a_waiting_run_does_not_take_is_no_trouble_at_once(stage: Stage) -> None:
    id_, _ = await stage.start("deaf", idle=LONG)
    async with working(stage):
        await eventually(lambda: stage.named(id_), lambda row: row.cause == "waiting")
        before = await now(stage)
        await stage.services.executions.cancel(OTTO, id_, "typed wrongly")
        await stage.services.deliverer.deliver_due()

        asked = await eventually(lambda: stage.named(id_), lambda row: row.cause == "cancel_pending")

    assert asked.health == "slow"
    assert before <= asked.last_progress_at == asked.cause_since == asked.health_since


async def go_on(stage: Stage, why: str, handle: WorkflowHandle[Still, None]) -> None:
    if why == "signal":
        await handle.signal("tell")
    if why == "child":
        await stage.client.get_workflow_handle(f"{handle.id}-child").signal("tell")


async def now(stage: Stage) -> datetime:
    """By the database's clock."""
    async with await AsyncConnection.connect(stage.services.database.dsn) as connection:
        row = await (await connection.execute("SELECT clock_timestamp()")).fetchone()
    assert row is not None
    moment: datetime = row[0]
    return moment
