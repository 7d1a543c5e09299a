"""Runs that vanished, were replaced, or go on although their rows say otherwise."""

import asyncio
import itertools
import os
from dataclasses import replace
from time import monotonic
from uuid import uuid4

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import PauseWorkflowExecutionRequest, ResetWorkflowExecutionRequest

from operations import tenant_kinds
from operations.access import Actor
from operations.actions.registration import Registration
from operations.reconciliation.passes import PassResult, Reconciler
from operations.statuses import CloseReason, FindingKind, PassOutcome, PassTrigger, Status
from operations.temporal import Run, Temporal
from tests.integration.reconciliation.runs import LIMITS, Started, World, marked
from workbench.servers import eventually

FRESH_SECONDS = float(os.environ.get("TENANTRY_TEST_FRESH_SECONDS", "60"))  #: how long passes follow each other


async def until_gone(world: World, started: Started) -> None:
    async def look() -> bool:
        return await world.services.temporal.describe(started.workflow_id) is None

    await eventually(look, bool)


async def test_a_deleted_run_is_not_found_after_two_passes(world: World) -> None:
    started = await world.start()
    await started.delete(world.client)
    await until_gone(world, started)

    first = await world.run_pass()
    between = await world.row(started.id)
    second = await world.run_pass()
    third = await world.run_pass()

    row = await world.row(started.id)
    assert [first.healed, second.healed, third.healed] == [0, 1, 0]
    assert between.status is Status.RUNNING
    assert (row.status, row.close_reason) == (Status.FAILED, CloseReason.NOT_FOUND)
    assert row.error_message is not None
    assert row.error_message.startswith("Temporal does not know the run any more")
    assert await world.tenant_status(started) == "failed"
    assert await world.findings() == [(FindingKind.GONE, started.workflow_id, False)]


async def test_a_pending_row_that_nobody_starts_is_started(world: World) -> None:
    forgotten, _, workflow_id = await world.add_row(status=Status.PENDING)

    first, second = await world.run_pass(), await world.run_pass()

    [[state]] = await world.sql("SELECT state FROM commands WHERE execution_id = %s", forgotten)
    assert (first.healed, second.healed, state) == (1, 0, "queued")
    assert await world.findings() == [(FindingKind.NEVER_STARTED, workflow_id, False)]


async def test_a_pending_row_whose_start_was_delivered_is_not_started_twice(world: World) -> None:
    delivered, _, _ = await world.add_row(status=Status.PENDING)
    await world.sql(
        "INSERT INTO commands (kind, execution_id, requested_by, state, settled_at) "
        "VALUES ('start', %s, 'test', 'delivered', now())",
        delivered,
    )

    await world.run_pass()
    await world.run_pass()

    assert (await world.row(delivered)).close_reason is CloseReason.NOT_FOUND
    assert await world.sql("SELECT state FROM commands") == [("delivered",)]


@pytest.mark.usefixtures("obedient")
async def test_a_row_follows_a_reset_and_says_how_the_new_run_ends(world: World) -> None:
    started = await world.start()

    async def has_begun() -> int:
        return (await started.handle.describe()).history_length

    await eventually(has_begun, lambda length: length >= 4)
    answer = await world.client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace="default",
            workflow_execution=WorkflowExecution(workflow_id=started.workflow_id),
            workflow_task_finish_event_id=4,
            request_id=str(uuid4()),
            reason="try again",
        )
    )

    first, second = await world.run_pass(), await world.run_pass()

    row = await world.row(started.id)
    assert (first.healed, second.healed) == (1, 0)
    assert (row.status, row.run_id) == (Status.RUNNING, answer.run_id)
    await world.client.get_workflow_handle(started.workflow_id).terminate()
    await world.run_pass()
    assert (await world.row(started.id)).close_reason is CloseReason.TERMINATED


@pytest.mark.usefixtures("obedient")
async def test_a_row_follows_a_run_that_continued_as_new(world: World) -> None:
    started = await world.start("again")

    async def latest() -> Run | None:
        return await world.services.temporal.describe(started.workflow_id)

    run = await eventually(latest, lambda seen: seen is not None and seen.run_id != started.handle.result_run_id)
    first, second = await world.run_pass(), await world.run_pass()

    assert run is not None
    assert (first.healed, second.healed) == (1, 0)
    assert (await world.row(started.id)).run_id == run.run_id


async def test_a_row_that_was_ended_by_hand_goes_on_with_its_run(world: World) -> None:
    started = await world.start()
    await world.tamper(started.id, Status.FAILED, "error")
    await world.sql("UPDATE tenants SET status = 'failed' WHERE id = %s", started.tenant_id)

    first, second = await world.run_pass(), await world.run_pass()

    row = await world.row(started.id)
    assert (first.healed, second.healed) == (1, 0)
    assert (row.status, row.close_reason, row.completed_at) == (Status.RUNNING, None, None)
    assert await world.tenant_status(started) == "provisioning"
    assert await world.events(started.id) == [("corrected", "failed", "running")]


