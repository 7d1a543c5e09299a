"""What people want of the step at which an execution stands: queued once, whatever the number of clicks."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import audit
from operations.access import Actor, acting, permit
from operations.actions import starts
from operations.actions.locked import Locked, check_run, ensure, lock
from operations.actions.reasons import checked_reason
from operations.database import Database
from operations.kinds import Deed
from operations.models import Command
from operations.outbox import commands
from operations.outbox.commands import Intent
from operations.possibilities import OFFERED_TO
from operations.statuses import CommandKind, CommandState

HOLDS = {Deed.PAUSE_STEP: CommandKind.PAUSE_STEP, Deed.RESUME_STEP: CommandKind.RESUME_STEP}


@dataclass(frozen=True, kw_only=True, slots=True)
class StepHolds:
    """Pauses and resumes steps."""

    database: Database
    wake: Callable[[], None]

    async def hold(self, actor: Actor, id_: UUID, deed: Deed, reason: str, *, seen_run_id: str | None = None) -> UUID:
        """The command; a second click finds the first one's."""
        permit(actor, OFFERED_TO[deed])
        why = checked_reason(reason)
        async with acting(self.database, actor, OFFERED_TO[deed]) as connection:
            row = await lock(connection, id_)
            check_run(row, seen_run_id)
            waiting = await queued(connection, row, HOLDS[deed])
            if waiting is not None:
                return waiting
            await ensure(connection, actor, deed, row)
            command = await queue(connection, actor, row, HOLDS[deed], why)
        self.wake()
        return command


async def queued(connection: AsyncConnection, row: Locked, kind: CommandKind) -> UUID | None:
    """A command of this kind that is on its way already."""
    waiting = select(Command.id).where(
        Command.execution_id == row.id, Command.kind == kind, Command.state == CommandState.QUEUED
    )
    return await connection.scalar(waiting)


async def queue(connection: AsyncConnection, actor: Actor, row: Locked, kind: CommandKind, why: str) -> UUID:
    """For exactly the run and the step at which the row stands."""
    payload: dict[str, object] = {"step": row.step, "signature": row.signature, "steps_done": row.steps_done}
    intent = Intent(
        kind=kind,
        execution_id=row.id,
        requested_by=actor.name,
        reason=why,
        seen_run_id=row.run_id,
        payload=payload,
        watched_for=starts.WATCHED if kind is CommandKind.RETRY_STEP else None,
    )
    command = await commands.queue(connection, intent)
    before: dict[str, object] = {"cause": row.cause, "step": row.step, "run_id": row.run_id}
    await audit.record(
        connection,
        actor,
        f"execution.{kind}",
        audit.Outcome.REQUESTED,
        row.target,
        reason=why,
        before=before,
    )
    return command
