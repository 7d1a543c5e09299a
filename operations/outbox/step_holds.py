"""What a row says of a step that was paused or let go on, from the moment in which Temporal has taken it.

The watcher would see a pause only when the next try is overdue: until then pages offered another, and no resume.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operations.diagnosis import storing
from operations.diagnosis.facts import Facts, RunFact, StepFact
from operations.diagnosis.verdicts import diagnose
from operations.diagnosis.waits import DRIFTS
from operations.outbox.claims import Claim
from operations.pending_steps import PendingStep
from operations.statuses import Cause, Status, StepStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class StepHold:
    """What Temporal has taken."""

    step: PendingStep  #: as it was before
    is_paused: bool


async def store(connection: AsyncConnection, claim: Claim, hold: StepHold) -> None:
    """Nothing of a step that has ended, or of a run that the row does not follow any more."""
    values = {"id": claim.execution_id, "run": claim.run_id, "step": hold.step.name}
    row = (await connection.execute(HELD, values)).one_or_none()
    if row is None or (row.cause == Cause.STEP_PAUSED) == hold.is_paused or row.cause in _STRONGER:
        return
    untold = StepStatus.RUNNING if hold.step.is_under_way else StepStatus.RETRYING  # the worker's reports were lost
    step = StepFact(
        name=hold.step.name,
        status=StepStatus(row.status or untold),
        tries=row.attempts or hold.step.attempt,
        error=row.error,
        next_try_at=row.next_try_at,
        is_paused=hold.is_paused,
    )
    run = RunFact(step=step, paused_by=claim.requested_by, paused_why=claim.reason) if hold.is_paused else None
    now = datetime.now(UTC)  # the row's times are the database's
    facts = Facts(now=now, status=Status.RUNNING, progressed_at=now, step=step, run=run)
    answer = diagnose(facts, *await storing.names_of(connection, claim.execution_id))
    said = {
        "id": claim.execution_id,
        "cause": answer.cause,
        "detail": answer.detail,
        "signature": answer.signature,
        "evidence": json.dumps(answer.evidence.as_json()) if answer.cause else None,
        "goes_on": not hold.is_paused,
    }
    await connection.execute(SAY, said)


#: What says more of a run than that a step of it is paused.
_STRONGER = frozenset({*DRIFTS, Cause.RUN_PAUSED, Cause.AWAITING_APPROVAL})

HELD = text(
    """
    SELECT e.cause, s.status, s.attempts, s.error, s.next_try_at FROM workflow_executions e
    LEFT JOIN LATERAL (
        SELECT * FROM execution_steps WHERE execution_id = e.id AND name = :step ORDER BY ordinal DESC LIMIT 1
    ) s ON true
    WHERE e.id = :id AND e.status = 'running' AND e.run_id = :run
      AND coalesce(s.status IN ('running', 'retrying'), true) FOR NO KEY UPDATE OF e
    """
)
# Of a step that goes on, the watcher says in its next round how it is doing.
SAY = text(
    """
    WITH held AS (
        SELECT e.id, CASE WHEN :goes_on THEN $still_since ELSE clock_timestamp() END AS since
        FROM workflow_executions e WHERE e.id = :id
    )
    UPDATE workflow_executions e SET
        cause = CAST(:cause AS text), cause_detail = :detail, signature = :signature, health = 'ok',
        evidence = CAST(:evidence AS jsonb),
        last_progress_at = CASE WHEN :goes_on THEN held.since ELSE e.last_progress_at END,
        health_since = CASE WHEN CAST(:cause AS text) IS NOT NULL THEN held.since END,
        cause_since = CASE WHEN CAST(:cause AS text) IS NOT NULL THEN held.since END
    FROM held WHERE held.id = e.id
    """.replace("$still_since", storing.without_pause("e", "clock_timestamp()"))
)