@pytest.mark.usefixtures("obedient")
async def test_a_row_that_says_completed_of_a_terminated_run_is_corrected(world: World) -> None:
    honest, tampered = await world.start("end"), await world.start()
    await tampered.handle.terminate(reason="stop")
    await world.until_closed(honest.workflow_id)
    await world.tamper(honest.id, Status.COMPLETED)
    await world.tamper(tampered.id, Status.COMPLETED)

    first, second = await world.run_pass(), await world.run_pass()

    row = await world.row(tampered.id)
    [[verified]] = await world.sql("SELECT verified_at IS NOT NULL FROM workflow_executions WHERE id = %s", honest.id)
    assert (first.healed, first.described, second.healed, second.described) == (1, 1, 0, 0)
    assert row.close_reason is CloseReason.TERMINATED
    assert verified is True
    assert await world.events(honest.id) == []
    assert await world.events(tampered.id) == [("corrected", "completed", "failed")]


async def test_a_strangers_run_under_our_id_is_shown_and_left_alone(world: World) -> None:
    ours, _, workflow_id = await world.add_row()
    stranger = await world.client.start_workflow(
        "TenantProvisioningWorkflow", args=["sleep", None], id=workflow_id, task_queue=world.task_queue,
        search_attributes=marked(uuid4()),
    )  # fmt: skip

    first, second = await world.run_pass(), await world.run_pass()

    assert (first.healed, second.healed) == (0, 0)
    assert (await world.row(ours)).status is Status.RUNNING
    assert await world.findings() == [(FindingKind.FOREIGN, workflow_id, True)]
    assert (await stranger.describe()).status is not None
    await stranger.terminate()


async def test_a_paused_run_is_open_and_stops_nobody(world: World) -> None:
    paused, ended = await world.start(), await world.start()
    await world.client.workflow_service.pause_workflow_execution(
        PauseWorkflowExecutionRequest(
            namespace="default", workflow_id=paused.workflow_id, run_id=paused.handle.result_run_id or "", reason="wait"
        )
    )
    await ended.handle.terminate()

    result = await world.run_pass()

    assert (result.outcome, result.healed, result.unknown) == (PassOutcome.COMPLETED, 1, 0)
    assert (await world.row(paused.id)).status is Status.RUNNING


class Stubborn(Temporal):
    """Cannot describe one run, as when Temporal's answer cannot be read; no real server does this on demand."""

    async def describe(self, workflow_id: str, run_id: str = "") -> Run | None:
        if workflow_id.endswith("0000"):
            raise ValueError("8 is not a valid status")
        return await Temporal.describe(self, workflow_id, run_id)


async def test_a_run_that_cannot_be_described_does_not_stop_the_others(world: World) -> None:
    others = [await world.start() for _ in range(3)]
    for each in others:
        await each.handle.terminate()
    bad, _, _ = await world.add_row()
    await world.sql("INSERT INTO workflow_executions (workflow_id, workflow_type, entity_type, entity_id, task_queue, "
                    "input, requested_by) VALUES ('test-0000', 'tenant_provisioning', 'tenant', "
                    "gen_random_uuid(), 'x', '{}', 'test')")  # fmt: skip
    stubborn = Reconciler(
        database=world.services.database,
        temporal=Stubborn(client=world.client),
        name="stubborn",
        task_queue=world.task_queue,
        wake=world.services.deliverer.wake,
        provisioning=tenant_kinds.PROVISIONING,
        limits=world.reconciler.limits,
    )
    await asyncio.sleep(0.1)

    result = await stubborn.run_pass(PassTrigger.OPERATOR, "test")

    assert (result.outcome, result.healed, result.unknown) == (PassOutcome.COMPLETED, 3, 1)
    assert (await world.row(bad)).status is Status.RUNNING


@pytest.mark.long
@pytest.mark.timeout(FRESH_SECONDS + 180)
@pytest.mark.usefixtures("worker", "delivering")
async def test_pass_after_pass_over_fresh_runs_touches_no_live_run(world: World) -> None:
    """Runs begin and end all the time, lists lag, and the grace is half the usual; no write may be wrong."""
    world.reconciler.limits = replace(LIMITS, grace=5.0)
    results: list[PassResult] = []
    until = monotonic() + FRESH_SECONDS

    async def register() -> None:
        for number in itertools.count():
            if monotonic() > until:
                return
            slug = f"fresh-{number}"
            registration = Registration(slug=slug, name=slug, owner_email=f"{slug}@example.com", plan="starter")
            await world.services.tenants.register(Actor.system("test"), registration)
            await asyncio.sleep(0.25)

    async with asyncio.TaskGroup() as group:
        group.create_task(register())
        while monotonic() < until:
            results.append(await world.reconciler.run_pass(PassTrigger.OPERATOR, "test"))
            await asyncio.sleep(1.0)

    async def open_rows() -> list[tuple[object, ...]]:
        return await world.sql("SELECT 1 FROM workflow_executions WHERE status IN ('pending', 'running')")

    await eventually(open_rows, lambda rows: not rows, within=90)
    assert sum(each.checked for each in results) > 0
    assert {each.outcome for each in results} == {PassOutcome.COMPLETED}
    assert await world.sql("SELECT DISTINCT status FROM workflow_executions") == [("completed",)]
    assert await world.sql("SELECT 1 FROM execution_events WHERE kind = 'corrected'") == []
    assert {kind for kind, _, _ in await world.findings()} <= {FindingKind.STARTED}
