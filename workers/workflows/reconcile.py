"""One reconciliation pass, as Temporal's schedule starts it."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from operations import contracts
    from operations.contracts import PassReport

LONGEST_PASS = timedelta(minutes=10)
HEARTBEAT = timedelta(seconds=20)  #: a worker that dies is noticed after this long


@workflow.defn(name=contracts.RECONCILIATION)
class ReconciliationWorkflow:
    """One pass and no repeat: the next one comes by the schedule."""

    @workflow.run
    async def run(self) -> PassReport:
        report: PassReport = await workflow.execute_activity(
            contracts.RECONCILE,
            result_type=PassReport,
            start_to_close_timeout=LONGEST_PASS,
            heartbeat_timeout=HEARTBEAT,
            retry_policy=RetryPolicy(maximum_attempts=1),
        )
        return report
