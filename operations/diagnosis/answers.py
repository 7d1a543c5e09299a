"""Writes what the watcher found, many executions in one statement that never waits."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operations.diagnosis.suspects import Suspect
from operations.diagnosis.verdicts import Diagnosis


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A diagnosis, and the row that it is about, as it was read."""

    suspect: Suspect
    diagnosis: Diagnosis

    @property
    def is_news(self) -> bool:
        said, answer = self.suspect, self.diagnosis
        return answer.moved_at is not None or (
            said.health,
            said.cause,
            said.detail,
            said.signature,
            said.evidence,
            said.still_since,
            said.since,
        ) != (
            answer.health,
            answer.cause,
            answer.detail,
            answer.signature,
            answer.evidence,
            answer.still_since,
            answer.since,
        )


async def store(connection: AsyncConnection, answers: Sequence[Answer], token: int) -> int:
    """How many were written. Rows that moved meanwhile, or that somebody holds, are left as they are; so is everything
    when another watcher has taken over.
    """
    written = await connection.execute(
        STORE, {"answers": json.dumps([_plain(answer) for answer in answers]), "token": token}
    )
    return written.rowcount


def _plain(answer: Answer) -> dict[str, object]:
    said, diagnosis = answer.suspect, answer.diagnosis
    return {
        "id": str(said.id),
        "status": said.facts.status,
        "progressed_at": said.facts.progressed_at.isoformat(),
        "before": said.cause,
        "health": diagnosis.health,
        "cause": diagnosis.cause,
        "detail": diagnosis.detail,
        "signature": diagnosis.signature,
        "evidence": diagnosis.evidence.as_json(),
        "still_since": _plain_moment(diagnosis.still_since),
        "since": _plain_moment(diagnosis.since),
        "moved_at": _plain_moment(diagnosis.moved_at),
    }


def _plain_moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


STORE = text(
    """
    WITH given AS (
        SELECT * FROM jsonb_to_recordset(CAST(:answers AS jsonb)) AS g(
            id uuid, status text, progressed_at timestamptz, before text, health text, cause text, detail text,
            signature text, evidence jsonb, still_since timestamptz, since timestamptz,
            moved_at timestamptz)
    ), free AS (
        SELECT e.id FROM workflow_executions e JOIN given USING (id)
        WHERE e.status = given.status AND e.last_progress_at = given.progressed_at
          AND e.cause IS NOT DISTINCT FROM given.before
          AND EXISTS (SELECT FROM diagnosis_state WHERE token = :token)
        ORDER BY e.id FOR NO KEY UPDATE OF e SKIP LOCKED
    )
    UPDATE workflow_executions e SET
        health = given.health, cause = given.cause, cause_detail = given.detail, signature = given.signature,
        evidence = given.evidence, health_since = given.still_since, cause_since = given.since,
        last_progress_at = greatest(e.last_progress_at, given.moved_at)
    FROM given JOIN free USING (id) WHERE e.id = given.id
    """
)
