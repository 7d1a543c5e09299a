"""What the database knows of executions that stand still: read by the watcher, oldest first, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import kinds
from operations.diagnosis.evidence import Evidence
from operations.diagnosis.facts import Delivery, Facts, Recorded, StepFact
from operations.kinds import Purpose
from operations.statuses import Cause, FindingKind, Health, Status, StepStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a page ended."""

    progressed_at: datetime
    id: UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class Suspect:
    """An open execution without progress, and what its row says of that by now."""

    id: UUID
    workflow_id: str
    workflow_type: str
    run_id: str | None
    task_queue: str
    build: str | None
    names: tuple[str | None, ...]  #: of the tenant
    facts: Facts  #: as the database has them
    cause: str | None
    health: Health
    detail: str | None
    signature: str | None
    evidence: Evidence
    still_since: datetime | None
    since: datetime | None  #: of the cause

    @property
    def place(self) -> Place:
        return Place(progressed_at=self.facts.progressed_at, id=self.id)


async def suspects(
    connection: AsyncConnection, *, idle: timedelta, after: Place | None, limit: int
) -> Sequence[Suspect]:
    """Those that have not moved for so long, by the database's clock."""
    rows = await connection.execute(
        SUSPECTS,
        {
            "idle": idle,
            "after_at": None if after is None else after.progressed_at,
            "after_id": None if after is None else after.id,
            "limit": limit,
            "removing": kinds.known().stored_names(Purpose.REMOVE),
        },
    )
    return [_suspect(dict(row._mapping)) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name for it


def _suspect(row: dict[str, object]) -> Suspect:
    given = _Row(row)
    cause, still_since, since = given.text("cause"), given.moment("health_since"), given.moment("cause_since")
    evidence = Evidence.from_json(row["evidence"])
    known = None
    if cause in list(Cause) and still_since is not None:
        known = Recorded(
            cause=Cause(cause),
            since=since or still_since,
            still_since=still_since,
            evidence=evidence,
            error=given.text("cause_detail") if given.text("signature") else None,
        )
    return Suspect(
        id=UUID(str(row["id"])),
        workflow_id=str(row["workflow_id"]),
        workflow_type=str(row["workflow_type"]),
        run_id=given.text("run_id"),
        task_queue=str(row["task_queue"]),
        build=given.text("build_id"),
        names=(given.text("name"), given.text("slug"), given.text("schema_name")),
        facts=given.facts(known),
        cause=cause,
        health=Health(str(row["health"])),
        detail=given.text("cause_detail"),
        signature=given.text("signature"),
        evidence=evidence,
        still_since=still_since,
        since=since,
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """Columns by their kinds."""

    given: dict[str, object]

    def text(self, name: str) -> str | None:
        value = self.given[name]
        return value if isinstance(value, str) else None

    def number(self, name: str) -> int:
        value = self.given[name]
        return value if isinstance(value, int) else 0

    def moment(self, name: str) -> datetime | None:
        value = self.given[name]
        return value if isinstance(value, datetime) else None

    def facts(self, known: Recorded | None) -> Facts:
        now, progressed_at = self.moment("now"), self.moment("last_progress_at")
        if now is None or progressed_at is None:
            raise LookupError
        finding = self.text("finding")
        return Facts(
            now=now,
            status=Status(str(self.given["status"])),
            progressed_at=progressed_at,
            recorded=known,
            start=self._delivery("start_asked_at", "start_tries", "start_error", "requested_by"),
            cancel=self._delivery("cancel_settled_at", None, None, "cancel_by"),
            finding=FindingKind(finding) if finding in list(FindingKind) else None,
            asked_for_decision_at=self.moment("asked_at"),
            was_decided=self.given["was_decided"] is True,
            removes=self.given["removes"] is True,
            sleeps_until=self.moment("sleeps_until"),
            step=self._step(),
        )

    def _delivery(self, at: str, tries: str | None, error: str | None, by: str) -> Delivery | None:
        asked_at = self.moment(at)
        if asked_at is None:
            return None
        return Delivery(
            asked_at=asked_at,
            tries=0 if tries is None else self.number(tries),
            error=None if error is None else self.text(error),
            asked_by=self.text(by),
        )

    def _step(self) -> StepFact | None:
        name, status = self.text("step_name"), self.text("step_status")
        if name is None or status not in (StepStatus.RUNNING, StepStatus.RETRYING):
            return None
        return StepFact(
            name=name,
            status=StepStatus(status),
            tries=self.number("step_tries"),
            error=self.text("step_error"),
            next_try_at=self.moment("next_try_at"),
            began_at=self.moment("tried_at"),
        )


# The keys first, by the index that the default view of the list has, too.
SUSPECTS = text(
    """
    WITH still AS (
        SELECT id FROM workflow_executions
        WHERE status IN ('pending', 'running')
          AND last_progress_at < clock_timestamp() - CAST(:idle AS interval)
          AND (CAST(:after_at AS timestamptz) IS NULL
               OR (last_progress_at, id) > (CAST(:after_at AS timestamptz), CAST(:after_id AS uuid)))
        ORDER BY last_progress_at, id LIMIT :limit
    )
    SELECT e.id, e.workflow_id, e.workflow_type, e.run_id, e.task_queue, e.build_id, e.status, e.last_progress_at,
           e.cause, e.health, e.cause_detail, e.signature, e.evidence, e.health_since, e.cause_since,
           e.requested_by, clock_timestamp() AS now, e.workflow_type = ANY(:removing) AS removes,
           t.name, t.slug, t.schema_name,
           CASE WHEN t.status = 'deprovisioning' AND e.workflow_type = ANY(:removing) THEN t.due_at END AS sleeps_until,
           start.created_at AS start_asked_at, start.tries AS start_tries, start.error AS start_error,
           cancel.settled_at AS cancel_settled_at, cancel.requested_by AS cancel_by, finding.kind AS finding,
           asked.requested_at AS asked_at, asked.was_decided, step.name AS step_name, step.status AS step_status,
           step.attempts AS step_tries, step.error AS step_error, step.next_try_at, step.tried_at
    FROM still JOIN workflow_executions e USING (id) LEFT JOIN tenants t ON t.id = e.entity_id
    LEFT JOIN LATERAL (
        SELECT c.created_at, c.tries, c.error FROM commands c
        WHERE e.status = 'pending' AND c.execution_id = e.id AND c.kind = 'start' AND c.state = 'queued'
    ) start ON true
    LEFT JOIN LATERAL (
        SELECT c.settled_at, c.requested_by FROM commands c
        WHERE c.execution_id = e.id AND c.kind = 'cancel' AND c.state = 'delivered'
        ORDER BY c.created_at DESC LIMIT 1
    ) cancel ON true
    LEFT JOIN LATERAL (
        SELECT f.kind FROM reconciliation_findings f
        WHERE f.execution_id = e.id AND f.resolved_at IS NULL AND f.ignored_at IS NULL AND f.kind <> 'intruder'
        ORDER BY f.first_seen_at DESC LIMIT 1
    ) finding ON true
    LEFT JOIN LATERAL (
        SELECT CASE WHEN a.id IS NULL THEN r.requested_at END AS requested_at, a.id IS NOT NULL
               AND NOT EXISTS (SELECT FROM execution_steps s
                               WHERE s.execution_id = e.id AND s.started_at > a.decided_at) AS was_decided
        FROM approval_requests r LEFT JOIN approvals a USING (execution_id) WHERE r.execution_id = e.id
    ) asked ON true
    LEFT JOIN LATERAL (
        SELECT s.name, s.status, s.attempts, s.error, s.next_try_at, s.tried_at FROM execution_steps s
        WHERE s.execution_id = e.id AND s.name = e.current_step ORDER BY s.ordinal DESC LIMIT 1
    ) step ON true
    ORDER BY e.last_progress_at, e.id
    """
)
