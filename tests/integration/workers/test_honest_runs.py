"""What the fence must not keep out: runs that were reset, and steps that are faster than the news of their start."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection, sql
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest

from operations.actions.registration import Registration
from operations.actions.tenants import Registered
from operations.bootstrap import Services
from operations.contracts import TenantStep
from operations.errors import PassRunning
from operations.queries.execution_views import ExecutionDetail
from operations.reconciliation.limits import Limits
from operations.statuses import CloseReason, Decision, PassTrigger, Status, TenantStatus
from tests.factories import add_execution, add_tenant
from tests.integration.workers.strangers import OTTO
from tests.stand_in_runs import StandInRun
from workbench.servers import RunningWorker, eventually
from workers.activities.sessions import Sessions
from workers.activities.tenants import TenantActivities


@pytest.fixture
async def connection(services: Services) -> AsyncIterator[AsyncConnection]:
    async with await AsyncConnection.connect(services.database.dsn, autocommit=True) as opened:
        yield opened


async def register(services: Services, plan: str = "starter") -> Registered:
    slug = f"honest-{uuid4().hex[:8]}"
    registration = Registration(slug=slug, name="Honest", owner_email=f"{slug}@example.com", plan=plan)
    return await services.tenants.register(OTTO, registration)


async def reset(services: Services, workflow_id: str) -> None:
    """To its first workflow task, as with Temporal's command line."""
    client = services.temporal.client
    await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id),
            reason="by hand",
            workflow_task_finish_event_id=3,
            request_id=str(uuid4()),
        )
    )


async def seen_after_a_pass(services: Services, execution_id: UUID) -> ExecutionDetail:
    reconciler = replace(services.reconciler, limits=Limits(grace=0.05))
    with suppress(PassRunning):
        await reconciler.run_pass(PassTrigger.OPERATOR, OTTO.name)
    return await services.reads.executions.detail(execution_id)


async def test_a_step_that_is_faster_than_the_news_of_its_start_takes_the_run(
    services: Services, connection: AsyncConnection
) -> None:
    tenant = await add_tenant(connection)
    execution = await add_execution(
        connection, workflow_type="tenant_provisioning", entity_id=tenant, status=Status.PENDING
    )
    sessions = Sessions.at(services.database.dsn)

    async with sessions.running():
        run = await StandInRun.about(connection, tenant)
        await run.take(TenantActivities(sessions=sessions).load_tenant, TenantStep(tenant_id=str(tenant)))

    seen = await services.reads.executions.detail(execution)
    assert (seen.execution.status, seen.execution.run_id) == (Status.RUNNING, "run")
    assert [event.to_status for event in seen.events] == [Status.PENDING, Status.RUNNING]


@pytest.mark.long
@pytest.mark.usefixtures("worker", "delivering")
async def test_a_run_that_is_reset_while_it_waits_goes_on_once_reconciliation_follows_it(services: Services) -> None:
    registered = await register(services, plan="enterprise")

    async def look() -> ExecutionDetail:
        return await services.reads.executions.detail(registered.execution_id)

    first = (await eventually(look, lambda seen: seen.awaits_decision)).execution.run_id
    await reset(services, f"tenant-provision-{registered.slug}")

    followed = await eventually(
        lambda: seen_after_a_pass(services, registered.execution_id),
        lambda seen: seen.execution.run_id != first,
    )
    await services.executions.decide(OTTO, registered.execution_id, Decision.APPROVED, "paid")
    done = await eventually(look, lambda seen: seen.execution.status.is_final)

    assert (done.execution.status, done.execution.run_id) == (Status.COMPLETED, followed.execution.run_id)
    assert (await services.reads.tenants.by_slug(registered.slug)).status is TenantStatus.ACTIVE


@pytest.mark.long
@pytest.mark.usefixtures("delivering")
async def test_a_failed_run_that_is_reset_goes_on_once_reconciliation_opens_its_row_again(
    services: Services, connection: AsyncConnection, worker: RunningWorker
) -> None:
    registered = await register(services, plan="enterprise")
    schema = sql.Identifier(f"tenant_{registered.tenant_id.hex}")
    await connection.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
    await connection.execute(sql.SQL("COMMENT ON SCHEMA {} IS 'of somebody else'").format(schema))

    async def look() -> ExecutionDetail:
        return await services.reads.executions.detail(registered.execution_id)

    await eventually(look, lambda seen: seen.awaits_decision)
    await services.executions.decide(OTTO, registered.execution_id, Decision.APPROVED, "paid")
    failed = await eventually(look, lambda seen: seen.execution.status.is_final)
    await connection.execute(sql.SQL("DROP SCHEMA {}").format(schema))
    handle = worker.client.get_workflow_handle(f"tenant-provision-{registered.slug}")
    await eventually(handle.describe, lambda run: run.close_time is not None)
    await reset(services, handle.id)

    done = await eventually(
        lambda: seen_after_a_pass(services, registered.execution_id),
        lambda seen: seen.execution.status is Status.COMPLETED,
        within=90,
    )

    assert failed.execution.close_reason is CloseReason.ERROR
    assert done.execution.run_id != failed.execution.run_id
    assert (await services.reads.tenants.by_slug(registered.slug)).status is TenantStatus.ACTIVE


@pytest.mark.usefixtures("worker")
async def test_a_decision_whose_answer_was_lost_before_the_run_ended_was_delivered(
    services: Services, connection: AsyncConnection
) -> None:
    registered = await register(services, plan="enterprise")
    await services.deliverer.deliver_due()

    async def look() -> ExecutionDetail:
        return await services.reads.executions.detail(registered.execution_id)

    await eventually(look, lambda seen: seen.awaits_decision)
    await services.executions.decide(OTTO, registered.execution_id, Decision.APPROVED, "paid")
    await connection.execute("UPDATE commands SET tries = 1 WHERE kind = 'decide'")
    handle = services.temporal.client.get_workflow_handle(f"tenant-provision-{registered.slug}")
    await handle.signal("decided")  # by the try whose answer was lost
    await handle.result()

    await services.deliverer.deliver_due()

    told = await connection.execute("SELECT state, error FROM commands WHERE kind = 'decide'")
    assert await told.fetchall() == [("delivered", None)]
