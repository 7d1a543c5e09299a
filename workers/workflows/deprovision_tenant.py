"""Removes a customer: a durable waiting time in which it can be cancelled, then the drop."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import FailureError, is_cancelled_exception

from workers.workflows.steps import run_step

with workflow.unsafe.imports_passed_through():
    from operations import contracts
    from operations.contracts import TenantStep


@workflow.defn(name=contracts.DEPROVISIONING.temporal_name)
class TenantDeprovisioningWorkflow:
    """One removal of one tenant."""

    @workflow.run
    async def run(self, tenant_id: str, previous_status: str, waiting_seconds: float) -> bool:
        step = TenantStep(tenant_id=tenant_id, previous_status=previous_status)
        try:
            await run_step(contracts.ANNOUNCE_DEPROVISIONING, step, bool)
            await workflow.sleep(timedelta(seconds=waiting_seconds), summary="time to think again")
        except (FailureError, asyncio.CancelledError) as error:
            if is_cancelled_exception(error):
                await run_step(contracts.RESTORE_TENANT, step, bool, despite_cancel=True)
            raise
        # A half-dropped tenant helps nobody.
        return await run_step(contracts.DELETE_TENANT, step, bool, despite_cancel=True)
