"""Waiting for a person's decision, which is in the database; a part of any workflow that needs one."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from workers.workflows.steps import run_step

with workflow.unsafe.imports_passed_through():
    from operations import contracts
    from operations.contracts import ApprovalStep
    from operations.statuses import Decision


class Approval:
    """One per run. The workflow passes the signal `contracts.DECIDED` on to `look`."""

    def __init__(self, *, limit: timedelta = contracts.APPROVAL_LIMIT) -> None:
        self._limit = limit
        self._told = False

    def look(self) -> None:
        """Look at the decision in the database now."""
        self._told = True

    async def wait(self, tenant_id: str) -> None:
        """Until somebody approves; raises when the answer is no, or none came in time."""
        await run_step(contracts.REQUEST_APPROVAL, ApprovalStep(tenant_id=tenant_id), bool)
        deadline = workflow.now() + self._limit
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
