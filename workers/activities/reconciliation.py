"""The activity behind the scheduled reconciliation."""

import asyncio
from dataclasses import dataclass

from temporalio import activity

from operations import contracts
from operations.contracts import PassReport
from operations.errors import LeaseLost, PassRunning, ReconciliationPaused
from operations.reconciliation.passes import PassResult, Reconciler
from operations.statuses import PassTrigger

BEAT = 5.0  #: seconds between two signs of life


@dataclass(frozen=True, kw_only=True, slots=True)
class ReconciliationActivities:
    """Passes on behalf of the schedule."""

    reconciler: Reconciler

    @activity.defn(name=contracts.RECONCILE)
    async def reconcile(self) -> PassReport:
        """Run one pass; when another one is running or passes are paused, say so and leave it."""
        async with asyncio.TaskGroup() as group:
            beating = group.create_task(_beat())
            try:
                result = await self._run()
            finally:
                beating.cancel()
        return result

    async def _run(self) -> PassReport:
        try:
            result: PassResult = await self.reconciler.run_pass(
                PassTrigger.SCHEDULE, f"schedule:{contracts.SCHEDULE_ID}"
            )
        except (PassRunning, ReconciliationPaused, LeaseLost) as reason:
            return PassReport(outcome="skipped", note=reason.message)
        return PassReport(
            outcome=result.outcome.value,
            checked=result.checked,
            found=result.found,
            healed=result.healed,
            note=result.error,
        )


async def _beat() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(BEAT)
