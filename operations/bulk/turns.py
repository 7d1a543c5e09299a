"""A row's turn in a bulk operation: looked at again under its lock, acted upon, and its state written, all or nothing.

Whoever is killed in the middle has done nothing; whoever comes next takes the row up from the beginning.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from operations.access import Actor, as_of_now
from operations.actions import decisions, endings, starts
from operations.actions.locked import Locked, check_run, facts, lock
from operations.actions.retries import Retries
from operations.database import Database
from operations.deed_facts import Facts
from operations.errors import DatabaseUnavailable, OperationsError, RetryChanged
from operations.kinds import Deed
from operations.logs import logger
from operations.models import Command
from operations.possibilities import possibility
from operations.settings import FourEyes
from operations.statuses import CommandKind, CommandState, RetryKind, Role

log = logger(__name__)
MISTAKE = "Tenantry made a mistake while it did this; nothing was changed. Its log has the error."


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One row, and what the whole operation says of it."""

    bulk_id: UUID
    ordinal: int
    execution_id: UUID
    retry_kind: RetryKind | None
    seen_run_id: str | None
    deed: Deed
    reason: str
    actor: Actor
    first_alone: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """What followed from a turn: a command, or a new attempt with the command that starts it."""

    command_id: UUID | None = None
    successor_id: UUID | None = None


