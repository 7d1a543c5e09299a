"""A cancel, whenever it comes, ends the run in order: what it had made is taken back, and the row says so."""

from dataclasses import replace

import pytest

from operations import contracts
from operations.actions.tenants import Registered
from operations.queries.execution_views import ExecutionDetail
from operations.statuses import CloseReason, Status, StepStatus, TenantStatus
from operations.temporal import RunStatus
from tests.integration.durability.conftest import OPERATOR, Provisioning, Working
from tests.integration.durability.gates import Gates
from workbench.servers import eventually, insisting, run_worker


async def cancel(provisioning: Provisioning, registered: Registered) -> None:
    executions = provisioning.services.executions
    await insisting(lambda: executions.cancel(OPERATOR, registered.execution_id, "typed wrongly"))


async def cancel_requested(provisioning: Provisioning, registered: Registered) -> None:
    """Until Temporal has been told, not only the outbox."""

    async def states() -> list[str]:
        return await provisioning.column(
            "SELECT state FROM commands WHERE kind = 'cancel' AND execution_id = %s", registered.execution_id
        )

    await eventually(states, lambda seen: seen == ["delivered"])


async def cancel_from_outside(provisioning: Provisioning, registered: Registered) -> None:
    """By Temporal's own command line, say: the row, which the waiting step holds, is not asked."""
    workflow_id = (await provisioning.detail(registered.execution_id)).execution.workflow_id
    run = await provisioning.run(workflow_id)
    assert run is not None
    await provisioning.services.temporal.cancel(workflow_id, run.run_id, reason="by hand")


async def assert_canceled(provisioning: Provisioning, registered: Registered) -> ExecutionDetail:
    end = await provisioning.ended(registered.execution_id)
    assert (end.execution.status, end.execution.close_reason) == (Status.FAILED, CloseReason.CANCELED)
    assert await provisioning.tenant_status(registered.slug) is TenantStatus.FAILED
    assert (await provisioning.closed_run(end.execution.workflow_id)).status is RunStatus.CANCELED
    assert not await provisioning.has_schema(registered.slug)
    undone = [step.status for step in end.steps if step.name == contracts.DROP_SCHEMA]
    assert undone in ([], [StepStatus.COMPLETED])
    return end


@pytest.mark.usefixtures("delivering")
async def test_a_run_cancelled_before_its_first_task_ends_in_order(
    provisioning: Provisioning, temporal_address: str, task_queue: str
) -> None:
    registered = await provisioning.register("early")
    await eventually(
        lambda: provisioning.detail(registered.execution_id), lambda seen: seen.execution.status is Status.RUNNING
    )

    await cancel(provisioning, registered)
    await cancel_requested(provisioning, registered)

    async with run_worker(provisioning.services, temporal_address, task_queue):
        end = await assert_canceled(provisioning, registered)
    assert contracts.CREATE_SCHEMA not in [step.name for step in end.steps]


@pytest.mark.usefixtures("delivering", "worker")
async def test_a_run_cancelled_while_it_waits_for_approval_ends_in_order(provisioning: Provisioning) -> None:
    registered = await provisioning.register("undecided", "enterprise")
    await provisioning.waiting_for_approval(registered.execution_id)

    await cancel(provisioning, registered)

    end = await assert_canceled(provisioning, registered)
    assert end.execution.cause is None
    assert end.execution.error_message == f"Cancelled by {OPERATOR.name}: “typed wrongly”"


@pytest.mark.parametrize(
    "step",
    [
        contracts.CREATE_SCHEMA,
        contracts.MIGRATE_SCHEMA,
        contracts.VERIFY_SCHEMA,
        contracts.ADD_OWNER,
        contracts.SEED_DEFAULTS,
    ],
)
async def test_a_run_cancelled_in_a_step_takes_back_what_that_step_still_did(
    provisioning: Provisioning, gates: Gates, working: Working, step: str
) -> None:
    registered = await provisioning.register(f"late-in-{step.replace('_', '-')}")
    gate = await gates.close(step, str(registered.tenant_id))

    async with working():
        await eventually(gate.is_waited_for, bool)
        await cancel(provisioning, registered)
        await cancel_requested(provisioning, registered)
        await gate.open()

        await assert_canceled(provisioning, registered)


async def test_a_run_whose_step_fails_while_it_is_cancelled_is_canceled_all_the_same(
    provisioning: Provisioning, gates: Gates, working: Working
) -> None:
    """Temporal tries a step no more that fails after a cancel was asked for; the step's error is not the run's."""
    registered = await provisioning.register("stuck-then-cancelled")
    gate = await gates.close(contracts.ADD_OWNER, str(registered.tenant_id))

    async with working():
        await eventually(gate.is_waited_for, bool)
        await cancel_from_outside(provisioning, registered)
        await eventually(
            lambda: provisioning.detail(registered.execution_id),
            lambda seen: seen.execution.current_step == contracts.DROP_SCHEMA,
        )
        await gate.open()

        end = await assert_canceled(provisioning, registered)
    assert StepStatus.RUNNING not in [step.status for step in end.steps]
    assert end.execution.error_message == "Cancelled: “by hand”"


async def test_a_tenant_that_was_switched_on_when_the_cancel_came_stays_on(
    provisioning: Provisioning, gates: Gates, working: Working
) -> None:
    registered = await provisioning.register("too-late")
    gate = await gates.close(contracts.ACTIVATE_TENANT, str(registered.tenant_id))

    async with working():
        await eventually(gate.is_waited_for, bool)
        await cancel_from_outside(provisioning, registered)
        await gate.open()

        end = await assert_completed(provisioning, registered)
    assert end.events[-1].reason == "A cancel came too late, the work was done: “by hand”"


async def test_a_cancel_that_comes_while_the_end_is_reported_changes_nothing(
    provisioning: Provisioning, gates: Gates, working: Working
) -> None:
    registered = await provisioning.register("at-the-end")
    gate = await gates.close_status("completed", str(registered.tenant_id))

    async with working():
        await eventually(gate.is_waited_for, bool)
        await cancel_from_outside(provisioning, registered)
        await gate.open()

        await assert_completed(provisioning, registered)


async def test_a_removal_cancelled_while_it_is_announced_gives_the_tenant_back(
    provisioning: Provisioning, gates: Gates, working: Working
) -> None:
    registered = await provisioning.register("staying")
    async with working():
        await assert_completed(provisioning, registered)
    removal = await provisioning.services.tenants.deprovision(OPERATOR, "staying", "contract ended")
    gate = await gates.close(contracts.ANNOUNCE_DEPARTURE, str(registered.tenant_id))

    async with working():
        await eventually(gate.is_waited_for, bool)
        await cancel_from_outside(provisioning, replace(registered, execution_id=removal))
        await gate.open()
        end = await provisioning.ended(removal)

    assert end.execution.close_reason is CloseReason.CANCELED
    assert await provisioning.tenant_status("staying") is TenantStatus.ACTIVE


async def assert_completed(provisioning: Provisioning, registered: Registered) -> ExecutionDetail:
    end = await provisioning.ended(registered.execution_id)
    assert end.execution.status is Status.COMPLETED
    assert (await provisioning.closed_run(end.execution.workflow_id)).status is RunStatus.COMPLETED
    assert await provisioning.tenant_status(registered.slug) is TenantStatus.ACTIVE
    assert await provisioning.has_schema(registered.slug)
    return end
