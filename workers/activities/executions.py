"""The tracking plugin's own activity: takes a run's report to the only writer of its status."""

from dataclasses import dataclass
from uuid import UUID

from temporalio import activity

from operations import contracts, tracking
from operations.contracts import StatusReport
from operations.database import Database
from operations.statuses import CloseReason, Status


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutionActivities:
    """Writes of executions on behalf of their runs."""

    database: Database

    @activity.defn(name=contracts.RECORD_STATUS)
    async def record_status(self, report: StatusReport) -> None:
        """Idempotent; a report that comes late changes nothing and is no error."""
        transition = tracking.Transition(
            execution_id=UUID(report.execution_id),
            to=Status(report.status),
            actor="system:worker",
            run_id=report.run_id,
            close_reason=None if report.close_reason is None else CloseReason(report.close_reason),
            error=report.error,
            own_run_only=True,
        )
        async with self.database.transaction() as connection:
            await tracking.move(connection, transition)
