"""What people have said of executions and groups, as far as it holds now, and the notes that they left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Row, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from operations.access import NEEDS, Permission
from operations.database import Database
from operations.errors import ExecutionNotFound
from operations.models import Execution, StaffAccount
from operations.models.triage import IS_SAID_OF_IT
from operations.queries.triage_views import NoteView, TriageView

MOST_NOTES = 200  #: of one subject; the newest


@dataclass(frozen=True, kw_only=True, slots=True)
class Triaged:
    """What was said of an execution, with the notes about it and about its group, the newest first."""

    triage: TriageView | None
    notes: tuple[NoteView, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TriageQueries:
    """Reads about triage."""

    database: Database

    async def of_execution(self, id_: UUID) -> Triaged:
        """Raises `ExecutionNotFound`."""
        async with self.database.reading() as connection:
            if await connection.scalar(select(Execution.id).where(Execution.id == id_)) is None:
                raise ExecutionNotFound
            said = await of_executions(connection, [id_])
            rows = await connection.execute(NOTES_OF_EXECUTION, {"id": id_, "most": MOST_NOTES})
            return Triaged(triage=said.get(id_), notes=_notes(rows.all()))

    async def of_group(self, cause: str, signature: str | None) -> Triaged:
        key = {"cause": cause, "signature": signature or "", "most": MOST_NOTES}
        async with self.database.reading() as connection:
            row = (await connection.execute(OF_GROUP, key)).one_or_none()
            rows = await connection.execute(NOTES_OF_GROUP, key)
            return Triaged(triage=None if row is None else view(row), notes=_notes(rows.all()))

    async def assignees(self) -> tuple[str, ...]:
        """The e-mails of those who can see to something."""
        able = [role for role in type(NEEDS[Permission.TRIAGE]) if role.includes(NEEDS[Permission.TRIAGE])]
        statement = (
            select(StaffAccount.email)
            .where(StaffAccount.disabled_at.is_(None), StaffAccount.role.in_(able))
            .order_by(func.lower(StaffAccount.email))
        )
        async with self.database.reading() as connection:
            return tuple(await connection.scalars(statement))


async def of_executions(connection: AsyncConnection, ids: Sequence[UUID]) -> Mapping[UUID, TriageView]:
    """Those of which something was said: of themselves, or else of the group to which they belong."""
    rows = await connection.execute(OF_EXECUTIONS, {"ids": list(ids)})
    return {row.execution_id: said for row in rows if (said := view(row)) is not None}


def view(row: Row[tuple[object, ...]]) -> TriageView | None:
    """None when nothing is said (any more)."""
    said = {name: row._mapping[name] for name in TriageView.__dataclass_fields__}  # noqa: SLF001 - a row as a mapping
    found = TriageView(**said)
    return found if found.acknowledged_by or found.snoozed_until or found.assignee else None


def _notes(rows: Sequence[Row[tuple[object, ...]]]) -> tuple[NoteView, ...]:
    return tuple(NoteView(**row._mapping) for row in rows)  # noqa: SLF001


# As `actions.triage` has it: what was said holds while its cause is the same and a snooze is not over.
IN_TIME = "coalesce(r.snoozed_until > clock_timestamp(), true)"
_HOLDS = f"{IS_SAID_OF_IT} AND {IN_TIME}"


def said_columns(holds: str) -> str:
    """Of the triage `r` and its assignee `s`, as far as it holds."""
    return f"""
        CASE WHEN {holds} THEN r.acknowledged_by END AS acknowledged_by,
        CASE WHEN {holds} THEN r.acknowledged_at END AS acknowledged_at,
        CASE WHEN {holds} THEN r.snoozed_by END AS snoozed_by,
        CASE WHEN {holds} THEN r.snoozed_until END AS snoozed_until,
        s.email AS assignee
    """


_OF_EXECUTIONS = """
    WITH those AS (
        SELECT id, status, health, cause, signature, health_since, cause_since
        FROM workflow_executions WHERE id = ANY(:ids)
    ), own AS (
        SELECT e.id AS execution_id, {own}
        FROM those e JOIN triage r ON r.execution_id = e.id LEFT JOIN staff s ON s.id = r.assignee_id
    ), of_group AS (
        SELECT e.id AS execution_id, {of_group}
        FROM those e
        JOIN triage r ON r.execution_id IS NULL AND r.ended_at IS NULL
            AND r.cause = coalesce(e.cause, 'unknown') AND r.signature = coalesce(e.signature, '')
        LEFT JOIN staff s ON s.id = r.assignee_id
        WHERE e.status IN ('pending', 'running') AND e.health <> 'ok'
    )
    SELECT e.id AS execution_id,
           coalesce(own.acknowledged_by, of_group.acknowledged_by) AS acknowledged_by,
           CASE WHEN own.acknowledged_by IS NULL THEN of_group.acknowledged_at ELSE own.acknowledged_at END
               AS acknowledged_at,
           CASE WHEN own.snoozed_until IS NULL THEN of_group.snoozed_by ELSE own.snoozed_by END AS snoozed_by,
           coalesce(own.snoozed_until, of_group.snoozed_until) AS snoozed_until,
           coalesce(own.assignee, of_group.assignee) AS assignee
    FROM those e LEFT JOIN own ON own.execution_id = e.id LEFT JOIN of_group ON of_group.execution_id = e.id
    WHERE own.execution_id IS NOT NULL OR of_group.execution_id IS NOT NULL
"""
OF_EXECUTIONS = text(_OF_EXECUTIONS.format(own=said_columns(_HOLDS), of_group=said_columns(IN_TIME)))
_OF_GROUP = """
    SELECT {said} FROM triage r LEFT JOIN staff s ON s.id = r.assignee_id
    WHERE r.execution_id IS NULL AND r.ended_at IS NULL AND r.cause = :cause AND r.signature = :signature
"""
OF_GROUP = text(_OF_GROUP.format(said=said_columns(IN_TIME)))
NOTES_OF_EXECUTION = text(
    """
    SELECT n.id, n.author, n.body, n.created_at, n.execution_id, e.attempt, n.triage_id IS NOT NULL AS of_group
    FROM notes n LEFT JOIN workflow_executions e ON e.id = n.execution_id
    WHERE n.execution_id = :id OR n.triage_id = (
        SELECT r.id FROM triage r JOIN workflow_executions m
            ON r.cause = coalesce(m.cause, 'unknown') AND r.signature = coalesce(m.signature, '')
        WHERE m.id = :id AND m.status IN ('pending', 'running') AND m.health <> 'ok'
          AND r.execution_id IS NULL AND r.ended_at IS NULL
    )
    ORDER BY n.created_at DESC, n.id DESC LIMIT :most
    """
)
NOTES_OF_GROUP = text(
    """
    SELECT n.id, n.author, n.body, n.created_at, n.execution_id, NULL AS attempt, true AS of_group
    FROM notes n JOIN triage r ON r.id = n.triage_id
    WHERE r.execution_id IS NULL AND r.ended_at IS NULL AND r.cause = :cause AND r.signature = :signature
    ORDER BY n.created_at DESC, n.id DESC LIMIT :most
    """
)
