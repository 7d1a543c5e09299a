"""Provisions a customer: schema, migrations, owner, defaults, activation."""

from temporalio import workflow

from workers.workflows.steps import run_step

with workflow.unsafe.imports_passed_through():
    from operations import contracts
    from operations.contracts import ProvisioningResult, TenantStep


@workflow.defn(name=contracts.PROVISIONING.temporal_name)
class TenantProvisioningWorkflow:
    """One attempt to provision one tenant."""

    @workflow.run
    async def run(self, tenant_id: str, user_id: str | None = None) -> ProvisioningResult:
        step = TenantStep(tenant_id=tenant_id, user_id=user_id)
        await run_step(contracts.LOAD_TENANT, step, str)
        await run_step(contracts.CREATE_SCHEMA, step, str)
        await run_step(contracts.MIGRATE_SCHEMA, step, str)
        await run_step(contracts.ADD_OWNER, step, str)
        await run_step(contracts.SEED_DEFAULTS, step, int)
        return await run_step(contracts.ACTIVATE_TENANT, step, ProvisioningResult)
