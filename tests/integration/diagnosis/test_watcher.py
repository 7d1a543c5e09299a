"""Every reason to stand still is made for real, and named by the watcher."""

from dataclasses import replace
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

from operations.database import Database
from operations.diagnosis.facts import Patience
from operations.diagnosis.watcher import Watcher
from operations.liveness import Part
from operations.queries.execution_views import ExecutionView
from operations.statuses import Status
from operations.temporal import Temporal
from tests.factories import set_status
from tests.integration.diagnosis.still_runs import Stage, working
from tests.proxies import Proxy, proxy_to
from workbench.servers import eventually


@pytest.mark.parametrize(
    ("why", "health", "cause", "said"),
    [
        ("failing", "stuck", "step_retrying", "permission denied for schema public"),
        ("hanging", "stuck", "step_hanging", "“Migrate schema” has begun and says nothing."),
        ("broken", "stuck", "workflow_failing", "the code has a mistake"),
        ("timer", "ok", "sleeping", "It sleeps until"),
        ("signal", "ok", "waiting", "It waits for a signal from outside."),
        ("child", "ok", "waiting", "It waits for another workflow"),
    ],
)
async def test_a_run_that_stands_still_is_looked_at_and_named(
    stage: Stage, why: str, health: str, cause: str, said: str
) -> None:
    id_, _ = await stage.start(why)

    async with working(stage):
        seen = await eventually(lambda: stage.named(id_), lambda row: row.cause == cause)

    assert (seen.health, seen.cause) == (health, cause)
    assert said in (seen.cause_detail or "")


async def test_a_worker_without_the_workflow_is_of_the_wrong_build(stage: Stage) -> None:
    id_, _ = await stage.start("timer")

    async with working(stage, knows_it=False):
        seen = await eventually(lambda: stage.named(id_), lambda row: row.cause == "wrong_build")

    assert (seen.health, "is not registered on this worker" in (seen.cause_detail or "")) == ("stuck", True)


async def test_without_a_worker_no_run_is_described(stage: Stage) -> None:
    for _ in range(3):
        id_, _ = await stage.start("timer")
    seen = await eventually(lambda: stage.named(id_), lambda row: row.cause == "no_worker")

    done = await stage.round()

    assert (seen.health, seen.cause_detail) == ("stuck", f"No worker takes work from the queue “{stage.task_queue}”.")
    assert (done.still, done.described, done.asked) == (3, 0, 1)


async def test_a_step_on_a_queue_that_nobody_serves_names_that_queue(stage: Stage) -> None:
    id_, _ = await stage.start("elsewhere")

    async with working(stage):
        seen = await eventually(lambda: stage.named_again(id_), lambda row: row.cause == "no_worker")

    assert f"“{stage.task_queue}-nobody”" in (seen.cause_detail or "")


async def test_a_paused_step_and_who_paused_it_are_named(stage: Stage) -> None:
    id_, handle = await stage.start("failing")
    execution = WorkflowExecution(workflow_id=handle.id)
    request = PauseActivityRequest(
        namespace="default", execution=execution, identity="ops@example.com", type="create_schema", reason="incident 42"
    )

    async with working(stage):
        await eventually(lambda: stage.named(id_), lambda row: row.cause == "step_retrying")
        await stage.client.workflow_service.pause_activity(request)
        seen = await eventually(lambda: stage.named(id_), lambda row: row.cause == "step_paused")

    assert seen.cause_detail == "“Create schema” was paused by ops@example.com: “incident 42”."


async def test_a_paused_run_is_named(stage: Stage) -> None:
    id_, handle = await stage.start("timer")
    request = PauseWorkflowExecutionRequest(
        namespace="default", workflow_id=handle.id, identity="ops@example.com", reason="incident 42"
    )

    async with working(stage):
        await eventually(lambda: stage.named(id_), lambda row: row.cause == "sleeping")
        await stage.client.workflow_service.pause_workflow_execution(request)
        seen = await eventually(lambda: stage.named(id_), lambda row: row.cause == "run_paused")

    assert seen.cause_detail == "The run was paused by ops@example.com: “incident 42”."


