"""The other direction: runs without rows and tenants without runs are found, and people can do something about them."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from operations.access import Actor
from operations.actions.findings import Remedy, remedies
from operations.actions.registration import Registration
from operations.errors import CannotSettle, FindingSettled, NotPermitted
from operations.queries.execution_views import ExecutionDetail
from operations.queries.reconciliation_views import FindingFilter, FindingView, Standing
from operations.statuses import CloseReason, Decision, FindingKind, Role, Status, TenantStatus
from operations.temporal import OPERATION_UUID, RunStatus
from tests import factories
from tests.integration.reconciliation.runs import Obedient, World, marked
from workbench.servers import eventually

OTTO = Actor(name="otto@example.com", role=Role.OPERATOR)


async def open_findings(world: World) -> list[FindingView]:
    page = await world.services.reads.reconciliation.findings(FindingFilter(standing=Standing.OPEN))
    return list(page.items)


async def waiting(world: World, slug: str) -> UUID:
    """A run that waits for an approval."""
    registration = Registration(slug=slug, name=slug, owner_email=f"{slug}@example.com", plan="enterprise")
    registered = await world.services.tenants.register(OTTO, registration)

    async def look() -> ExecutionDetail:
        return await world.services.reads.executions.detail(registered.execution_id)

    await eventually(look, lambda detail: detail.execution.cause == "awaiting_approval")
    world.begun.append(f"tenant-provision-{slug}")
    return registered.execution_id


async def customer(world: World, slug: str, status: TenantStatus) -> UUID:
    async with await AsyncConnection.connect(world.services.database.dsn) as connection:
        tenant = await factories.add_tenant(connection, slug=slug, status=status)
        await factories.add_owner(connection, tenant, email=f"{slug}@example.com")
        if status is TenantStatus.ACTIVE:
            await connection.execute("UPDATE tenants SET activated_at = now() WHERE id = %s", (tenant,))
    return tenant


async def stray(world: World, workflow: str, workflow_id: str, arguments: list[object]) -> FindingView:
    """An open run with an execution's id that somebody else started, found without a row."""
    await world.client.start_workflow(
        workflow, args=arguments, id=workflow_id, task_queue=world.task_queue, search_attributes=marked(uuid4())
    )

    async def look() -> list[FindingView]:
        await world.run_pass()
        found = await open_findings(world)
        return [each for each in found if (each.kind, each.workflow_id) == (FindingKind.NO_ROW, workflow_id)]

    [finding] = await eventually(look, bool)
    return finding


@pytest.mark.usefixtures("worker", "delivering")
async def test_a_run_whose_row_was_lost_is_found_adopted_and_reports_again(world: World) -> None:
    services = world.services
    execution_id = await waiting(world, "restored")
    await world.sql("DELETE FROM workflow_executions")
    await world.run_pass()
    found = {finding.kind: finding for finding in await open_findings(world)}
    with pytest.raises(NotPermitted):
        await services.findings.adopt(Actor(name="sue", role=Role.SUPPORT), found[FindingKind.NO_ROW].id, "ours")
    with pytest.raises(CannotSettle, match="Adopt or terminate"):
        await services.findings.provision(OTTO, found[FindingKind.TENANT_WITHOUT_EXECUTION].id, "again")

    adopted = await services.findings.adopt(OTTO, found[FindingKind.NO_ROW].id, "restored from a backup")

    row = await world.row(adopted)
    assert adopted == execution_id
    assert (row.status, row.entity_slug) == (Status.RUNNING, "restored")
    with pytest.raises(FindingSettled):
        await services.findings.adopt(OTTO, found[FindingKind.NO_ROW].id, "once more")
    await world.run_pass()
    assert await open_findings(world) == []
    await services.executions.terminate(OTTO, adopted, "tried enough")

    async def look() -> Status:
        return (await world.row(adopted)).status

    await eventually(look, lambda status: status.is_final)


@pytest.mark.usefixtures("worker", "delivering")
async def test_an_adopted_run_that_had_asked_for_a_decision_can_be_decided(world: World) -> None:
    services, execution_id = world.services, await waiting(world, "undecided-stray")
    before = (await services.reads.executions.detail(execution_id)).approval_request
    await world.sql("DELETE FROM workflow_executions")
    await world.run_pass()
    [found] = [finding for finding in await open_findings(world) if finding.kind is FindingKind.NO_ROW]

    await services.findings.adopt(OTTO, found.id, "restored from a backup")

    detail = await services.reads.executions.detail(execution_id)
    assert before is not None
    assert detail.approval_request is not None
    assert detail.awaits_decision
    assert abs(detail.approval_request.expires_at - before.expires_at) < timedelta(seconds=10)
    assert detail.execution.cause == "awaiting_approval"
    await services.executions.decide(OTTO, execution_id, Decision.APPROVED, "contract signed")
    done = await eventually(lambda: world.row(execution_id), lambda row: row.status.is_final)
    assert done.status is Status.COMPLETED
    assert (await services.reads.tenants.by_slug("undecided-stray")).status is TenantStatus.ACTIVE


