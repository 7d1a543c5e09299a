"""What a failed provisioning has left is taken away by a run of its own, and nothing else is."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection

from operations import contracts
from operations.access import Actor
from operations.actions.registration import Registration
from operations.bootstrap import Services
from operations.errors import CannotCleanUp
from operations.queries.execution_views import ExecutionDetail
from operations.queries.tenants import TenantView
from operations.statuses import Status, TenantStatus
from workbench.servers import eventually, run_worker

WHY = "the customer comes back next year"


async def left_behind(services: Services, admin: Actor) -> tuple[UUID, TenantView]:
    """A provisioning that was ended by force while it waited, and a schema that it never took back."""
    slug = f"left-{uuid4().hex[:8]}"
    wanted = Registration(slug=slug, name=slug, owner_email=f"{slug}@example.com", plan="enterprise")
    id_ = (await services.tenants.register(admin, wanted)).execution_id
    await until(services, id_, lambda seen: seen.execution.cause == "awaiting_approval")
    await services.executions.terminate(admin, id_, "the customer left")
    await until(services, id_, lambda seen: seen.execution.status.is_final)
    tenant = await services.reads.tenants.by_slug(slug)
    async with await AsyncConnection.connect(services.database.dsn) as connection:
        schema, mark = tenant.schema_name, contracts.SCHEMA_MARK + str(tenant.id)
        await connection.execute(
            f"CREATE SCHEMA {schema}; COMMENT ON SCHEMA {schema} IS '{mark}'; CREATE TABLE {schema}.made ()".encode()
        )
    return id_, tenant


@pytest.mark.usefixtures("delivering", "worker")
async def test_what_is_left_is_dropped_and_the_tenant_can_be_provisioned_again(
    services: Services, admin: Actor
) -> None:
    id_, tenant = await left_behind(services, admin)
    known = await services.reads.executions.detail(id_)
    assert known.remains is not None
    assert (known.remains.schema_name, known.remains.tables) == (tenant.schema_name, 1)

    cleaning = await services.executions.clean_up(admin, id_, WHY)

    done = await until(services, cleaning, lambda seen: seen.execution.status.is_final)
    assert (done.execution.status, done.execution.workflow_type) == (Status.COMPLETED, "tenant_cleanup")
    assert [step.name for step in done.steps] == ["clean_up_schema"]
    assert not await schema_exists(services, tenant)
    assert (await services.reads.tenants.by_slug(tenant.slug)).status is TenantStatus.FAILED
    again = await services.executions.retry(admin, id_, "they came back")
    await until(services, again.attempt, lambda seen: seen.execution.cause == "awaiting_approval")


@pytest.mark.usefixtures("delivering")
async def test_a_tenant_that_is_not_failed_any_more_keeps_its_schema(
    services: Services, admin: Actor, temporal_address: str, task_queue: str
) -> None:
    """Also when the run was begun before: what decides is read under the lock by which the step commits."""
    async with run_worker(services, temporal_address, task_queue):
        id_, tenant = await left_behind(services, admin)
    cleaning = await services.executions.clean_up(admin, id_, WHY)
    async with await AsyncConnection.connect(services.database.dsn) as connection:
        await connection.execute("UPDATE tenants SET status = 'provisioning' WHERE id = %s", (tenant.id,))

    async with run_worker(services, temporal_address, task_queue):
        done = await until(services, cleaning, lambda seen: seen.execution.status.is_final)

    assert (done.execution.status, await schema_exists(services, tenant)) == (Status.FAILED, True)
    assert "is not failed; only what a failed one has left is cleaned up" in (done.execution.error_message or "")


@pytest.mark.usefixtures("delivering")
async def test_one_clean_up_at_a_time_and_none_beside_a_provisioning(services: Services, admin: Actor) -> None:
    slug = f"left-{uuid4().hex[:8]}"
    wanted = Registration(slug=slug, name=slug, owner_email=f"{slug}@example.com")
    id_ = (await services.tenants.register(admin, wanted)).execution_id

    with pytest.raises(CannotCleanUp, match="The execution is open; cancel it"):
        await services.executions.clean_up(admin, id_, WHY)


async def until(services: Services, id_: UUID, is_so: Callable[[ExecutionDetail], bool]) -> ExecutionDetail:
    return await eventually(lambda: services.reads.executions.detail(id_), is_so)


async def schema_exists(services: Services, tenant: TenantView) -> bool:
    async with await AsyncConnection.connect(services.database.dsn) as connection:
        found = await connection.execute("SELECT FROM pg_namespace WHERE nspname = %s", (tenant.schema_name,))
        return await found.fetchone() is not None
