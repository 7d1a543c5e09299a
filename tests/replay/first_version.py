"""The provisioning as it was before its first patch: what a worker of that version ran."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import FailureError

from workers.workflows.approval import Approval
from workers.workflows.steps import run_step

with workflow.unsafe.imports_passed_through():
    from operations import contracts
    from operations.contracts import ProvisioningResult, TenantStep
    from operations.statuses import Plan
    from operations.tenant_kinds import PROVISIONING


@workflow.defn(name=PROVISIONING.temporal_name)
class TenantProvisioningWorkflow:
    """One attempt to provision one tenant."""

    def __init__(self) -> None:
        self._approval = Approval()

    @workflow.run
    async def run(self, tenant_id: str, user_id: str | None = None) -> ProvisioningResult:
        step = TenantStep(tenant_id=tenant_id, user_id=user_id)
        plan = await run_step(contracts.LOAD_TENANT, step, str)
        if plan == Plan.ENTERPRISE:
            await self._approval.wait(tenant_id)
        try:
            return await _build(step)
        except (FailureError, asyncio.CancelledError):
            await _undo(step)
            raise

    @workflow.signal(name=contracts.DECIDED)
    def decided(self) -> None:
        """Look at the decision in the database now."""
        self._approval.look()


async def _build(step: TenantStep) -> ProvisioningResult:
    await run_step(contracts.CREATE_SCHEMA, step, str)
    await run_step(contracts.MIGRATE_SCHEMA, step, str)
    await run_step(contracts.ADD_OWNER, step, bool)
    await run_step(contracts.SEED_DEFAULTS, step, int)
    return await run_step(contracts.ACTIVATE_TENANT, step, ProvisioningResult, despite_cancel=True)


async def _undo(step: TenantStep) -> None:
    """Take back what `_build` made: all of it lies in the schema. What went wrong before stays the error of the run."""
    try:
        await run_step(contracts.DROP_SCHEMA, step, bool, despite_cancel=True)
    except FailureError as error:
        workflow.logger.warning("the schema was not dropped: %s", error)
