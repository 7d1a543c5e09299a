"""Writes of a run's progress: which step, which try, what went wrong. Status is none of its business."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operations.statuses import StepStatus
from operations.tracking import clean


@dataclass(frozen=True, kw_only=True, slots=True)
class StepReport:
    """What the worker saw of one try of one step."""

    execution_id: UUID
    ordinal: int
    name: str
    attempt: int
    status: StepStatus
    error: str | None = None
    next_try_in: timedelta | None = None


async def record(connection: AsyncConnection, report: StepReport) -> None:
    """Write a try's beginning or end; one that comes late or twice changes nothing.

    Beginning and ending move `last_progress_at`; another try of a step that fails does not.
    """
    await connection.execute(
        RECORD,
        {
            "execution": report.execution_id,
            "ordinal": report.ordinal,
            "name": report.name,
            "attempt": report.attempt,
            "status": report.status.value,
            "error": clean(report.error),
            "next": None if report.next_try_in is None else report.next_try_in.total_seconds(),
            "progressed": report.status is StepStatus.COMPLETED
            or (report.status is StepStatus.RUNNING and report.attempt == 1),
        },
    )


async def record_progress(connection: AsyncConnection, execution_id: UUID, ordinal: int, progress: str) -> None:
    """Write what a running step says of itself; that it said something new is progress."""
    await connection.execute(
        PROGRESS, {"execution": execution_id, "ordinal": ordinal, "progress": clean(progress[:LONGEST_PROGRESS])}
    )


LONGEST_PROGRESS = 200  # characters

PROGRESS = text(
    """
    WITH step AS (
        UPDATE execution_steps SET progress = :progress
        WHERE execution_id = :execution AND ordinal = :ordinal AND status = 'running'
          AND progress IS DISTINCT FROM :progress
        RETURNING 1
    )
    UPDATE workflow_executions SET last_progress_at = clock_timestamp()
    FROM step WHERE id = :execution AND status IN ('pending', 'running')
    """
)


# One statement: the step's row, and what the execution's row says of it. A row deleted by hand blocks nothing. After a
# failed step come only steps that clean up; the execution keeps pointing at the one that failed.
RECORD = text(
    """
    WITH step AS (
        INSERT INTO execution_steps AS s
               (execution_id, ordinal, name, status, attempts, error, next_try_at, completed_at)
        SELECT :execution, :ordinal, :name, :status, :attempt, :error,
               clock_timestamp() + make_interval(secs => :next),
               CASE WHEN :status IN ('completed', 'failed', 'canceled') THEN clock_timestamp() END
        WHERE EXISTS (SELECT FROM workflow_executions WHERE id = :execution)
        ON CONFLICT (execution_id, ordinal) DO UPDATE SET
            name = excluded.name, status = excluded.status, attempts = excluded.attempts,
            error = coalesce(excluded.error, s.error), next_try_at = excluded.next_try_at,
            completed_at = excluded.completed_at,
            tried_at = CASE WHEN excluded.status = 'running' THEN excluded.tried_at ELSE s.tried_at END
        WHERE excluded.attempts > s.attempts
           OR (excluded.attempts = s.attempts AND s.status = 'running')
        RETURNING name
    ), done AS (
        SELECT count(*) FILTER (WHERE status = 'completed') AS number,
               count(*) FILTER (WHERE status = 'failed') > 0 AS failed
        FROM execution_steps WHERE execution_id = :execution AND ordinal <> :ordinal
    )
    UPDATE workflow_executions SET
        current_step = CASE WHEN done.failed THEN current_step ELSE step.name END,
        steps_done = CASE WHEN done.failed THEN steps_done ELSE done.number + (:status = 'completed')::int END,
        cause = CASE WHEN :status = 'retrying' THEN 'step_retrying'
                     WHEN :status = 'completed' AND cause = 'step_retrying' THEN NULL ELSE cause END,
        cause_detail = CASE WHEN :status = 'retrying' THEN :error
                            WHEN :status = 'completed' AND cause = 'step_retrying' THEN NULL ELSE cause_detail END,
        last_progress_at = CASE WHEN :progressed THEN clock_timestamp() ELSE last_progress_at END
    FROM step, done
    WHERE id = :execution AND workflow_executions.status IN ('pending', 'running')
    """
)
