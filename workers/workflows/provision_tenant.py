"""Provisions a customer: approval where the plan asks for one, schema, migrations, owner, defaults, activation."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError

from workers.workflows.steps import run_step

with workflow.unsafe.imports_passed_through():
    from operations import contracts
    from operations.contracts import ApprovalStep, ProvisioningResult, TenantStep
    from operations.statuses import Decision, Plan
    from operations.tenant_kinds import PROVISIONING


@workflow.defn(name=PROVISIONING.temporal_name)
class TenantProvisioningWorkflow:
    """One attempt to provision one tenant."""

    def __init__(self) -> None:
        self._told = False

    @workflow.run
    async def run(self, tenant_id: str, user_id: str | None = None) -> ProvisioningResult:
        step = TenantStep(tenant_id=tenant_id, user_id=user_id)
        plan = await run_step(contracts.LOAD_TENANT, step, str)
        if plan == Plan.ENTERPRISE:
            await self._await_approval(tenant_id)
        try:
            return await _build(step)
        except (FailureError, asyncio.CancelledError):
            await _undo(step)
            raise

    @workflow.signal(name=contracts.DECIDED)
    def decided(self) -> None:
        """Look at the decision in the database now."""
        self._told = True

    async def _await_approval(self, tenant_id: str) -> None:
        """Wait for a person; the decision is read from the database, and the time limit becomes one itself."""
        await run_step(contracts.REQUEST_APPROVAL, ApprovalStep(tenant_id=tenant_id), bool)
        deadline = workflow.now() + contracts.APPROVAL_LIMIT
        decision = ""
        while not decision:
            timed_out = not await self._told_before(deadline - workflow.now())
            self._told = False
            settle = ApprovalStep(tenant_id=tenant_id, timed_out=timed_out)
            decision = await run_step(contracts.SETTLE_APPROVAL, settle, str)
        if decision != Decision.APPROVED:
            # Before the step said who and why, it said `rejected` alone.
            why = "The provisioning was not approved." if decision == Decision.REJECTED else decision
            raise ApplicationError(why, type=contracts.REJECTED, non_retryable=True)

    async def _told_before(self, left: timedelta) -> bool:
        try:
            await workflow.wait_condition(
                lambda: self._told, timeout=left, timeout_summary="time limit of the approval"
            )
        except asyncio.TimeoutError:  # noqa: UP041 - on Python 3.11 the SDK raises asyncio's own
            return False
        return True


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
