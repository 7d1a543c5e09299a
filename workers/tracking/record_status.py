"""The tracking plugin's own activity: takes a run's report to the only writer of its status."""

from dataclasses import dataclass
from uuid import UUID

from temporalio import activity

from operations import contracts, tracking
from operations.contracts import StatusReport
from operations.database import Database
from operations.statuses import CloseReason, Status
from operations.transitions import Transition
from workers.tracking.recorder import Recorder


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusActivities:
    """Writes of executions on behalf of their runs; a run's end is written behind its steps."""

    database: Database
    recorder: Recorder

    @activity.defn(name=contracts.RECORD_STATUS)
    async def record_status(self, report: StatusReport) -> None:
        """Idempotent; a report that comes late changes nothing and is no error."""
        transition = Transition(
            execution_id=UUID(report.execution_id),
            to=Status(report.status),
            actor="system:worker",
            run_id=report.run_id,
            close_reason=None if report.close_reason is None else CloseReason(report.close_reason),
            error=report.error,
            reason=report.remark,
            own_run_only=True,
            workflow_id=activity.info().workflow_id,
        )
        has_more_to_say = transition.to is Status.FAILED or transition.reason is not None
        if not has_more_to_say and await self.recorder.move(transition):
            return
        if transition.to.is_final:
            await self.recorder.settle(transition.execution_id)
        async with self.database.transaction() as connection:
            await tracking.move(connection, transition)
