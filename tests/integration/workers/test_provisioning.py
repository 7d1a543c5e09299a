"""A registered tenant is provisioned: real database, real Temporal, real worker."""

import pytest
from psycopg import AsyncConnection, sql

from operations.access import Actor
from operations.actions.registration import Registration
from operations.bootstrap import Services
from operations.queries.execution_views import ExecutionDetail
from operations.queries.reconciliation_views import FindingFilter, FindingView, Standing
from operations.statuses import CloseReason, FindingKind, PassTrigger, Role, Status, StepStatus, TenantStatus
from operations.temporal import OPERATION_UUID
from workbench.servers import RunningWorker, eventually, run_worker

OPERATOR = Actor(name="operator@example.com", role=Role.OPERATOR)
BUILT = Registration(slug="built-inc", name="Built Inc.", owner_email="ada@built.example")


@pytest.mark.usefixtures("delivering")
async def test_a_registered_tenant_becomes_active_with_its_schema(
    services: Services, worker: RunningWorker, support: Actor
) -> None:
    registered = await services.tenants.register(support, BUILT)

    async def look() -> ExecutionDetail:
        return await services.reads.executions.detail(registered.execution_id)

    done = await eventually(look, lambda detail: detail.execution.status.is_final)

    assert done.execution.status is Status.COMPLETED
    assert [step.status for step in done.steps] == [StepStatus.COMPLETED] * 7
    assert (done.execution.steps_done, done.execution.steps_total) == (7, 7)
    tenant = await services.reads.tenants.by_slug("built-inc")
    assert tenant.status is TenantStatus.ACTIVE
    async with await AsyncConnection.connect(services.database.dsn) as connection:
        tables = await connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = %s ORDER BY 1", (tenant.schema_name,)
        )
        assert [row[0] for row in await tables.fetchall()] == [
            "accounts",
            "documents",
            "projects",
            "schema_migrations",
            "settings",
        ]
    handle = worker.client.get_workflow_handle(done.execution.workflow_id)
    attributes = (await handle.describe()).typed_search_attributes
    assert attributes.get(OPERATION_UUID) == str(registered.execution_id)


@pytest.mark.usefixtures("delivering", "worker")
async def test_a_strangers_schema_with_the_tenants_name_fails_the_run_and_is_left_alone(
    services: Services, support: Actor
) -> None:
    registration = Registration(slug="hoard-inc", name="Hoard", owner_email="smaug@hoard.example")
    async with await AsyncConnection.connect(services.database.dsn, autocommit=True) as connection:
        await connection.execute(HOARD_SCHEMA)

        registered = await services.tenants.register(support, registration)
        failed = await eventually(
            lambda: services.reads.executions.detail(registered.execution_id),
            lambda detail: detail.execution.status.is_final,
        )

        name = f"tenant_{registered.tenant_id.hex}"
        assert failed.execution.close_reason is CloseReason.ERROR
        assert f"A schema named {name} exists and does not carry this tenant's mark" in (
            failed.execution.error_message or ""
        )
        tenant = await services.reads.tenants.by_slug("hoard-inc")
        assert (tenant.status, tenant.schema_name) == (TenantStatus.FAILED, name)
        treasure = await connection.execute(sql.SQL("SELECT gold FROM {}.treasure").format(sql.Identifier(name)))
        assert await treasure.fetchall() == [(1,)]


# A stranger makes the schema in the very transaction that registers the tenant: its name cannot be known before.
HOARD_SCHEMA = """
    CREATE FUNCTION hoard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        EXECUTE format('CREATE SCHEMA %I', NEW.schema_name);
        EXECUTE format('CREATE TABLE %I.treasure AS SELECT 1 AS gold', NEW.schema_name);
        RETURN NULL;
    END $$;
    CREATE TRIGGER hoard AFTER INSERT ON tenants FOR EACH ROW EXECUTE FUNCTION hoard()
"""


@pytest.mark.long
@pytest.mark.usefixtures("delivering")
async def test_the_run_of_a_row_deleted_by_hand_waits_writes_nothing_and_completes_when_adopted(
    services: Services, support: Actor, temporal_address: str, task_queue: str
) -> None:
    registration = Registration(slug="rowless-inc", name="Rowless", owner_email="ada@rowless.example")
    registered = await services.tenants.register(support, registration)
    await eventually(
        lambda: services.reads.executions.detail(registered.execution_id),
        lambda detail: detail.execution.status is Status.RUNNING,
    )
    async with await AsyncConnection.connect(services.database.dsn, autocommit=True) as connection:
        await connection.execute("DELETE FROM workflow_executions")

    async with run_worker(services, temporal_address, task_queue) as running:
        handle = running.client.get_workflow_handle("tenant-provision-rowless-inc")
        await eventually(
            handle.describe, lambda run: any(a.attempt > 1 for a in run.raw_description.pending_activities)
        )
        assert (await services.reads.tenants.by_slug("rowless-inc")).status is TenantStatus.PROVISIONING

        async def look() -> list[FindingView]:
            """A list may lag behind; the next pass sees what the one before did not."""
            await services.reconciler.run_pass(PassTrigger.OPERATOR, OPERATOR.name)
            found = await services.reads.reconciliation.findings(FindingFilter(standing=Standing.OPEN))
            return [each for each in found.items if each.kind is FindingKind.NO_ROW]

        [stray] = await eventually(look, bool)
        assert await services.findings.adopt(OPERATOR, stray.id, "deleted by mistake") == registered.execution_id
        await handle.result()

    detail = await services.reads.executions.detail(registered.execution_id)
    assert detail.execution.status is Status.COMPLETED
    assert (await services.reads.tenants.by_slug("rowless-inc")).status is TenantStatus.ACTIVE
