"""Whoever can start workflows in the namespace is a stranger: nothing it tries changes a tenant or a status."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from temporalio.client import ActivityFailureError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError

from embedded.temporal import EmbeddedTemporal
from operations import contracts, tenant_kinds
from operations.actions.registration import Registration
from operations.bootstrap import Services
from operations.contracts import StatusReport, TenantStep
from operations.queries.execution_views import ExecutionView
from operations.queries.reconciliation_views import FindingView
from operations.reconciliation.intruders import MOST_OPEN
from operations.reconciliation.limits import Limits
from operations.statuses import CloseReason, FindingKind, PassTrigger, Status, TenantStatus
from operations.temporal import RunStatus
from tests.integration.workers.strangers import OTTO, Customer, Town, burglar, failure_of, leaving_at_once
from workbench.servers import RunningWorker, eventually

DEPARTING = tenant_kinds.DEPROVISIONING.temporal_name
PROVISIONING = tenant_kinds.PROVISIONING.temporal_name


@pytest.fixture
async def town(services: Services, worker: RunningWorker, delivering: None, task_queue: str) -> Town:
    return Town(services=services, client=worker.client, task_queue=task_queue)


@pytest.fixture
async def acme(town: Town) -> Customer:
    return await town.customer("acme")


async def run_pass(town: Town) -> None:
    reconciler = replace(town.services.reconciler, limits=Limits(grace=0.05))
    await reconciler.run_pass(PassTrigger.OPERATOR, OTTO.name)


async def found_by_passes(town: Town, kind: FindingKind, workflow_id: str) -> FindingView:
    """A list may lag behind; the next pass sees what the one before did not."""

    async def look() -> list[FindingView]:
        await run_pass(town)
        return [each for each in await town.findings() if (each.kind, each.workflow_id) == (kind, workflow_id)]

    [finding] = await eventually(look, bool)
    return finding


async def refused(town: Town, customer: Customer, kind: FindingKind, workflow_id: str) -> None:
    """The customer is well, and a finding says who was there."""
    assert await town.is_well(customer)
    assert (kind, workflow_id) in [(each.kind, each.workflow_id) for each in await town.findings()]


async def test_a_run_without_a_mark_deletes_nobody(town: Town, acme: Customer) -> None:
    handle = await town.start(DEPARTING, *leaving_at_once(acme))

    error = await failure_of(handle)

    assert error.type == "NotTracked"
    assert "carries no OperationUUID" in error.message
    await refused(town, acme, FindingKind.INTRUDER, handle.id)


@pytest.mark.parametrize("mark", ["x", "", "00000000-0000"])
async def test_a_run_whose_mark_is_no_id_ends_and_deletes_nobody(town: Town, acme: Customer, mark: str) -> None:
    handle = await town.start(DEPARTING, *leaving_at_once(acme), mark=mark)

    error = await failure_of(handle)

    assert error.type == "NotTracked"
    await refused(town, acme, FindingKind.INTRUDER, handle.id)


async def test_a_run_with_the_mark_of_somebody_elses_execution_deletes_nobody(town: Town, acme: Customer) -> None:
    other = await town.customer("other")
    handle = await town.start(DEPARTING, *leaving_at_once(acme), mark=other.execution_id)

    error = await failure_of(handle)

    assert f"belongs to {other.workflow_id}" in error.message
    assert await town.is_well(other)
    await refused(town, acme, FindingKind.INTRUDER, handle.id)


async def test_a_run_with_a_mark_that_nobody_gave_waits_and_deletes_nobody(
    town: Town, acme: Customer, caplog: pytest.LogCaptureFixture
) -> None:
    handle = await town.start(DEPARTING, *leaving_at_once(acme), mark=uuid4())

    message = await town.last_failure(handle)
    await found_by_passes(town, FindingKind.NO_ROW, handle.id)

    assert "can be adopted or terminated" in message
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []  # one line says it
    await refused(town, acme, FindingKind.NO_ROW, handle.id)
    await handle.terminate()


async def test_the_mark_of_a_finished_execution_opens_nothing_again(town: Town, acme: Customer) -> None:
    handle = await town.start(PROVISIONING, str(acme.tenant_id), id_=acme.workflow_id, mark=acme.execution_id)

    message = await town.last_failure(handle)
    await found_by_passes(town, FindingKind.INTRUDER, acme.workflow_id)

    assert "does not follow this run" in message
    assert (await town.detail(acme.execution_id)).execution.status is Status.COMPLETED
    await refused(town, acme, FindingKind.INTRUDER, acme.workflow_id)
    await handle.terminate()


async def test_a_cancelled_departure_that_a_stranger_starts_again_deletes_nobody(town: Town, acme: Customer) -> None:
    leaving = await town.services.tenants.deprovision(OTTO, acme.slug, "moves away")
    await eventually(lambda: town.detail(leaving), lambda seen: seen.execution.status is Status.RUNNING)
    await town.services.executions.cancel(OTTO, leaving, "stays after all")
    row = (await town.ended(leaving)).execution
    await eventually(lambda: town.services.temporal.describe(row.workflow_id), lambda run: bool(run and run.closed_at))
    handle = await town.start(DEPARTING, *leaving_at_once(acme), id_=row.workflow_id, mark=leaving)

    message = await town.last_failure(handle)
    await found_by_passes(town, FindingKind.INTRUDER, row.workflow_id)

    assert "does not follow this run" in message
    assert (await town.detail(leaving)).execution.close_reason is CloseReason.CANCELED
    await refused(town, acme, FindingKind.INTRUDER, row.workflow_id)
    await handle.terminate()


async def test_a_stranger_that_takes_the_place_of_a_run_in_flight_gets_nothing_of_it(
    town: Town, acme: Customer
) -> None:
    leaving = await town.services.tenants.deprovision(OTTO, acme.slug, "moves away")
    row = (await eventually(lambda: town.detail(leaving), lambda seen: seen.execution.run_id is not None)).execution
    handle = await town.client.start_workflow(
        DEPARTING,
        args=leaving_at_once(acme),
        id=row.workflow_id,
        task_queue=town.task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
    )

    error = await failure_of(handle)

    async def look() -> ExecutionView:
        await run_pass(town)
        return (await town.detail(leaving)).execution

    assert "carries no OperationUUID" in error.message
    ended = await eventually(look, lambda seen: seen.status.is_final)  # a list may lag behind
    assert (ended.status, ended.close_reason, ended.run_id) == (Status.FAILED, CloseReason.TERMINATED, row.run_id)
    assert (await town.services.reads.tenants.by_slug(acme.slug)).status is TenantStatus.DEPROVISIONING


@pytest.mark.long
async def test_a_strangers_run_under_the_id_of_a_start_to_come_is_left_alone_and_gets_nothing(town: Town) -> None:
    slug = f"early-{uuid4().hex[:8]}"
    handle = await town.start(PROVISIONING, str(uuid4()), id_=f"tenant-provision-{slug}", mark=uuid4())
    registration = Registration(slug=slug, name="Early", owner_email="early@example.com")

    registered = await town.services.tenants.register(OTTO, registration)

    row = (await town.ended(registered.execution_id)).execution
    assert row.close_reason is CloseReason.START_REJECTED
    assert "names an execution that does not exist" in (await failure_of(handle)).message
    assert (await town.services.reads.tenants.by_slug(slug)).status is TenantStatus.FAILED


@pytest.mark.parametrize("activity", [contracts.DELETE_TENANT, contracts.DROP_SCHEMA, contracts.ACTIVATE_TENANT])
async def test_a_step_that_is_started_by_itself_does_nothing(town: Town, acme: Customer, activity: str) -> None:
    handle = await town.client.start_activity(
        activity,
        TenantStep(tenant_id=str(acme.tenant_id)),
        id=f"alone-{uuid4()}",
        task_queue=town.task_queue,
        start_to_close_timeout=timedelta(seconds=10),
    )

    with pytest.raises(ActivityFailureError) as failure:
        await handle.result()

    assert isinstance(failure.value.cause, ApplicationError)
    assert "outside of any workflow" in failure.value.cause.message
    await refused(town, acme, FindingKind.INTRUDER, f"{activity} (without a workflow)")


@pytest.mark.parametrize("activity", [contracts.DELETE_TENANT, contracts.RESTORE_TENANT, contracts.DROP_SCHEMA])
async def test_a_foreign_workflow_with_a_forged_header_gets_no_step(town: Town, acme: Customer, activity: str) -> None:
    step = TenantStep(tenant_id=str(acme.tenant_id))
    async with burglar(town, activity, step, pretends_to_be=acme.execution_id) as handle:
        error = await failure_of(handle)

    assert f"belongs to {acme.workflow_id}" in error.message
    await refused(town, acme, FindingKind.INTRUDER, handle.id)


async def test_a_foreign_workflow_cannot_report_the_status_of_an_execution(town: Town, acme: Customer) -> None:
    leaving = await town.services.tenants.deprovision(OTTO, acme.slug, "moves away")
    row = (await eventually(lambda: town.detail(leaving), lambda seen: seen.execution.run_id is not None)).execution
    report = StatusReport(execution_id=str(leaving), status="completed", run_id=row.run_id or "")
    async with burglar(town, contracts.RECORD_STATUS, report, pretends_to_be=leaving) as handle:
        error = await failure_of(handle)

    assert "reported by the run itself" in error.message
    assert (await town.detail(leaving)).execution.status is Status.RUNNING
    assert FindingKind.INTRUDER in [each.kind for each in await town.findings()]


async def test_a_run_with_a_copied_mark_cannot_report_for_an_execution(town: Town, acme: Customer) -> None:
    pending = await town.services.tenants.deprovision(OTTO, acme.slug, "moves away")
    await eventually(lambda: town.detail(pending), lambda seen: seen.execution.status is Status.RUNNING)
    before = (await town.detail(pending)).execution

    handle = await town.start(PROVISIONING, str(acme.tenant_id), mark=pending)
    await failure_of(handle)

    after = (await town.detail(pending)).execution
    assert (after.status, after.run_id, after.error_message) == (Status.RUNNING, before.run_id, None)


async def test_a_run_cannot_act_on_another_tenant_than_its_own(town: Town, acme: Customer) -> None:
    victim = await town.customer("victim")
    slug = f"thief-{uuid4().hex[:8]}"
    workflow_id = f"tenant-provision-{slug}"
    registration = Registration(slug=slug, name="Thief", owner_email="thief@example.com", plan="enterprise")
    thief = await town.services.tenants.register(OTTO, registration)
    await eventually(lambda: town.detail(thief.execution_id), lambda seen: seen.execution.cause == "awaiting_approval")
    await town.client.get_workflow_handle(workflow_id).terminate()
    await town.sql("DELETE FROM execution_steps")
    await town.sql("UPDATE workflow_executions SET run_id = NULL WHERE id = %s", thief.execution_id)

    handle = await town.start(PROVISIONING, str(victim.tenant_id), id_=workflow_id, mark=thief.execution_id)

    assert "about another tenant" in (await failure_of(handle)).message
    await refused(town, victim, FindingKind.INTRUDER, workflow_id)


async def test_a_pass_is_nobodys_to_ask_for(town: Town) -> None:
    handle = await town.start(contracts.RECONCILIATION, id_=f"any-name-{uuid4()}")

    assert "by the schedule" in (await failure_of(handle)).message
    [[passes]] = await town.sql("SELECT count(*) FROM reconciliation_passes")
    assert passes == 0


async def test_a_hundred_findings_about_strangers_are_enough(town: Town, acme: Customer) -> None:
    await town.sql(
        "INSERT INTO reconciliation_findings (kind, workflow_id)"
        " SELECT 'intruder', 'w' || n FROM generate_series(2, %s) n",
        MOST_OPEN,
    )

    for _ in range(3):
        await failure_of(await town.start(DEPARTING, *leaving_at_once(acme)))

    [[open_ones]] = await town.sql("SELECT count(*) FROM reconciliation_findings WHERE kind = 'intruder'")
    assert open_ones == MOST_OPEN
    assert await town.is_well(acme)


async def test_a_stranger_that_was_found_can_be_terminated(town: Town, acme: Customer) -> None:
    handle = await town.start(PROVISIONING, str(acme.tenant_id), id_=acme.workflow_id, mark=acme.execution_id)
    await town.last_failure(handle)
    finding = await found_by_passes(town, FindingKind.INTRUDER, acme.workflow_id)

    await town.services.findings.terminate(OTTO, finding.id, "not ours")

    run = await town.services.temporal.describe(acme.workflow_id)
    assert run is not None
    assert run.status is RunStatus.TERMINATED
    assert await town.findings() == []


async def test_a_web_page_reaches_nothing_of_the_development_server(temporal_server: EmbeddedTemporal) -> None:
    start = {"workflowType": {"name": DEPARTING}, "taskQueue": {"name": "tenantry"}}
    path = "/api/v1/namespaces/default/workflows/from-a-web-page"
    answers = {}
    async with httpx.AsyncClient(timeout=5) as browser:
        for port in temporal_server.ports:
            try:
                answer = await browser.post(f"http://127.0.0.1:{port}{path}", json=start)
            except httpx.TransportError:  # gRPC, which no web page speaks
                answers[port] = 0
            else:
                answers[port] = answer.status_code

    assert set(answers.values()) <= {0, 403, 404}
    assert await asyncio.wait_for(_count_from_web(temporal_server), 10) == 0


async def _count_from_web(server: EmbeddedTemporal) -> int:
    from temporalio.client import Client

    client = await Client.connect(server.address)
    return (await client.count_workflows("WorkflowId = 'from-a-web-page'")).count
