"""The steps that remove a tenant, or restore one whose removal was cancelled."""

from dataclasses import dataclass

from temporalio import activity

from operations import contracts
from operations.contracts import TenantStep
from operations.statuses import TenantStatus
from workers.activities import schemas
from workers.activities.held_tenant import hold_tenant, work_on_schema
from workers.activities.sessions import Sessions

ANNOUNCE = """
    UPDATE public.tenants SET status = 'deprovisioning', updated_at = clock_timestamp()
    WHERE id = %s AND status <> 'deleted'
"""
RESTORE = "UPDATE public.tenants SET status = %s, updated_at = clock_timestamp() WHERE id = %s AND status = %s"
DELETE = """
    UPDATE public.tenants SET status = 'deleted', deleted_at = coalesce(deleted_at, clock_timestamp()),
           updated_at = clock_timestamp()
    WHERE id = %s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class DepartureActivities:
    """Steps on a tenant that leaves."""

    sessions: Sessions

    @activity.defn(name=contracts.ANNOUNCE_DEPROVISIONING)
    async def announce_deprovisioning(self, step: TenantStep) -> bool:
        """The waiting time begins."""
        async with hold_tenant(self.sessions, step.tenant_id, is_leaving=True) as (connection, _):
            await connection.execute(ANNOUNCE, (step.tenant_id,))
            return True

    @activity.defn(name=contracts.RESTORE_TENANT)
    async def restore_tenant(self, step: TenantStep) -> bool:
        """Give the tenant back the status it had; nothing was dropped yet."""
        async with hold_tenant(self.sessions, step.tenant_id, is_leaving=True) as (connection, _):
            status = step.previous_status or TenantStatus.ACTIVE
            await connection.execute(RESTORE, (status, step.tenant_id, TenantStatus.DEPROVISIONING))
            return True

    @activity.defn(name=contracts.DELETE_TENANT)
    async def delete_tenant(self, step: TenantStep) -> bool:
        """Drop the schema, if it carries this tenant's mark; the tenant's row stays, so that its slug stays taken."""
        async with work_on_schema(self.sessions, step.tenant_id, is_leaving=True) as (connection, tenant):
            dropped = await schemas.drop(connection, tenant.schema_name, step.tenant_id)
        async with hold_tenant(self.sessions, step.tenant_id, is_leaving=True) as (connection, _):
            await connection.execute(DELETE, (step.tenant_id,))
        return dropped
