"""Each cause is named within the time that is promised, by a watcher with the usual settings and nobody's help."""

import asyncio
from time import monotonic
from uuid import UUID

import pytest
from psycopg import AsyncConnection
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import (
    DeleteWorkflowExecutionRequest,
    PauseActivityRequest,
    PauseWorkflowExecutionRequest,
)

from operations.diagnosis.facts import Patience
from operations.diagnosis.leases import SILENCE
from operations.diagnosis.watcher import INTERVAL
from operations.statuses import Status
from tests.integration.diagnosis.still_runs import Stage, working
from workbench.servers import eventually

PROMISED = Patience().lasting.total_seconds() + INTERVAL
#: What a run does, and what it is called.
CAUSES = {
    "failing": "step_retrying",
    "hanging": "step_hanging",
    "broken": "workflow_failing",
    "timer": "sleeping",
    "signal": "waiting",
    "child": "waiting",
    "elsewhere": "no_worker",
    "nobody": "no_worker",
    "paused step": "step_paused",
    "paused run": "run_paused",
    "terminated": "drifted",
    "deleted": "gone",
    "undelivered": "not_started",
    "asked": "awaiting_approval",
}
DOES = {
    "nobody": "timer",
    "paused step": "failing",
    "paused run": "timer",
    "terminated": "timer",
    "deleted": "timer",
    "asked": "timer",
}


@pytest.mark.long
@pytest.mark.timeout(240)
async def test_each_cause_is_named_within_the_promised_time(stage: Stage) -> None:
    async with working(stage):
        runs = {why: await begin(stage, why) for why in CAUSES}
        began = monotonic()
        watching = asyncio.ensure_future(stage.watcher.run())
        named = dict(zip(CAUSES, await asyncio.gather(*(until(stage, runs[why], why) for why in CAUSES)), strict=True))
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    took = {why: round(at - began) for why, at in named.items()}
    print("seconds until named:", took)  # noqa: T201 - whoever asks with -s is told
    assert max(took.values()) <= PROMISED, took


@pytest.mark.long
@pytest.mark.timeout(240)
async def test_once_nobody_can_watch_a_run_is_unknown_within_the_promised_silence_and_known_again_after_it(
    stage: Stage,
) -> None:
    """Somebody holds what every watcher needs. PostgreSQL answers, so that nobody else says that something is wrong."""
    id_ = await stage.add_row(idle=0)
    await stage.sql(MOVES, id_)
    watching = asyncio.ensure_future(stage.services.lookout.watcher.run())
    await eventually(lambda: finished(stage), bool)
    before = await stage.seen(id_)

    async with await AsyncConnection.connect(stage.services.database.dsn) as holder:
        await holder.execute("LOCK TABLE diagnosis_state IN ACCESS EXCLUSIVE MODE")
        began = monotonic()
        unknown = await eventually(lambda: stage.seen(id_), lambda row: row.health == "unknown", within=SILENCE + 60)
        took = monotonic() - began
    after = await eventually(lambda: stage.seen(id_), lambda row: row.health == "ok", within=60)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)

    print("seconds until unknown:", round(took))  # noqa: T201 - whoever asks with -s is told
    assert (before.health, before.cause) == ("ok", None)
    assert (unknown.health, unknown.cause) == ("unknown", "unknown")
    assert (after.health, after.cause) == ("ok", None)
    assert took <= SILENCE + INTERVAL


async def finished(stage: Stage) -> bool:
    """Whether anybody has ended a round."""
    async with await AsyncConnection.connect(stage.services.database.dsn) as connection:
        row = await (await connection.execute("SELECT finished_at IS NOT NULL FROM diagnosis_state")).fetchone()
    return bool(row and row[0])


async def until(stage: Stage, id_: UUID, why: str) -> float:
    await eventually(lambda: stage.seen(id_), lambda row: row.cause == CAUSES[why], within=PROMISED + 30)
    return monotonic()


async def begin(stage: Stage, why: str) -> UUID:
    """A run that stands still from now on."""
    if why == "undelivered":
        id_ = await stage.add_row(status=Status.PENDING, idle=0)
        await stage.sql(START, id_)
        return id_
    queue = f"{stage.task_queue}-nobody" if why == "nobody" else None
    id_, handle = await stage.start(DOES.get(why, why), idle=0, queue=queue)
    execution, service = WorkflowExecution(workflow_id=handle.id), stage.client.workflow_service
    match why:
        case "paused step":
            pause = PauseActivityRequest(namespace="default", execution=execution, type="create_schema")
            await eventually(handle.describe, lambda seen: bool(seen.raw_description.pending_activities))
            await service.pause_activity(pause)
        case "paused run":
            await service.pause_workflow_execution(
                PauseWorkflowExecutionRequest(namespace="default", workflow_id=handle.id)
            )
        case "terminated":
            await handle.terminate("from outside")
        case "deleted":
            await service.delete_workflow_execution(
                DeleteWorkflowExecutionRequest(namespace="default", workflow_execution=execution)
            )
        case "asked":
            await stage.sql(ASK, id_)
    return id_


MOVES = "UPDATE workflow_executions SET last_progress_at = clock_timestamp() + interval '1 hour' WHERE id = %s"
START = """
    INSERT INTO commands (id, kind, execution_id, requested_by, tries, error, due_at)
    VALUES (gen_random_uuid(), 'start', %s, 'test', 3, 'Temporal refused it.', now() + '1 h'::interval)
"""
ASK = """
    INSERT INTO approval_requests (execution_id, requested_at, expires_at) VALUES (%s, now(), now() + '7 d'::interval)
"""
