"""Everything that happened to one customer, in one line of time: runs, failures, decisions, deeds, findings, notes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import text

from operations.database import Database
from operations.queries.cursors import Cursor
from operations.queries.paging import check_limit


class Happening(StrEnum):
    """What can be looked at alone."""

    RUN = "run"  #: one began, or ended
    STEP = "step"  #: one that failed, whatever became of it
    DECISION = "decision"  #: one was asked for, or made
    DEED = "deed"  #: what staff asked of Temporal
    FINDING = "finding"  #: of a reconciliation
    BULK = "bulk"  #: it was among many to which staff did the same
    NOTE = "note"  #: of staff, about the customer or one of its runs


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One thing that happened."""

    id: UUID  #: of this entry among those of its moment
    at: datetime
    kind: Happening
    word: str  #: which: a status, a step, a decision, the kind of a command or of a finding, an action
    status: str | None  #: of a step or a command
    execution_id: UUID | None
    workflow_type: str | None
    attempt: int | None
    tries: int | None
    actor: str | None
    reason: str | None  #: in people's words, or what was done
    error: str | None
    bulk_id: UUID | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Entries:
    """The newest first; `next` leads further back."""

    items: tuple[Entry, ...]
    next: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerHistories:
    """Reads about the past of customers."""

    database: Database

    async def of(
        self,
        tenant_id: UUID,
        *,
        kinds: frozenset[Happening] = frozenset(Happening),
        cursor: str | None = None,
        limit: int = 50,
    ) -> Entries:
        """Raises `InvalidInput`."""
        check_limit(limit)
        place = None if cursor is None else Cursor.decode(cursor, 1)
        values = {
            "tenant": tenant_id,
            "kinds": sorted(kinds),
            "at": None if place is None else place.value,
            "id": None if place is None else place.id,
            "limit": limit + 1,
        }
        async with self.database.reading() as connection:
            rows = (await connection.execute(HAPPENED, values)).mappings()
            found = [Entry(**{**row, "kind": Happening(row["kind"])}) for row in rows]
        shown = tuple(found[:limit])
        last = shown[-1] if len(found) > limit else None
        return Entries(
            items=shown, next=None if last is None else Cursor(segment=0, value=last.at, id=last.id).encode()
        )


# A customer has few runs, and an index leads to what belongs to each. The id of an entry only orders those of one
# moment, and a page goes on after it; of a step it is made of its run's and its place.
HAPPENED = text(
    """
    WITH runs AS (
        SELECT id, workflow_type, attempt, status, close_reason, requested_by, created_at, completed_at, error_message
        FROM workflow_executions WHERE entity_id = :tenant
    ), happened AS (
        SELECT id, created_at AS at, 'run' AS kind, 'requested' AS word, NULL AS status, id AS execution_id,
               workflow_type, attempt, NULL::int AS tries, requested_by AS actor, NULL AS reason, NULL AS error,
               NULL::uuid AS bulk_id
        FROM runs
        UNION ALL
        SELECT id, completed_at, 'run', coalesce(close_reason, status), NULL, id, workflow_type, attempt, NULL, NULL,
               NULL, error_message, NULL
        FROM runs WHERE completed_at IS NOT NULL
        UNION ALL
        SELECT md5(r.id::text || s.ordinal)::uuid, coalesce(s.completed_at, s.tried_at), 'step', s.name, s.status, r.id,
               r.workflow_type, r.attempt, s.attempts, NULL, NULL, s.error, NULL
        FROM runs r JOIN execution_steps s ON s.execution_id = r.id WHERE s.error IS NOT NULL
        UNION ALL
        SELECT r.id, q.requested_at, 'decision', 'requested', NULL, r.id, r.workflow_type, r.attempt, NULL, NULL, NULL,
               NULL, NULL
        FROM runs r JOIN approval_requests q ON q.execution_id = r.id
        UNION ALL
        SELECT a.id, a.decided_at, 'decision', a.decision, NULL, r.id, r.workflow_type, r.attempt, NULL, a.decided_by,
               a.reason, NULL, NULL
        FROM runs r JOIN approvals a ON a.execution_id = r.id
        UNION ALL
        SELECT c.id, c.created_at, 'deed', c.kind, c.state, r.id, r.workflow_type, r.attempt, NULL, c.requested_by,
               c.reason, c.error, NULL
        FROM runs r JOIN commands c ON c.execution_id = r.id WHERE c.kind NOT IN ('start', 'decide')
        UNION ALL
        SELECT f.id, f.first_seen_at, 'finding', f.kind, CASE WHEN f.resolved_at IS NULL THEN 'open' END,
               f.execution_id, NULL, NULL, NULL, f.resolved_by, f.done, NULL, NULL
        FROM reconciliation_findings f
        WHERE f.tenant_id = :tenant OR f.execution_id IN (SELECT id FROM runs)
        UNION ALL
        SELECT md5(r.id::text || m.bulk_id)::uuid, b.created_at, 'bulk', b.action, m.state, r.id, r.workflow_type,
               r.attempt, NULL, b.requested_by, coalesce(m.why, b.reason), NULL, b.id
        FROM runs r JOIN bulk_rows m ON m.execution_id = r.id JOIN bulk_operations b ON b.id = m.bulk_id
        UNION ALL
        SELECT n.id, n.created_at, 'note', 'note', NULL, n.execution_id, r.workflow_type, r.attempt, NULL, n.author,
               n.body, NULL, NULL
        FROM notes n LEFT JOIN runs r ON r.id = n.execution_id WHERE n.tenant_id = :tenant
    )
    SELECT * FROM happened
    WHERE kind = ANY(:kinds) AND (CAST(:at AS timestamptz) IS NULL
          OR (at, id) < (CAST(:at AS timestamptz), CAST(:id AS uuid)))
    ORDER BY at DESC, id DESC LIMIT :limit
    """
)