async def test_runs_that_were_ended_or_deleted_from_outside_have_drifted(stage: Stage) -> None:
    ended, handle = await stage.start("timer")
    deleted, lost = await stage.start("timer")
    async with working(stage):
        await eventually(lambda: stage.named(ended), lambda row: row.cause == "sleeping")
        await handle.terminate("from outside")
        execution = WorkflowExecution(workflow_id=lost.id)
        request = DeleteWorkflowExecutionRequest(namespace="default", workflow_execution=execution)
        await stage.client.workflow_service.delete_workflow_execution(request)

        drifted = await eventually(lambda: stage.named(ended), lambda row: row.cause == "drifted")
        gone = await eventually(lambda: stage.named(deleted), lambda row: row.cause == "gone")

    assert (drifted.health, gone.health) == ("drift", "drift")


async def test_a_start_that_is_not_delivered_is_named_with_why(stage: Stage) -> None:
    id_ = await stage.add_row(status=Status.PENDING)
    await stage.sql(
        "INSERT INTO commands (id, kind, execution_id, requested_by, tries, error, due_at)"
        " VALUES (gen_random_uuid(), 'start', %s, 'test', 3, 'No search attribute.', now() + '1 h'::interval)",
        id_,
    )

    seen = await stage.named(id_)

    assert (seen.cause, seen.cause_detail) == ("not_started", "No search attribute.")


async def test_a_person_who_is_waited_for_is_no_trouble(stage: Stage) -> None:
    id_ = await stage.add_row()
    await stage.sql(
        "INSERT INTO approval_requests (execution_id, requested_at, expires_at)"
        " VALUES (%s, now(), now() + '7 d'::interval)",
        id_,
    )

    seen = await stage.named(id_)

    assert (seen.health, seen.cause) == ("ok", "awaiting_approval")


async def test_what_moves_is_not_looked_at(stage: Stage) -> None:
    await stage.add_row(idle=5)

    done = await stage.round()

    assert (done.still, done.asked) == (0, 0)


async def test_while_temporal_is_frozen_nothing_is_fine(stage: Stage, temporal_address: str) -> None:
    id_ = await stage.add_row()
    async with proxy_to(temporal_address) as proxy:
        watcher = await through(proxy, stage)
        await watcher.tend()
        proxy.freeze()

        async def look() -> ExecutionView:
            await watcher.tend()
            return await stage.seen(id_)

        seen = await eventually(look, lambda row: row.cause == "temporal_unreachable")

    assert seen.health == "unknown"


async def test_what_nothing_explains_is_unknown_and_only_news_is_written(stage: Stage, database: Database) -> None:
    id_, _ = await stage.start("hanging")
    async with working(stage):
        first = await eventually(lambda: stage.named(id_), lambda row: row.cause == "step_hanging")

        again = await stage.named(id_)

    assert again.updated_at == first.updated_at


async def test_a_watcher_that_lost_its_lease_writes_nothing(stage: Stage) -> None:
    other = Watcher.of(stage.services.database, stage.services.temporal, name="other", patience=Patience())
    await stage.round()

    assert await other.tend() is None


async def through(proxy: Proxy, stage: Stage) -> Watcher:
    temporal = await Temporal.at(proxy.address)
    await stage.sql("UPDATE diagnosis_state SET holder = NULL")
    return Watcher.of(stage.services.database, temporal, name="frozen", patience=Patience())


async def test_while_nobody_watches_health_is_unknown_and_not_the_past(stage: Stage) -> None:
    running = await stage.add_row()
    ended = await stage.add_row()
    await stage.sql("UPDATE workflow_executions SET health = 'stuck', cause = 'no_worker' WHERE id = %s", running)
    await end(stage, ended)
    silent = replace(stage.services.reads.executions, is_watched=lambda: False)

    seen, over = (await silent.detail(running)).execution, (await silent.detail(ended)).execution

    assert (seen.health, seen.cause, over.health) == ("unknown", "no_worker", "ok")


async def test_a_watcher_that_fails_every_time_is_an_outage_and_one_elsewhere_is_none(stage: Stage) -> None:
    silent, fresh = stage.watcher, replace(stage.watcher, name="elsewhere")
    silent._is_running = fresh._is_running = True
    silent._round_at = monotonic() - 100
    await stage.sql("UPDATE diagnosis_state SET holder = 'other', finished_at = now(), lease_expires_at = 'infinity'")

    before = [outage.part for outage in silent.outages]
    await silent.tend()

    assert (before, silent.outages, fresh.outages) == ([Part.DIAGNOSIS], (), ())


async def end(stage: Stage, id_: UUID) -> None:
    async with await AsyncConnection.connect(stage.services.database.dsn) as connection:
        await set_status(connection, id_, Status.FAILED)
