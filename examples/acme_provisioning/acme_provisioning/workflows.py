"""Workflows orchestrate: no clock, no randomness, no input or output of their own."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import FailureError

from workers.workflows.steps import run_step

with workflow.unsafe.imports_passed_through():
    from acme_provisioning import kinds
    from operations import contracts
    from operations.contracts import ProvisioningResult, TenantStep


@workflow.defn(name=kinds.PROVISIONING.temporal_name)
class AcmeProvisioningWorkflow:
    """Tenantry's steps; a subdomain is reserved before the schema is made, and points there before the activation."""

    @workflow.run
    async def run(self, tenant_id: str, user_id: str | None = None) -> ProvisioningResult:
        step = TenantStep(tenant_id=tenant_id, user_id=user_id)
        await run_step(contracts.LOAD_TENANT, step, str)
        try:
            await run_step(kinds.RESERVE_SUBDOMAIN.name, step, str)
            await run_step(contracts.CREATE_SCHEMA, step, str)
            await run_step(contracts.MIGRATE_SCHEMA, step, str)
            await run_step(contracts.ADD_OWNER, step, bool)
            await run_step(contracts.SEED_DEFAULTS, step, int)
            await run_step(kinds.POINT_SUBDOMAIN.name, step, bool)
            return await run_step(contracts.ACTIVATE_TENANT, step, ProvisioningResult, despite_cancel=True)
        except (FailureError, asyncio.CancelledError):
            await run_step(contracts.DROP_SCHEMA, step, bool, despite_cancel=True)
            await run_step(kinds.RELEASE_SUBDOMAIN.name, step, bool, despite_cancel=True)
            raise


@workflow.defn(name=kinds.BACKUP.temporal_name)
class TenantBackupWorkflow:
    """Stores what a tenant has, and reads it back."""

    @workflow.run
    async def run(self, tenant_id: str) -> str:
        step = TenantStep(tenant_id=tenant_id)
        stored = await run_step(kinds.STORE_BACKUP.name, step, str)
        await run_step(kinds.CHECK_BACKUP.name, step, bool)
        return stored
