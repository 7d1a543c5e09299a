"""Watches retries until it is known what became of them, and writes that down, each once.

Whichever process looks first writes it: no lease is needed.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Row, text

from operations.database import Database
from operations.diagnosis.outcomes import Before, Now, Retry, outcome
from operations.errors import DatabaseUnavailable
from operations.logs import logger
from operations.statuses import CommandKind, CommandState, Status, StepStatus

log = logger(__name__)

EVERY = 2.0  #: seconds
MOST = 200  #: retries per look, those first whose time is up soonest


@dataclass(frozen=True, kw_only=True, slots=True)
class Verifier:
    """Keep one per process; `run` it beside the rest."""

    database: Database

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                with suppress(DatabaseUnavailable):
                    await self.look()
            except Exception:  # a bug that one look meets must not end the process that watches
                log.exception("outcomes of retries could not be looked at")
            await asyncio.sleep(EVERY)

    async def look(self) -> int:
        """How many outcomes were written."""
        async with self.database.transaction() as connection:
            rows = (await connection.execute(WATCHED, {"most": MOST})).all()
            found = [(row.id, answer.value) for row in rows if (answer := outcome(_retry(row))) is not None]
            if found:
                ids, answers = zip(*found, strict=True)
                await connection.execute(WRITE, {"ids": list(ids), "outcomes": list(answers)})
        return len(found)


def _retry(row: Row[tuple[object, ...]]) -> Retry:
    said = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    return Retry(
        state=CommandState(row.state),
        asked_at=row.created_at,
        is_new_attempt=row.kind == CommandKind.START,
        is_over=row.is_over,
        before=Before(step=row.step, signature=said["signature_before"], steps_done=row.done_before),
        now=Now(
            status=Status(row.status),
            cause=row.cause,
            signature=row.signature,
            steps_done=row.steps_done,
            step_status=None if row.step_status is None else StepStatus(row.step_status),
            step_tried_at=row.step_tried_at,
        ),
    )


# Of a step that is tried, what the request kept; of a new attempt, how the one before ended.
WATCHED = text(
    """
    SELECT c.id, c.kind, c.state, c.created_at, c.watched_until < clock_timestamp() AS is_over,
           c.payload ->> 'step' AS step,
           CASE WHEN c.kind = 'start' THEN old.signature ELSE c.payload ->> 'signature' END AS signature_before,
           coalesce(CASE WHEN c.kind = 'start' THEN old.steps_done ELSE (c.payload ->> 'steps_done')::int END, 0)
               AS done_before,
           e.status, e.cause, e.signature, e.steps_done, step.status AS step_status, step.tried_at AS step_tried_at
    FROM commands c JOIN workflow_executions e ON e.id = c.execution_id
    LEFT JOIN workflow_executions old ON c.kind = 'start' AND old.id = e.retry_of
    LEFT JOIN LATERAL (
        SELECT s.status, s.tried_at FROM execution_steps s
        WHERE s.execution_id = e.id AND s.name = c.payload ->> 'step' ORDER BY s.ordinal DESC LIMIT 1
    ) step ON true
    WHERE c.watched_until IS NOT NULL AND c.outcome IS NULL
    ORDER BY c.watched_until LIMIT :most FOR NO KEY UPDATE OF c SKIP LOCKED
    """
)
# With an entry in the history of the execution: whoever reads it later learns whether it helped.
WRITE = text(
    """
    WITH written AS (
        UPDATE commands c SET outcome = given.outcome, outcome_at = clock_timestamp()
        FROM unnest(CAST(:ids AS uuid[]), CAST(:outcomes AS text[])) AS given(id, outcome)
        WHERE c.id = given.id AND c.outcome IS NULL
        RETURNING c.execution_id, c.kind, c.outcome, c.requested_by
    )
    INSERT INTO execution_events (execution_id, kind, actor, detail)
    SELECT execution_id, 'outcome', 'system:diagnosis',
           jsonb_build_object('outcome', outcome, 'command', kind, 'requested_by', requested_by)
    FROM written
    """
)
