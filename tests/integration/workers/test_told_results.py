"""Whoever may write in the namespace can say that a step is done; what must be so is looked at where it counts."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import pytest
from temporalio.client import WorkflowHandle

from operations import contracts
from operations.bootstrap import Services
from operations.queries.execution_views import ExecutionDetail
from operations.queries.reconciliation_views import FindingFilter, Standing
from operations.reconciliation.limits import Limits
from operations.statuses import Decision, FindingKind, PassTrigger, Status, TenantStatus
from tests.integration.durability.gates import Gates
from tests.integration.workers.strangers import OTTO, Town
from tests.integration.workers.test_honest_runs import register
from workbench.servers import RunningWorker, eventually


@pytest.fixture
async def gates(services: Services) -> AsyncIterator[Gates]:
    async with Gates.at(services.database.dsn) as opened:
        yield opened


@pytest.fixture
def town(services: Services, worker: RunningWorker, delivering: None, task_queue: str) -> Town:
    return Town(services=services, client=worker.client, task_queue=task_queue)


async def say_it_is_done(town: Town, handle: WorkflowHandle[object, object], name: str, result: object) -> None:
    """As `temporal activity complete` does."""

    async def look() -> list[str]:
        pending = (await handle.describe()).raw_description.pending_activities
        return [each.activity_id for each in pending if each.activity_type.name == name]

    [activity_id] = await eventually(look, bool)
    run = await town.services.temporal.describe(handle.id)
    assert run is not None
    told = town.client.get_async_activity_handle(workflow_id=handle.id, run_id=run.run_id, activity_id=activity_id)
    await told.complete(result)


async def test_an_approval_that_only_a_stranger_gave_makes_nothing_and_can_still_be_given(
    town: Town, gates: Gates
) -> None:
    services = town.services
    registered = await register(services, plan="enterprise")

    async def look() -> ExecutionDetail:
        return await services.reads.executions.detail(registered.execution_id)

    await eventually(look, lambda seen: seen.awaits_decision)
    handle = town.client.get_workflow_handle(f"tenant-provision-{registered.slug}")
    gate = await gates.close(contracts.SETTLE_APPROVAL, str(registered.tenant_id))
    await handle.signal(contracts.DECIDED)
    await eventually(gate.is_waited_for, bool)
    await say_it_is_done(town, handle, contracts.SETTLE_APPROVAL, "approved")
    await gate.open()

    stuck = await eventually(look, lambda seen: "Nobody has approved" in (seen.execution.cause_detail or ""))

    assert stuck.awaits_decision
    [[schemas]] = await town.sql("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'tenant\\_%%'")
    assert schemas == 0
    await services.executions.decide(OTTO, registered.execution_id, Decision.APPROVED, "paid")
    done = await eventually(look, lambda seen: seen.execution.status.is_final, within=60)
    assert done.execution.status is Status.COMPLETED
    assert (await services.reads.tenants.by_slug(registered.slug)).status is TenantStatus.ACTIVE


async def test_a_deletion_that_only_a_stranger_reported_is_found_and_can_be_completed(town: Town, gates: Gates) -> None:
    services = town.services
    acme = await town.customer("acme")
    gate = await gates.close_table(f"tenant_{acme.tenant_id.hex}.documents")
    leaving = await replace(services.tenants, deprovision_wait=0.1).deprovision(OTTO, acme.slug, "moves away")
    handle = town.client.get_workflow_handle(f"tenant-deprovision-{acme.slug}")
    await eventually(gate.is_waited_for, bool)
    await say_it_is_done(town, handle, contracts.DELETE_TENANT, True)
    await town.ended(leaving)  # the step that still waits is refused from now on
    await gate.open()
    await handle.result()  # a pass with so little patience would take the moment until Temporal knows for a difference
    reconciler = replace(services.reconciler, limits=Limits(grace=0.05))

    async def look() -> list[UUID | None]:
        await reconciler.run_pass(PassTrigger.OPERATOR, OTTO.name)
        page = await services.reads.reconciliation.findings(FindingFilter(standing=Standing.OPEN))
        return [each.execution_id for each in page.items if each.kind is FindingKind.TENANT_NOT_DELETED]

    assert await eventually(look, bool) == [leaving]
    again = await services.executions.retry(OTTO, leaving, "it is still there")
    await town.ended(again.attempt)

    assert (await services.reads.tenants.by_slug(acme.slug)).status is TenantStatus.DELETED
    [[schemas]] = await town.sql("SELECT count(*) FROM pg_namespace WHERE nspname = %s", f"tenant_{acme.tenant_id.hex}")
    assert schemas == 0