async def test_an_adopted_run_is_for_whom_the_tenant_belongs_to(world: World) -> None:
    tenant = await customer(world, "owned", TenantStatus.PROVISIONING)
    [[owner]] = await world.sql("SELECT user_id FROM memberships")
    finding = await stray(world, "TenantProvisioningWorkflow", "tenant-provision-owned", [str(tenant), str(uuid4())])

    adopted = await world.services.findings.adopt(OTTO, finding.id, "ours")

    [[arguments]] = await world.sql("SELECT input -> 'arguments' FROM workflow_executions WHERE id = %s", adopted)
    assert arguments == [str(tenant), str(owner)]
    assert (await world.services.reads.executions.detail(adopted)).approval_request is None


async def test_a_run_that_works_on_another_tenant_than_its_id_says_is_not_adopted(world: World) -> None:
    victim = await customer(world, "victim", TenantStatus.PROVISIONING)
    finding = await stray(world, "TenantProvisioningWorkflow", "tenant-provision-other", [str(victim), None])

    with pytest.raises(CannotSettle, match="another tenant"):
        await world.services.findings.adopt(OTTO, finding.id, "ours")

    assert await world.sql("SELECT id FROM workflow_executions") == []


async def test_a_tenant_that_leaves_is_not_provisioned_by_adopting_a_run(world: World) -> None:
    tenant = await customer(world, "leaving", TenantStatus.DEPROVISIONING)
    finding = await stray(world, "TenantProvisioningWorkflow", "tenant-provision-leaving", [str(tenant), None])

    with pytest.raises(CannotSettle, match="not provisioned again"):
        await world.services.findings.adopt(OTTO, finding.id, "ours")


async def test_a_removal_is_adopted_only_of_a_tenant_that_leaves_and_waits_as_long_as_any(world: World) -> None:
    tenant = await customer(world, "kept", TenantStatus.ACTIVE)
    finding = await stray(
        world, "TenantDeprovisioningWorkflow", "tenant-deprovision-kept", [str(tenant), "deleted", 0.001]
    )
    with pytest.raises(CannotSettle, match="nobody here asked for that"):
        await world.services.findings.adopt(OTTO, finding.id, "ours")
    assert await world.sql("SELECT id FROM workflow_executions") == []
    await world.sql("UPDATE tenants SET status = 'deprovisioning'")

    adopted = await world.services.findings.adopt(OTTO, finding.id, "ours")

    [[arguments]] = await world.sql("SELECT input -> 'arguments' FROM workflow_executions WHERE id = %s", adopted)
    assert arguments == [str(tenant), "active", world.services.findings.deprovision_wait]
    [[left]] = await world.sql("SELECT extract(epoch FROM due_at - now())::float8 FROM tenants")
    assert isinstance(left, float)
    assert world.services.findings.deprovision_wait - 60 < left <= world.services.findings.deprovision_wait


async def test_a_stray_stays_a_finding_of_its_tenant_when_its_slug_is_registered_again(world: World) -> None:
    finding = await stray(world, "TenantProvisioningWorkflow", "tenant-provision-again", [str(uuid4()), None])
    registration = Registration(slug="again", name="Again", owner_email="a@again.example", plan="starter")
    registered = await world.services.tenants.register(OTTO, registration)
    await world.services.deliverer.deliver_due()
    assert (await world.row(registered.execution_id)).close_reason is CloseReason.START_REJECTED

    for _ in range(3):
        await world.run_pass()

    [still] = [each for each in await open_findings(world) if each.id == finding.id]
    assert (still.kind, still.run_id, still.tenant_slug) == (FindingKind.NO_ROW, finding.run_id, "again")
    await world.services.findings.terminate(OTTO, finding.id, "in the way")


async def test_a_run_that_tenantry_did_not_start_can_be_terminated_and_not_adopted(world: World) -> None:
    handle = await world.client.start_workflow(
        "TenantProvisioningWorkflow", args=[str(uuid4()), None], id=f"by-hand-{uuid4()}", task_queue=world.task_queue,
        search_attributes=marked(None),
    )  # fmt: skip

    async def look() -> list[FindingView]:
        await world.run_pass()
        return await open_findings(world)

    [finding] = await eventually(look, bool)
    with pytest.raises(CannotSettle, match="not started by Tenantry"):
        await world.services.findings.adopt(OTTO, finding.id, "mine")

    await world.services.findings.terminate(OTTO, finding.id, "started by mistake")

    run = await world.services.temporal.describe(handle.id)
    assert run is not None
    assert run.status is RunStatus.TERMINATED
    assert (finding.kind, await open_findings(world)) == (FindingKind.NO_ROW, [])
    assert await world.sql("SELECT action, outcome FROM audit_log ORDER BY at") == [
        ("finding.terminate", "requested"),
        ("finding.terminate", "delivered"),
    ]


