"""What happens to runs: approval, failure with compensation, retry, terminate, cancel, removal."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from operations import kinds
from operations.access import Actor
from operations.actions.registration import Registration
from operations.bootstrap import Services
from operations.errors import AlreadyDecided, AlreadyEnded, CannotRetry, NotPermitted
from operations.kinds import Kinds
from operations.queries.execution_views import ExecutionDetail
from operations.statuses import CloseReason, Decision, Role, Status, TenantStatus
from operations.temporal import RunStatus
from operations.tenant_kinds import PROVISIONING
from workbench.servers import eventually, run_worker

Look = Callable[[UUID, Callable[[ExecutionDetail], bool]], Awaitable[ExecutionDetail]]


@pytest.fixture
def until(services: Services) -> Look:
    async def wait(id_: UUID, is_so: Callable[[ExecutionDetail], bool]) -> ExecutionDetail:
        return await eventually(lambda: services.reads.executions.detail(id_), is_so)

    return wait


def ended(detail: ExecutionDetail) -> bool:
    return detail.execution.status.is_final


def waits(detail: ExecutionDetail) -> bool:
    return detail.execution.cause == "awaiting_approval"


def registration(slug: str, plan: str = "starter") -> Registration:
    return Registration(slug=slug, name=slug.title(), owner_email=f"{slug}@example.com", plan=plan)


async def schema_exists(services: Services, slug: str) -> bool:
    tenant = await services.reads.tenants.by_slug(slug)
    async with await AsyncConnection.connect(services.database.dsn) as connection:
        found = await connection.execute("SELECT FROM pg_namespace WHERE nspname = %s", (tenant.schema_name,))
        return await found.fetchone() is not None


@pytest.mark.usefixtures("delivering", "worker")
async def test_an_enterprise_plan_creates_nothing_before_it_is_approved(
    services: Services, admin: Actor, until: Look
) -> None:
    registered = await services.tenants.register(admin, registration("umbrella", "enterprise"))
    waiting = await until(registered.execution_id, waits)
    assert not await schema_exists(services, "umbrella")
    assert waiting.execution.steps_total == 9

    await services.executions.decide(admin, registered.execution_id, Decision.APPROVED, "contract signed")
    await services.executions.decide(admin, registered.execution_id, Decision.APPROVED, "contract signed")

    with pytest.raises(AlreadyDecided, match=r"Approved on .* UTC by .*: “contract signed”. A decision is final. Not"):
        await services.executions.decide(admin, registered.execution_id, Decision.REJECTED, "changed my mind")
    done = await until(registered.execution_id, ended)
    assert done.execution.status is Status.COMPLETED
    assert done.execution.cause is None
    assert done.approval_request is not None
    assert done.approval_request.decided_at is not None
    assert await schema_exists(services, "umbrella")


@pytest.mark.usefixtures("delivering", "worker")
async def test_a_rejected_plan_ends_as_rejected_and_can_be_retried(
    services: Services, admin: Actor, until: Look
) -> None:
    registered = await services.tenants.register(admin, registration("hooli", "enterprise"))
    await until(registered.execution_id, waits)

    await services.executions.decide(admin, registered.execution_id, Decision.REJECTED, "no budget")

    done = await until(registered.execution_id, ended)
    assert done.execution.close_reason is CloseReason.REJECTED
    assert done.execution.error_message == "Rejected by admin@example.com: “no budget”"
    assert (await services.reads.tenants.by_slug("hooli")).status is TenantStatus.FAILED
    second = await services.executions.retry(admin, registered.execution_id, "budget found")
    retried = await until(second.attempt, waits)
    assert retried.execution.attempt == 2
    assert retried.execution.workflow_id == "tenant-provision-hooli--2"
    assert (await services.reads.tenants.by_slug("hooli")).status is TenantStatus.PROVISIONING
    with pytest.raises(CannotRetry):
        await services.executions.retry(admin, registered.execution_id, "once more")


@pytest.mark.usefixtures("delivering")
async def test_an_approval_that_nobody_gives_in_time_is_recorded_as_a_rejection_and_not_as_a_crash(
    services: Services, admin: Actor, until: Look, temporal_address: str, task_queue: str
) -> None:
    hasty = replace(PROVISIONING, workflow="tests.integration.workers.hasty_workflows:Hasty", patches=())
    runs = Kinds.of(hasty if kind is PROVISIONING else kind for kind in kinds.known())

    async with run_worker(services, temporal_address, task_queue, runs=runs):
        registered = await services.tenants.register(admin, registration("cyberdyne", "enterprise"))
        done = await until(registered.execution_id, ended)

    [decision] = await services.reads.intents.decisions(registered.execution_id)
    assert (decision.decision, decision.decided_by) == (Decision.REJECTED, "system:time-limit")
    assert (done.execution.status, done.execution.close_reason) == (Status.FAILED, CloseReason.REJECTED)
    assert done.execution.error_message == "Rejected: nobody decided within seven days."
    assert (await services.reads.tenants.by_slug("cyberdyne")).status is TenantStatus.FAILED
    assert not await schema_exists(services, "cyberdyne")


@pytest.mark.usefixtures("delivering", "worker")
async def test_a_terminated_run_is_failed_with_reason_and_actor(services: Services, admin: Actor, until: Look) -> None:
    registered = await services.tenants.register(admin, registration("initech", "enterprise"))
    waiting = await until(registered.execution_id, waits)

    await services.executions.terminate(
        admin, registered.execution_id, "customer left", seen_run_id=waiting.execution.run_id
    )

    done = await until(registered.execution_id, ended)
    assert done.execution.close_reason is CloseReason.TERMINATED
    assert done.execution.error_message == "Terminated by admin@example.com: “customer left”"
    run = await services.temporal.describe(done.execution.workflow_id)
    assert run is not None
    assert run.status is RunStatus.TERMINATED
    assert done.execution.completed_at == run.closed_at
    assert (await services.reads.tenants.by_slug("initech")).status is TenantStatus.FAILED
    with pytest.raises(AlreadyEnded):
        await services.executions.terminate(admin, registered.execution_id, "once more")


@pytest.mark.usefixtures("delivering", "worker")
async def test_a_canceled_run_ends_in_order(services: Services, admin: Actor, until: Look) -> None:
    registered = await services.tenants.register(admin, registration("soylent", "enterprise"))
    await until(registered.execution_id, waits)

    await services.executions.cancel(admin, registered.execution_id, "wrong plan")

    done = await until(registered.execution_id, ended)
    assert done.execution.close_reason is CloseReason.CANCELED
    assert (await services.reads.tenants.by_slug("soylent")).status is TenantStatus.FAILED


@pytest.mark.usefixtures("delivering", "worker")
async def test_a_removal_waits_can_be_canceled_and_then_drops_the_schema(
    services: Services, admin: Actor, until: Look
) -> None:
    registered = await services.tenants.register(admin, registration("wayne"))
    await until(registered.execution_id, ended)

    first = await services.tenants.deprovision(admin, "wayne", "contract ended")
    await until(first, lambda detail: detail.execution.steps_done == 1)
    assert (await services.reads.tenants.by_slug("wayne")).status is TenantStatus.DEPROVISIONING
    await services.executions.cancel(admin, first, "they stay")
    canceled = await until(first, ended)

    assert canceled.execution.close_reason is CloseReason.CANCELED
    assert (await services.reads.tenants.by_slug("wayne")).status is TenantStatus.ACTIVE
    impatient = replace(services.tenants, deprovision_wait=0.1)
    second = await impatient.deprovision(admin, "wayne", "now really")
    removed = await until(second, ended)
    assert removed.execution.status is Status.COMPLETED
    assert removed.execution.workflow_id == "tenant-deprovision-wayne--2"
    assert (await services.reads.tenants.by_slug("wayne")).status is TenantStatus.DELETED
    assert not await schema_exists(services, "wayne")


async def test_an_execution_withdrawn_before_its_start_never_starts(services: Services, admin: Actor) -> None:
    registered = await services.tenants.register(admin, registration("withdrawn-early"))

    await services.executions.terminate(admin, registered.execution_id, "typed wrongly")

    async def deliver_and_look() -> ExecutionDetail:
        await services.deliverer.deliver_due()
        return await services.reads.executions.detail(registered.execution_id)

    detail = await eventually(deliver_and_look, ended)
    assert detail.execution.close_reason is CloseReason.TERMINATED
    assert await services.temporal.describe(detail.execution.workflow_id) is None


@pytest.mark.usefixtures("delivering", "worker")
async def test_a_foreign_schema_fails_the_run_at_its_step_and_stays(
    services: Services, admin: Actor, until: Look
) -> None:
    registered = await services.tenants.register(admin, registration("stark", "enterprise"))
    tenant = await services.reads.tenants.by_slug("stark")
    async with await AsyncConnection.connect(services.database.dsn, autocommit=True) as connection:
        await connection.execute(f"CREATE SCHEMA {tenant.schema_name} CREATE TABLE precious (id int)".encode())
    await until(registered.execution_id, waits)

    await services.executions.decide(admin, registered.execution_id, Decision.APPROVED, "contract signed")

    done = await until(registered.execution_id, ended)
    assert done.execution.close_reason is CloseReason.ERROR
    assert done.execution.current_step == "create_schema"
    assert "does not carry this tenant's mark" in (done.execution.error_message or "")
    assert await schema_exists(services, "stark")


async def test_a_deprovisioning_withdrawn_before_its_start_is_taken_back(services: Services, admin: Actor) -> None:
    registered = await services.tenants.register(admin, registration("oscorp"))
    async with await AsyncConnection.connect(services.database.dsn, autocommit=True) as connection:
        await connection.execute("UPDATE tenants SET status = 'active'")
        await connection.execute(
            "UPDATE workflow_executions SET status = 'completed', completed_at = now() WHERE id = %s",
            (registered.execution_id,),
        )
    leaving = await services.tenants.deprovision(admin, "oscorp", "contract ended")

    await services.executions.cancel(admin, leaving, "they stay")

    async def deliver_and_look() -> ExecutionDetail:
        await services.deliverer.deliver_due()
        return await services.reads.executions.detail(leaving)

    withdrawn = await eventually(deliver_and_look, ended)
    assert withdrawn.execution.close_reason is CloseReason.CANCELED
    assert (await services.reads.tenants.by_slug("oscorp")).status is TenantStatus.ACTIVE


async def test_support_staff_cannot_go_on_with_a_deprovisioning(services: Services, admin: Actor) -> None:
    await services.tenants.register(admin, registration("weyland"))
    async with await AsyncConnection.connect(services.database.dsn, autocommit=True) as connection:
        await connection.execute("UPDATE tenants SET status = 'active'")
        await connection.execute("UPDATE workflow_executions SET status = 'completed', completed_at = now()")
    leaving = await services.tenants.deprovision(admin, "weyland", "contract ended")
    async with await AsyncConnection.connect(services.database.dsn, autocommit=True) as connection:
        await connection.execute(
            "UPDATE workflow_executions SET status = 'failed', close_reason = 'canceled', completed_at = now()"
            " WHERE id = %s",
            (leaving,),
        )

    with pytest.raises(NotPermitted):
        await services.executions.retry(replace(admin, role=Role.SUPPORT), leaving, "once more")
