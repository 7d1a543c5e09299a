"""Every reason to stand still is made for real, and named by the watcher."""

import re
from uuid import uuid4

import pytest
from google.protobuf.duration_pb2 import Duration
from psycopg import AsyncConnection
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import (
    DeleteWorkflowExecutionRequest,
    PauseActivityRequest,
    PauseWorkflowExecutionRequest,
    RegisterNamespaceRequest,
)
from temporalio.client import Client

from operations.access import Actor
from operations.actions.registration import Registration
from operations.bootstrap import Services
from operations.database import Database
from operations.queries.execution_views import ExecutionDetail
from operations.settings import Settings
from operations.statuses import Decision, Role, Status
from operations.temporal import Temporal
from tests.conftest import SECRET_KEY
from tests.integration.diagnosis.still_runs import Deployed, SomethingElse, Stage, working
from workbench.servers import beating, eventually
from workers import build as code

#: An id of which Temporal says that it is none.
NAMELESS = """
    INSERT INTO workflow_executions
        (id, workflow_id, workflow_type, entity_type, entity_id, task_queue, input, requested_by)
    VALUES (%s, '', 'tenant_provisioning', 'tenant', gen_random_uuid(), %s, '{}', 'test')
"""
RUNS = """
    UPDATE workflow_executions SET status = 'running', started_at = clock_timestamp(),
           last_progress_at = clock_timestamp() - interval '10 min' WHERE id = %s
"""
OTTO = Actor(name="otto@example.com", role=Role.OPERATOR)


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

    async with working(stage, SomethingElse):
        seen = await eventually(lambda: stage.named(id_), lambda row: row.cause == "wrong_build")

    assert (seen.health, "is not registered on this worker" in (seen.cause_detail or "")) == ("stuck", True)


async def test_a_run_whose_build_is_gone_is_of_the_wrong_build_and_names_it(
    stage: Stage, temporal_address: str
) -> None:
    client = await Client.connect(temporal_address, runtime=beating())
    settings = Settings.model_construct(task_queue=stage.task_queue, worker_versioning=True)
    builds = stage.services.deployments
    async with working(stage, client=client, deployment=code.deployment(settings, "one")):
        await eventually(builds.builds, bool)
        await builds.make_current("one", by="test")
        id_, handle = await stage.start("timer")
        await eventually(lambda: stage.named(id_), lambda row: row.cause == "sleeping")
    await handle.signal("wake up")  # a run that sleeps needs no worker

    async with working(stage, client=client, deployment=code.deployment(settings, "two")):
        seen = await eventually(lambda: stage.named(id_), lambda row: row.cause == "wrong_build")
        await stage.age(id_)
        later = await stage.named(id_)

    assert seen.health != later.health == "stuck"  # it slept until somebody woke it, and may be slow by now
    assert seen.cause_detail == later.cause_detail == "No worker has the code “one” that it needs."


async def test_without_the_search_attribute_starts_wait_and_say_so_and_go_on_once_it_is_there(
    database: Database, temporal_address: str, task_queue: str
) -> None:
    name = f"bare-{task_queue}"
    temporal = await Temporal.at(temporal_address, name)
    bare = RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=Duration(seconds=86_400))
    await temporal.client.workflow_service.register_namespace(bare)
    services = Services.assemble(database, temporal, name="test", task_queue=task_queue, secret_key=SECRET_KEY)
    wanted = Registration(slug="unmarked", name="Unmarked", owner_email="owner@unmarked.example")
    id_ = (await services.tenants.register(OTTO, wanted)).execution_id

    async def delivered() -> ExecutionDetail:
        await services.deliverer.deliver_due()
        return await services.reads.executions.detail(id_)

    await eventually(delivered, lambda seen: "OperationUUID" in ((seen.start and seen.start.error) or ""))
    async with await AsyncConnection.connect(database.dsn) as connection:
        await connection.execute("UPDATE workflow_executions SET last_progress_at = now() - interval '3 minutes'")
    await services.lookout.watcher.tend()
    refused = (await services.reads.executions.detail(id_)).execution
    lines = {line.name: line for line in await services.lookout.doctor.examine()}
    await eventually(temporal.ensure_search_attribute, bool)
    started = await eventually(delivered, lambda seen: seen.execution.status is Status.RUNNING)

    assert (refused.status, refused.cause, refused.health) == (Status.PENDING, "not_started", "stuck")
    assert "OperationUUID" in (refused.cause_detail or "")
    assert "every start is refused" in lines["search_attribute"].found[0]
    assert started.execution.run_id is not None


