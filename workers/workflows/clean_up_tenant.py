"""Takes away what a provisioning that failed has left of a tenant."""

from temporalio import workflow

from workers.workflows.steps import run_last_step

with workflow.unsafe.imports_passed_through():
    from operations import contracts
    from operations.contracts import TenantStep
    from operations.tenant_kinds import CLEANUP


@workflow.defn(name=CLEANUP.temporal_name)
class TenantCleanupWorkflow:
    """One clean-up of one tenant; whether it may be cleaned up, the step looks at under its lock."""

    @workflow.run
    async def run(self, tenant_id: str) -> bool:
        return await run_last_step(contracts.CLEAN_UP_SCHEMA, TenantStep(tenant_id=tenant_id), bool)