@pytest.mark.usefixtures("worker", "delivering")
async def test_a_tenant_that_nothing_provisions_gets_a_new_attempt(world: World) -> None:
    registration = Registration(slug="idle", name="Idle", owner_email="idle@example.com", plan="starter")
    registered = await world.services.tenants.register(OTTO, registration)

    async def look() -> Status:
        return (await world.row(registered.execution_id)).status

    await eventually(look, lambda status: status.is_final)
    await world.until_closed("tenant-provision-idle")  # whose row is over a moment before it is
    await world.sql("UPDATE tenants SET status = 'provisioning'")
    await world.run_pass()
    [finding] = await open_findings(world)

    new = await world.services.findings.provision(OTTO, finding.id, "it never became active")

    async def tenant() -> TenantStatus:
        return (await world.services.reads.tenants.by_slug("idle")).status

    await eventually(tenant, lambda status: status is TenantStatus.ACTIVE)
    assert finding.kind is FindingKind.TENANT_NOT_ACTIVE
    assert ((await world.row(new)).attempt, (await world.row(new)).retry_of) == (2, registered.execution_id)


async def test_an_ignored_finding_stays_ignored_until_another_run_is_concerned(world: World) -> None:
    lost, _, workflow_id = await world.add_row()
    await world.client.start_workflow(
        "TenantProvisioningWorkflow", args=[str(uuid4()), None], id=workflow_id, task_queue=world.task_queue,
        search_attributes=marked(uuid4()),
    )  # fmt: skip
    await world.run_pass()
    [finding] = await open_findings(world)

    await world.services.findings.ignore(OTTO, finding.id, "a colleague's experiment")
    await world.run_pass()

    assert await open_findings(world) == []
    ignored = await world.services.reads.reconciliation.finding(finding.id)
    assert (ignored.standing, ignored.ignored_by) == (Standing.IGNORED, OTTO.name)
    await world.client.get_workflow_handle(workflow_id).terminate()
    await world.client.start_workflow(
        "TenantProvisioningWorkflow", args=[str(uuid4()), None], id=workflow_id, task_queue=world.task_queue,
        search_attributes=marked(uuid4()),
    )  # fmt: skip
    await world.run_pass()
    assert [each.id for each in await open_findings(world)] == [finding.id]
    assert (await world.row(lost)).status is Status.RUNNING
    await world.client.get_workflow_handle(workflow_id).terminate()


async def test_a_finding_that_is_no_longer_so_settles_itself(world: World) -> None:
    tenant = uuid4()
    await world.sql(
        "INSERT INTO tenants (id, slug, name, plan, registered_by) VALUES (%s, 'gap', 'Gap', 'starter', 'test')", tenant
    )
    await world.run_pass()
    [finding] = await open_findings(world)
    await world.sql("UPDATE tenants SET status = 'active'")

    await world.run_pass()

    settled = await world.services.reads.reconciliation.finding(finding.id)
    assert (finding.kind, finding.tenant_slug) == (FindingKind.TENANT_WITHOUT_EXECUTION, "gap")
    assert (settled.standing, settled.done) == (Standing.SETTLED, "No longer so.")


@pytest.mark.parametrize("kind", FindingKind)
def test_something_can_be_done_about_every_finding(kind: FindingKind) -> None:
    assert Remedy.IGNORE in remedies(kind, "run")


@pytest.mark.parametrize("kind", FindingKind)
def test_without_a_run_nobody_is_offered_to_terminate_it(kind: FindingKind) -> None:
    assert Remedy.TERMINATE not in remedies(kind, None)


@pytest.mark.parametrize(("strange", "mark"), [("strange\x00", None), ("strange", "nobody's \x00")])
async def test_a_run_with_words_that_cannot_be_stored_is_found_and_costs_the_others_nothing(
    world: World, strange: str, mark: str | None
) -> None:
    pair = SearchAttributePair(OPERATION_UUID, mark or str(uuid4()))
    other, id_ = f"test-{uuid4()}", f"tenant-provision-{uuid4()}-{strange}"
    for each in (id_, other):
        await world.client.start_workflow(
            Obedient.run,
            args=["sleep", None],
            id=each,
            task_queue=world.task_queue,
            search_attributes=TypedSearchAttributes([pair]),
        )

    async def look() -> set[str]:
        await world.run_pass()
        return {each.workflow_id for each in await open_findings(world)}

    await eventually(look, lambda found: found == {other, id_.replace("\x00", "�")})
