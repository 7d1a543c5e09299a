"""What staff say of trouble: acknowledge, assign, snooze, leave a note; of one execution, or of a whole group."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import audit
from operations.access import NEEDS, Actor, Permission, acting
from operations.actions.note_texts import checked_note
from operations.database import Database
from operations.errors import CannotTriage, ExecutionNotFound, GroupNotFound, InvalidInput
from operations.models import Note, StaffAccount
from operations.models import Triage as Row
from operations.models.triage import IS_SAID_OF_IT
from operations.statuses import Status

LONGEST_SNOOZE = timedelta(days=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Executions that stand still for one cause, and by one error where there is one."""

    cause: str
    signature: str | None


Subject = UUID | Group  #: an execution by its id, or a group


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A subject whose triage this transaction holds, as it stands now."""

    id: UUID
    target: audit.Target
    cause: str
    signature: str
    tenant_id: UUID | None  #: of an execution
    is_fine: bool  #: an execution that ended well
    acknowledged_by: str | None
    snoozed_until: datetime | None
    assignee_id: UUID | None

    @property
    def execution_id(self) -> UUID | None:
        return None if self.tenant_id is None else UUID(self.target.id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Triage:
    """Each is one transaction with its audit entry; said twice, it stands once."""

    database: Database

    async def acknowledge(self, actor: Actor, subject: Subject) -> None:
        """Somebody knows; it holds while the cause is the same. Whoever said so first stands there."""
        async with self._holding(actor, subject) as (connection, held):
            _ensure_trouble(held)
            if held.acknowledged_by is not None:
                return
            now = func.clock_timestamp()
            await _write(connection, held, acknowledged_by=actor.name, acknowledged_at=now)
            await _record(connection, actor, "acknowledge", held)

    async def withdraw(self, actor: Actor, subject: Subject) -> None:
        """Nobody has acknowledged it."""
        async with self._holding(actor, subject) as (connection, held):
            if held.acknowledged_by is None:
                return
            await _write(connection, held, acknowledged_by=None, acknowledged_at=None)
            await _record(connection, actor, "withdraw", held, before={"acknowledged_by": held.acknowledged_by})

    async def assign(self, actor: Actor, subject: Subject, assignee: str | None) -> None:
        """Who sees to it, by e-mail; None: nobody. Raises `InvalidInput`."""
        async with self._holding(actor, subject) as (connection, held):
            staff_id = None if assignee is None else await _assignee(connection, assignee)
            if staff_id == held.assignee_id:
                return
            await _write(connection, held, assignee_id=staff_id)
            before: dict[str, object] = {"assignee_id": None if held.assignee_id is None else str(held.assignee_id)}
            await _record(connection, actor, "assign", held, before=before, after={"assignee": assignee})

    async def snooze(self, actor: Actor, subject: Subject, until: datetime | None) -> None:
        """It can wait until then, or until its cause is another one; None: it cannot wait. Raises `InvalidInput`."""
        async with self._holding(actor, subject) as (connection, held):
            if until is not None:
                _ensure_trouble(held)
                await _check_until(connection, until)
            if until == held.snoozed_until:
                return
            by = None if until is None else actor.name
            await _write(connection, held, snoozed_by=by, snoozed_until=until)
            after: dict[str, object] = {"snoozed_until": None if until is None else until.isoformat()}
            await _record(connection, actor, "snooze", held, after=after)

    async def note(self, actor: Actor, subject: Subject, text: str) -> UUID:
        """Leave a note; nobody can change it. Raises `InvalidInput`."""
        body = checked_note(text)
        async with self._holding(actor, subject) as (connection, held):
            written = insert(Note).values(
                tenant_id=held.tenant_id,
                execution_id=held.execution_id,
                triage_id=held.id if held.tenant_id is None else None,
                author=actor.name,
                body=body,
                created_at=func.clock_timestamp(),
            )
            id_ = (await connection.execute(written.returning(Note.id))).scalar_one()
            await _record(connection, actor, "note", held, after={"note": body})
            return id_

    @asynccontextmanager
    async def _holding(self, actor: Actor, subject: Subject) -> AsyncIterator[tuple[AsyncConnection, Held]]:
        """Raises `NotPermitted`, `ExecutionNotFound` or `GroupNotFound`."""
        async with acting(self.database, actor, Permission.TRIAGE) as connection:
            hold = _hold_group if isinstance(subject, Group) else _hold_execution
            yield connection, await hold(connection, subject)


async def _hold_execution(connection: AsyncConnection, id_: Subject) -> Held:
    """What was said of another cause is not said of this one."""
    await connection.execute(BEGIN_EXECUTION, {"id": id_})
    row = (await connection.execute(HOLD_EXECUTION, {"id": id_})).one_or_none()
    if row is None:
        raise ExecutionNotFound
    return Held(
        id=row.id,
        target=audit.Target(kind="execution", id=str(id_), label=row.workflow_id),
        cause=row.cause,
        signature=row.signature,
        tenant_id=row.tenant_id,
        is_fine=row.status == Status.COMPLETED,
        acknowledged_by=row.acknowledged_by if row.holds else None,
        snoozed_until=row.snoozed_until if row.holds else None,
        assignee_id=row.assignee_id,
    )


async def _hold_group(connection: AsyncConnection, group: Subject) -> Held:
    if not isinstance(group, Group):
        raise GroupNotFound
    key = {"cause": group.cause, "signature": group.signature or ""}
    await connection.execute(BEGIN_GROUP, key)
    row = (await connection.execute(HOLD_GROUP, key)).one_or_none()
    if row is None:
        raise GroupNotFound
    label = f"{group.cause}: {group.signature}" if group.signature else group.cause
    return Held(
        id=row.id,
        target=audit.Target(kind="group", id=str(row.id), label=label),
        cause=key["cause"],
        signature=key["signature"],
        tenant_id=None,
        is_fine=False,
        acknowledged_by=row.acknowledged_by if row.holds else None,
        snoozed_until=row.snoozed_until if row.holds else None,
        assignee_id=row.assignee_id,
    )


def _ensure_trouble(held: Held) -> None:
    if held.is_fine:
        raise CannotTriage


async def _assignee(connection: AsyncConnection, email: str) -> UUID:
    """Of somebody who could do what is to be done."""
    found = await connection.execute(
        select(StaffAccount.id, StaffAccount.role).where(
            func.lower(StaffAccount.email) == email.strip().lower(), StaffAccount.disabled_at.is_(None)
        )
    )
    row = found.one_or_none()
    if row is None or not row.role.includes(NEEDS[Permission.TRIAGE]):
        raise InvalidInput({"assignee": "Nobody with this e-mail can see to it; it takes the role support."})
    return UUID(str(row.id))


async def _check_until(connection: AsyncConnection, until: datetime) -> None:
    now = await connection.scalar(select(func.clock_timestamp()))
    if now is None or not now < until <= now + LONGEST_SNOOZE:
        raise InvalidInput({"until": f"It must be a moment to come, at most {LONGEST_SNOOZE.days} days from now."})


async def _write(connection: AsyncConnection, held: Held, **values: object) -> None:
    """With what is not said any more taken back, and the cause of which the rest is said."""
    stale: dict[str, object] = {}
    if held.acknowledged_by is None:
        stale |= {"acknowledged_by": None, "acknowledged_at": None}
    if held.snoozed_until is None:
        stale |= {"snoozed_by": None, "snoozed_until": None}
    now = {"cause": held.cause, "signature": held.signature}
    await connection.execute(update(Row).where(Row.id == held.id).values(**{**stale, **now, **values}))


async def _record(
    connection: AsyncConnection,
    actor: Actor,
    deed: str,
    held: Held,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    said: dict[str, object] = {"cause": held.cause or None, "signature": held.signature or None, **(after or {})}
    await audit.record(
        connection,
        actor,
        f"{held.target.kind}.{deed}",
        audit.Outcome.APPLIED,
        held.target,
        before=before,
        after=said,
    )


BEGIN_EXECUTION = text(
    """
    INSERT INTO triage (execution_id)
    SELECT e.id FROM workflow_executions e JOIN tenants t ON t.id = e.entity_id WHERE e.id = :id
    ON CONFLICT (execution_id) WHERE execution_id IS NOT NULL DO NOTHING
    """
)
# What was said holds while the cause is the one of which it was said, and a snooze is not over.
_HOLD_EXECUTION = """
    SELECT r.id, e.workflow_id, e.status, t.id AS tenant_id, r.acknowledged_by, r.snoozed_until, r.assignee_id,
           CASE WHEN holds THEN r.cause ELSE coalesce(e.cause, '') END AS cause,
           CASE WHEN holds THEN r.signature ELSE coalesce(e.signature, '') END AS signature, holds
    FROM triage r JOIN workflow_executions e ON e.id = r.execution_id JOIN tenants t ON t.id = e.entity_id,
         LATERAL (SELECT {is_said} AND coalesce(r.snoozed_until > clock_timestamp(), true) AS holds) AS held
    WHERE r.execution_id = :id FOR UPDATE OF r
"""
HOLD_EXECUTION = text(_HOLD_EXECUTION.format(is_said=IS_SAID_OF_IT))
# A group lives as long as somebody belongs to it, and some minutes longer: what failed again comes back to it.
BEGIN_GROUP = text(
    """
    INSERT INTO triage (cause, signature)
    SELECT :cause, :signature WHERE EXISTS (
        SELECT FROM workflow_executions
        WHERE status IN ('pending', 'running') AND health <> 'ok'
          AND coalesce(cause, 'unknown') = :cause AND coalesce(signature, '') = :signature
    )
    ON CONFLICT (cause, signature) WHERE execution_id IS NULL AND ended_at IS NULL DO NOTHING
    """
)
HOLD_GROUP = text(
    """
    SELECT id, acknowledged_by, snoozed_until, assignee_id, coalesce(snoozed_until > clock_timestamp(), true) AS holds
    FROM triage
    WHERE execution_id IS NULL AND ended_at IS NULL AND cause = :cause AND signature = :signature FOR UPDATE
    """
)
