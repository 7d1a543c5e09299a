"""The step of a clean-up: it drops what a failed provisioning has left, and nothing of a tenant in any other status."""

from dataclasses import dataclass

from temporalio import activity
from temporalio.exceptions import ApplicationError

from operations import contracts
from operations.contracts import TenantStep
from operations.statuses import TenantStatus
from workers.activities import schemas
from workers.activities.admission import hold_execution
from workers.activities.held_tenant import TenantRow, work_on_schema
from workers.activities.sessions import Sessions


@dataclass(frozen=True, kw_only=True, slots=True)
class CleanupActivities:
    """Of the kind `tenant_kinds.CLEANUP`."""

    sessions: Sessions

    @activity.defn(name=contracts.CLEAN_UP_SCHEMA)
    async def clean_up_schema(self, step: TenantStep) -> bool:
        """Whether there was a schema. While the execution is open, no other that makes or removes the tenant begins."""
        async with work_on_schema(self.sessions, step.tenant_id, spares_active=True) as (connection, tenant):
            if tenant.status is not TenantStatus.FAILED:
                raise _not_failed(tenant)
            was_there = await schemas.drop(connection, tenant.schema_name, step.tenant_id)
            await hold_execution(connection, step.tenant_id)  # before the tenant, as everybody does
            if (await connection.execute(FORGET_VERSION, (tenant.id,))).rowcount == 0:
                raise _not_failed(tenant)  # not any more: what was dropped comes back
            return was_there


def _not_failed(tenant: TenantRow) -> ApplicationError:
    return ApplicationError(
        f"Tenant {tenant.slug} is not failed; only what a failed one has left is cleaned up.",
        type="NotFailed",
        non_retryable=True,
    )


FORGET_VERSION = """
    UPDATE public.tenants SET schema_version = NULL, updated_at = clock_timestamp() WHERE id = %s AND status = 'failed'
"""