class Skipped(Exception):
    """Why a row has been left as it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Turns:
    """Takes rows one at a time; any number of processes may do so at once."""

    database: Database
    retries: Retries

    async def take(self, bulk_id: UUID) -> bool:
        """Whether there was a row left. Raises `DatabaseUnavailable`; the row is then as it was."""
        turn: Turn | None = None
        try:
            async with self.database.transaction() as connection:
                turn = await _next(connection, bulk_id)
                if turn is None:
                    return False
                await self._take(connection, turn)
        except DatabaseUnavailable:
            raise
        except IntegrityError as error:  # somebody else began the same at this moment
            await self._give_up(turn, starts.conflict(error))
        except Exception:  # a bug that one row meets must not keep the others waiting
            if turn is None:
                raise
            log.exception("a row of a bulk operation met a bug", execution=str(turn.execution_id))
            await self._give_up(turn, MISTAKE)
        return True

    async def _take(self, connection: AsyncConnection, turn: Turn) -> None:
        try:
            sent = await self._act(connection, turn)
        except Skipped as skipped:
            await connection.execute(SKIP, {"bulk": turn.bulk_id, "ordinal": turn.ordinal, "why": str(skipped)})
            return
        values = {
            "bulk": turn.bulk_id,
            "ordinal": turn.ordinal,
            "command": sent.command_id,
            "successor": sent.successor_id,
        }
        await connection.execute(SEND, values)
        if turn.first_alone:
            await connection.execute(PAUSE_AFTER, {"bulk": turn.bulk_id, "execution": turn.execution_id})

    async def _act(self, connection: AsyncConnection, turn: Turn) -> Sent:
        """What the action of a single execution does, under the same locks; raises `Skipped` where that refuses."""
        try:
            actor = await as_of_now(connection, turn.actor)
            row = await lock(connection, turn.execution_id, with_tenant=turn.deed is Deed.RETRY)
            check_run(row, turn.seen_run_id)
            takes_two = FourEyes.APPROVE in self.retries.four_eyes
            known = await facts(connection, row, takes_two=takes_two)
            known = replace(known, asked=await _asked(connection, row.id))
            possible = possibility(turn.deed, known, actor)
            if possible.problem is not None:
                raise Skipped(possible.problem)
            if turn.retry_kind not in (None, known.retry):
                raise RetryChanged
        except DatabaseUnavailable:
            raise
        except OperationsError as refusal:
            raise Skipped(refusal.message) from None
        return await self._do(connection, actor, row, turn, known)

    async def _do(self, connection: AsyncConnection, actor: Actor, row: Locked, turn: Turn, known: Facts) -> Sent:
        match turn.deed:
            case Deed.RETRY:
                done = await self.retries.begin(connection, actor, row, known.retry, turn.reason)
                return Sent(command_id=done.command_id, successor_id=done.execution_id)
            case Deed.CANCEL | Deed.TERMINATE:
                kind = CommandKind(turn.deed.value)
                return Sent(command_id=await endings.queue(connection, actor, row, kind, turn.reason))
            case Deed.APPROVE | Deed.REJECT:
                decision = decisions.DECISIONS[turn.deed]
                command = await decisions.write(connection, actor, row, decision, turn.reason, removes=known.removes)
                return Sent(command_id=command)
            case Deed.PAUSE_STEP | Deed.RESUME_STEP | Deed.CLEAN_UP:
                raise Skipped(f"{turn.deed.capitalize()} is not done to many at once.")

    async def _give_up(self, turn: Turn | None, why: str) -> None:
        if turn is not None:
            async with self.database.transaction() as connection:
                await connection.execute(SKIP, {"bulk": turn.bulk_id, "ordinal": turn.ordinal, "why": why})


async def _next(connection: AsyncConnection, bulk_id: UUID) -> Turn | None:
    row = (await connection.execute(NEXT, {"bulk": bulk_id})).one_or_none()
    if row is None:
        return None
    if row.first_alone and not await connection.scalar(STILL_ALONE, {"bulk": bulk_id}):
        return None
    return _turn(row)


def _turn(row: Row[tuple[object, ...]]) -> Turn:
    return Turn(
        bulk_id=row.bulk_id,
        ordinal=row.ordinal,
        execution_id=row.execution_id,
        retry_kind=None if row.retry_kind is None else RetryKind(row.retry_kind),
        seen_run_id=row.seen_run_id,
        deed=Deed(row.action),
        reason=row.reason,
        actor=Actor(name=row.requested_by, role=Role(row.role), staff_id=row.staff_id),
        first_alone=row.first_alone,
    )


async def _asked(connection: AsyncConnection, id_: UUID) -> frozenset[CommandKind]:
    """What is on its way already, whoever asked: the same is not asked twice."""
    waiting = select(Command.kind).where(Command.execution_id == id_, Command.state == CommandState.QUEUED)
    return frozenset(await connection.scalars(waiting))


# Who comes at the same moment gets the row after it.
NEXT = text(
    """
    SELECT r.bulk_id, r.ordinal, r.execution_id, r.retry_kind, r.seen_run_id, b.action, b.reason, b.requested_by,
           b.role, b.staff_id, b.first_alone
    FROM bulk_rows r JOIN bulk_operations b ON b.id = r.bulk_id
    WHERE r.bulk_id = :bulk AND r.state = 'left' AND b.state = 'running'
    ORDER BY r.ordinal LIMIT 1 FOR UPDATE OF r SKIP LOCKED
    """
)
# Of two who want to send the first row, the second waits here, and learns that it is sent.
STILL_ALONE = text("SELECT true FROM bulk_operations WHERE id = :bulk AND state = 'running' AND first_alone FOR UPDATE")
PAUSE_AFTER = text(
    """
    UPDATE bulk_operations SET state = 'paused', first_alone = false, canary_id = :execution WHERE id = :bulk
    """
)
SKIP = text(
    """
    UPDATE bulk_rows SET state = 'skipped', why = :why, settled_at = clock_timestamp()
    WHERE bulk_id = :bulk AND ordinal = :ordinal AND state = 'left'
    """
)
SEND = text(
    """
    WITH sent AS (
        UPDATE commands SET bulk_id = :bulk
        WHERE id = CAST(:command AS uuid) OR (execution_id = CAST(:successor AS uuid) AND kind = 'start')
        RETURNING id
    )
    UPDATE bulk_rows SET state = 'sent', command_id = (SELECT id FROM sent), successor_id = CAST(:successor AS uuid)
    WHERE bulk_id = :bulk AND ordinal = :ordinal
    """
)
