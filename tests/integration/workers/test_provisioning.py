"""A registered tenant is provisioned: real database, real Temporal, real worker."""

import pytest
from psycopg import AsyncConnection

from operations.access import Actor
from operations.actions.registration import Registration
from operations.bootstrap import Services
from operations.queries.execution_views import ExecutionDetail
from operations.statuses import Status, StepStatus, TenantStatus
from operations.temporal import OPERATION_UUID
from tests.servers import RunningWorker, eventually

ACME = Registration(slug="acme", name="Acme Inc.", owner_email="ada@acme.example")


@pytest.mark.usefixtures("delivering")
async def test_a_registered_tenant_becomes_active_with_its_schema(
    services: Services, worker: RunningWorker, support: Actor
) -> None:
    registered = await services.tenants.register(support, ACME)

    async def look() -> ExecutionDetail:
        return await services.reads.executions.detail(registered.execution_id)

    done = await eventually(look, lambda detail: detail.execution.status.is_final)

    assert done.execution.status is Status.COMPLETED
    assert [step.status for step in done.steps] == [StepStatus.COMPLETED] * 6
    assert (done.execution.steps_done, done.execution.steps_total) == (6, 6)
    tenant = await services.reads.tenants.by_slug("acme")
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
