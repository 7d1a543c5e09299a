"""Looks at many executions at once: what decides about deeds, as the page of a single one sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Row, text

from operations import phrases
from operations.access import Actor
from operations.askers import askers
from operations.bulk.plans import Offer, PlannedRow, Seen, planned, unknown
from operations.database import Database
from operations.deed_facts import Facts
from operations.diagnosis.evidence import Evidence
from operations.kinds import Deed
from operations.statuses import CloseReason, CommandKind, Decision, Health, Status, TenantStatus

AT_ONCE = 100  #: rows between which others have their turn on the event loop


@dataclass(frozen=True, kw_only=True, slots=True)
class Looker:
    """Reads rows in small portions: thousands at once would hold up every page of the process."""

    database: Database
    takes_two: bool = False

    async def rows(self, deed: Deed, ids: Sequence[UUID], actor: Actor) -> list[PlannedRow]:
        """In the order of the ids."""
        (found,) = await self._planned((deed,), ids, actor)
        return found

    async def offers(self, deeds: Sequence[Deed], ids: Sequence[UUID], actor: Actor) -> tuple[Offer, ...]:
        """By one look, of each deed: how many could take it now."""
        looked = await self._planned(deeds, ids, actor)
        return tuple(Offer.of(deed, rows) for deed, rows in zip(deeds, looked, strict=True))

    async def _planned(self, deeds: Sequence[Deed], ids: Sequence[UUID], actor: Actor) -> list[list[PlannedRow]]:
        found: list[list[PlannedRow]] = [[] for _ in deeds]
        for first in range(0, len(ids), AT_ONCE):
            some = ids[first : first + AT_ONCE]
            async with self.database.reading() as connection:
                rows = (await connection.execute(LOOK, {"ids": list(some)})).all()
                waiting = [row.id for row in rows if row.awaits_decision]
                asked_by = await askers(connection, waiting) if waiting else {}
            seen = {row.id: self._seen(row, asked_by.get(row.id, frozenset())) for row in rows}
            for deed, planned_rows in zip(deeds, found, strict=True):
                planned_rows += [planned(deed, seen[id_], actor) if id_ in seen else unknown(id_) for id_ in some]
        return found

    def _seen(self, row: Row[tuple[object, ...]], asked_by: frozenset[str]) -> Seen:
        said = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
        decided = None
        if row.decision is not None:
            decided = phrases.decided(Decision(row.decision), row.decided_by, row.decided_why, row.decided_at)
        known = set(CommandKind)
        return Seen(
            id=row.id,
            workflow_id=row.workflow_id,
            name=row.name,
            run_id=row.run_id,
            facts=Facts(
                workflow_type=row.workflow_type,
                status=Status(row.status),
                attempt=row.attempt,
                latest_attempt=row.latest_attempt,
                tenant=None if row.tenant is None else TenantStatus(row.tenant),
                due_at=row.due_at,
                awaits_decision=row.awaits_decision,
                close_reason=None if row.close_reason is None else CloseReason(row.close_reason),
                ending=row.error_message,
                decided=decided,
                cause=row.cause,
                health=Health(row.health),
                step=Evidence.from_json(said["evidence"]).step or row.current_step,
                asked_by=asked_by,
                takes_two=self.takes_two,
                asked=frozenset(CommandKind(kind) for kind in row.asked if kind in known),
            ),
        )


LOOK = text(
    """
    SELECT e.id, e.workflow_id, e.workflow_type, e.status, e.close_reason, left(e.error_message, 1000) AS error_message,
           e.run_id, e.attempt, e.cause, e.health, e.current_step, e.evidence,
           t.name, t.status AS tenant, t.due_at,
           (SELECT max(o.attempt) FROM workflow_executions o
            WHERE o.entity_id = e.entity_id AND o.workflow_type = e.workflow_type) AS latest_attempt,
           a.decision, a.decided_by, a.reason AS decided_why, a.decided_at,
           e.status IN ('pending', 'running') AND a.id IS NULL
               AND EXISTS (SELECT FROM approval_requests r WHERE r.execution_id = e.id) AS awaits_decision,
           ARRAY(SELECT DISTINCT c.kind FROM commands c
                 WHERE c.execution_id = e.id AND c.state = 'queued') AS asked
    FROM workflow_executions e
    LEFT JOIN tenants t ON t.id = e.entity_id
    LEFT JOIN approvals a ON a.execution_id = e.id
    WHERE e.id = ANY(:ids)
    """
)
