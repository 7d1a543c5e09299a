"""How a diagnosis is kept in a row: what every statement that stores one has in common."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operations.diagnosis.facts import Facts
from operations.diagnosis.verdicts import Diagnosis, diagnose
from operations.statuses import Cause, CloseReason, Health, Status

#: What a signature leaves out: the names of the tenant.
NAMES = """
    SELECT e.id, t.name, t.slug, t.schema_name FROM workflow_executions e JOIN tenants t ON t.id = e.entity_id
    WHERE e.id = ANY({ids})
"""
_NAMES = text(NAMES.format(ids=":ids"))


#: Since when a row's pause lasts.
PAUSED_SINCE = "coalesce(CAST({row}.evidence->>'paused_since' AS timestamptz), {row}.cause_since, {row}.health_since)"


def without_pause(row: str, until: str) -> str:
    """Since when it stands still, once a pause is over that lasted until then: its time does not count. Where the pause
    was laid over a wait, that may be over, too, since any moment of it.
    """
    began = f"greatest({PAUSED_SINCE.format(row=row)}, {row}.last_progress_at)"
    return f"""CASE WHEN {row}.evidence->>'awaited' IS NOT NULL THEN {until}
        ELSE {row}.last_progress_at + greatest({until} - {began}, interval '0') END"""


def of_end(status: Status, close_reason: CloseReason | None, error: str | None, names: Sequence[str]) -> Diagnosis:
    """What there is to say of a status; of one that is not final, nothing."""
    now = datetime.now(UTC)  # nothing of an end depends on it
    facts = Facts(now=now, status=status, progressed_at=now, close_reason=close_reason, error=error)
    return diagnose(facts, *names)


async def names_of(connection: AsyncConnection, id_: UUID) -> tuple[str, ...]:
    """Those of the tenant, for whoever has an error to sign."""
    row = (await connection.execute(_NAMES, {"ids": [id_]})).one_or_none()
    return () if row is None else tuple(row[1:])


def _columns(keeps: str, *, cause: str = "NULL", signature: str = "NULL") -> str:
    """What was said stays where `keeps` is true; else there is only this."""
    return f"""
        cause = CASE WHEN {keeps} THEN cause ELSE {cause} END,
        cause_detail = CASE WHEN {keeps} THEN cause_detail END,
        signature = CASE WHEN {keeps} THEN signature ELSE {signature} END,
        evidence = CASE WHEN {keeps} THEN evidence END,
        health = CASE WHEN {keeps} THEN health ELSE '{Health.OK}' END,
        health_since = CASE WHEN {keeps} THEN health_since END,
        cause_since = CASE WHEN {keeps} THEN cause_since END"""


#: Over as soon as a run has begun.
_HAS_BEGUN = f"cause NOT IN ('{Cause.NOT_STARTED}', '{Cause.TEMPORAL_UNREACHABLE}')"
#: In the statements that move a status.
OF_MOVE = _columns(
    f"NOT :is_final AND {_HAS_BEGUN}", cause="CAST(:cause AS text)", signature="CAST(:signature AS text)"
)
OF_FREE_MOVE = _columns(f"free.status = 'running' AND {_HAS_BEGUN}")
#: Where somebody has decided.
OF_DECISION = _columns(f"cause IS DISTINCT FROM '{Cause.AWAITING_APPROVAL}'")
