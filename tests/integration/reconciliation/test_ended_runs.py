"""Runs that ended while nobody told the database: their rows say so after one pass, in the right words."""

from datetime import timedelta

import pytest

from operations.reconciliation.passes import PassResult
from operations.statuses import CloseReason, FindingKind, PassOutcome, Status
from tests.integration.reconciliation.runs import Started, World
from workbench.servers import eventually


async def healed(world: World, started: Started) -> PassResult:
    """One pass heals, the next one changes nothing."""
    await world.until_closed(started.workflow_id)
    first = await world.run_pass()
    second = await world.run_pass()
    assert (second.outcome, second.healed, second.unknown) == (PassOutcome.COMPLETED, 0, 0)
    assert second.described == 0
    assert first.described == 1
    assert [kind for kind, *_ in await world.events(started.id)] == ["status"]
    return first


async def test_a_terminated_run_fails_its_row_and_its_tenant(world: World) -> None:
    started = await world.start()
    await world.client.get_workflow_handle(started.workflow_id).terminate(reason="wrong customer")

    result = await healed(world, started)

    row, run = await world.row(started.id), await world.services.temporal.describe(started.workflow_id)
    assert (result.outcome, result.healed) == (PassOutcome.COMPLETED, 1)
    assert (row.status, row.close_reason) == (Status.FAILED, CloseReason.TERMINATED)
    assert row.error_message == f"Terminated by {world.client.identity}: “wrong customer”"
    assert run is not None
    assert row.completed_at == run.closed_at
    assert await world.tenant_status(started) == "failed"
    assert await world.findings() == [(FindingKind.ENDED, started.workflow_id, False)]


async def test_a_run_that_ended_before_its_first_task_fails_its_pending_row(world: World) -> None:
    started = await world.start(status=Status.PENDING)
    await started.handle.terminate(reason="nobody works here")

    await healed(world, started)

    row = await world.row(started.id)
    assert (row.status, row.close_reason) == (Status.FAILED, CloseReason.TERMINATED)
    assert row.run_id == started.handle.result_run_id
    assert row.started_at is not None
    assert await world.tenant_status(started) == "failed"


@pytest.mark.usefixtures("obedient")
@pytest.mark.parametrize("what", ["sleep", "work"])
async def test_a_cancelled_run_is_canceled_wherever_it_was(world: World, what: str) -> None:
    started = await world.start(what)

    async def has_begun() -> int:
        return (await started.handle.describe()).history_length

    await eventually(has_begun, lambda length: length >= 5)
    await started.handle.cancel(reason="typed wrongly")

    await healed(world, started)

    row = await world.row(started.id)
    assert row.close_reason is CloseReason.CANCELED
    assert row.error_message == f"Cancelled by {world.client.identity}: “typed wrongly”"
    assert await world.tenant_status(started) == "failed"


@pytest.mark.usefixtures("obedient")
async def test_a_cancel_before_the_first_task_is_found(world: World) -> None:
    started = await world.start(status=Status.PENDING)
    await started.handle.cancel()

    await healed(world, started)

    assert (await world.row(started.id)).close_reason is CloseReason.CANCELED


async def test_a_run_that_timed_out_is_timed_out(world: World) -> None:
    started = await world.start(limit=timedelta(seconds=1))

    await healed(world, started)

    row = await world.row(started.id)
    assert row.close_reason is CloseReason.TIMED_OUT
    assert row.error_message == "Timed out: the time limit of the whole run passed."


@pytest.mark.usefixtures("obedient")
async def test_a_failed_run_tells_its_innermost_cause(world: World) -> None:
    failed, rejected = await world.start("fail"), await world.start("reject")
    await world.until_closed(failed.workflow_id)
    await world.until_closed(rejected.workflow_id)

    result = await world.run_pass()

    row = await world.row(failed.id)
    assert result.healed == 2
    assert (row.close_reason, row.error_message) == (CloseReason.ERROR, "OutOfSpace: disk full")
    assert (await world.row(rejected.id)).close_reason is CloseReason.REJECTED
    assert (await world.run_pass()).healed == 0


@pytest.mark.usefixtures("obedient")
async def test_a_completed_run_completes_a_row_whose_running_was_lost(world: World) -> None:
    started = await world.start("end", status=Status.PENDING)

    await healed(world, started)

    row = await world.row(started.id)
    assert (row.status, row.close_reason, row.error_message) == (Status.COMPLETED, None, None)
    assert row.started_at is not None
    assert await world.tenant_status(started) == "provisioning"
    assert (FindingKind.TENANT_NOT_ACTIVE, started.workflow_id, True) in await world.findings()


async def test_a_pending_row_follows_its_open_run(world: World) -> None:
    started = await world.start(status=Status.PENDING)

    first, second = await world.run_pass(), await world.run_pass()

    row = await world.row(started.id)
    assert (first.healed, second.healed) == (1, 0)
    assert (row.status, row.run_id) == (Status.RUNNING, started.handle.result_run_id)


async def test_an_active_tenant_stays_active_and_somebody_is_told(world: World) -> None:
    started = await world.start()
    await world.sql("UPDATE tenants SET status = 'active' WHERE id = %s", started.tenant_id)
    await started.handle.terminate(reason="too late")

    await world.run_pass()
    await world.run_pass()

    assert await world.tenant_status(started) == "active"
    assert (FindingKind.TENANT_ACTIVE, started.workflow_id, True) in await world.findings()
