"""Removes a customer: a durable waiting time in which it can be cancelled, then the drop."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import FailureError, is_cancelled_exception

from workers.workflows.steps import run_last_step, run_step

with workflow.unsafe.imports_passed_through():
    from operations import contracts
    from operations.contracts import TenantStep
    from operations.tenant_kinds import DEPROVISIONING


@workflow.defn(name=DEPROVISIONING.temporal_name)
class TenantDeprovisioningWorkflow:
    """One removal of one tenant. When it is due, and what it was before, the steps read from its row."""

    @workflow.run
    async def run(self, tenant_id: str, previous_status: str, waiting_seconds: float) -> bool:
        step = TenantStep(tenant_id=tenant_id, previous_status=previous_status)
        try:
            pause = await _announce(step, waiting_seconds)
            await workflow.sleep(timedelta(seconds=pause), summary="time to think again")
            return await run_last_step(contracts.DELETE_TENANT, step, bool)
        except (FailureError, asyncio.CancelledError) as error:
            if not is_cancelled_exception(error) or await run_step(
                contracts.RESTORE_TENANT, step, bool, despite_cancel=True
            ):
                raise
        # The cancel came too late. A half-dropped tenant helps nobody.
        return await run_step(contracts.DELETE_TENANT, step, bool, despite_cancel=True)


async def _announce(step: TenantStep, waiting_seconds: float) -> float:
    """Seconds to wait. Runs of the first version go by their arguments; whatever those say, the step waits till due."""
    if workflow.patched("wait-until-due"):
        return await run_step(contracts.ANNOUNCE_DEPARTURE, step, float)
    await run_step(contracts.ANNOUNCE_DEPROVISIONING, step, bool)
    return waiting_seconds