async def test_a_bad_deploy_is_said_to_contradict_what_runs_have_done(stage: Stage) -> None:
    id_, _ = await stage.start("timer")
    async with working(stage):
        await eventually(lambda: stage.named(id_), lambda row: row.cause == "sleeping")
    before = await stage.seen(id_)
    handle = stage.client.get_workflow_handle(before.workflow_id)
    await handle.signal("wake up")  # whoever has new code sees the history only when there is something to do

    async with working(stage, Deployed):
        seen = await eventually(lambda: stage.named(id_), lambda row: row.cause == "workflow_failing")
        await stage.age(id_)
        later = await stage.named(id_)

    assert before.health == "ok"
    assert seen.health != later.health == "stuck"  # it may be slow by now
    diagnosis = (await stage.services.reads.executions.detail(id_)).execution.diagnosis
    assert diagnosis is not None
    assert re.match(r"The code of build \w+ does not match this run's history: \w", diagnosis.sentence), diagnosis


async def test_a_cancel_that_is_not_taken_is_named_with_who_asked(stage: Stage) -> None:
    id_, handle = await stage.start("deaf")
    async with working(stage):
        await eventually(lambda: stage.named(id_), lambda row: row.cause == "waiting")
        await stage.services.executions.cancel(OTTO, id_, "typed wrongly")
        await stage.services.deliverer.deliver_due()
        await stage.sql("UPDATE commands SET settled_at = settled_at - '5 min'::interval WHERE kind = 'cancel'")

        seen = await eventually(lambda: stage.named(id_), lambda row: row.cause == "cancel_pending")

    assert (seen.health, seen.cause_detail) == (
        "stuck",
        "A cancel was asked for by otto@example.com, and the run has not taken it: it still works.",
    )
    assert (await handle.describe()).close_time is None


async def test_a_start_that_temporal_refuses_is_named_at_once_and_nothing_ended_looks_stuck(stage: Stage) -> None:
    id_ = await stage.add_row(status=Status.PENDING)
    await stage.sql("UPDATE workflow_executions SET workflow_type = 'of_another_version' WHERE id = %s", id_)
    await stage.sql(
        "INSERT INTO commands (id, kind, execution_id, requested_by) VALUES (gen_random_uuid(), 'start', %s, 'test')",
        id_,
    )

    await stage.services.deliverer.deliver_due()

    seen = await stage.seen(id_)
    assert (seen.status, seen.cause, seen.health) == (Status.FAILED, "start_rejected", "ok")


@pytest.mark.long
async def test_whoever_waits_for_a_decision_is_told_that_no_worker_is_there_and_can_have_one(stage: Stage) -> None:
    id_, _ = await stage.start("timer")
    await stage.sql(
        "INSERT INTO approval_requests (execution_id, requested_at, expires_at)"
        " VALUES (%s, now(), now() + '7 d'::interval)",
        id_,
    )

    is_said = "No worker is there"
    seen = await eventually(lambda: stage.named(id_), lambda row: is_said in (row.cause_detail or ""), within=60)
    decided = await stage.services.executions.decide(OTTO, id_, Decision.APPROVED, "contract signed")

    assert (seen.cause, seen.health, decided) == ("awaiting_approval", "ok", Decision.APPROVED)


@pytest.mark.long
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


async def test_a_run_that_temporal_refuses_to_describe_is_unknown_and_the_others_are_named(stage: Stage) -> None:
    id_, other = uuid4(), await stage.add_row()
    await stage.sql(NAMELESS, id_, stage.task_queue)
    await stage.sql(RUNS, id_)

    async with working(stage):
        seen = await eventually(lambda: stage.named(id_), lambda row: row.cause == "unknown")
        named = await eventually(lambda: stage.named(other), lambda row: row.cause == "gone")

    assert (seen.health, seen.cause_detail) == ("unknown", "It does not move, and nothing that is known says why.")
    assert named.health == "drift"


async def test_a_person_who_is_waited_for_is_no_trouble(stage: Stage) -> None:
    id_ = await stage.add_row()
    await stage.sql(
        "INSERT INTO approval_requests (execution_id, requested_at, expires_at)"
        " VALUES (%s, now(), now() + '7 d'::interval)",
        id_,
    )

    seen = await stage.named(id_)

    assert (seen.health, seen.cause) == ("ok", "awaiting_approval")
