"""What staff can do to executions: terminate, cancel, retry, approve, reject."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import assert_never
from uuid import UUID, uuid4

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import audit, phrases
from operations.access import Actor, acting, permit
from operations.actions import consents
from operations.actions.asked import Asked, Done
from operations.actions.cleanups import Cleanups
from operations.actions.locked import Locked, check_run, ensure, lock
from operations.actions.reasons import checked_reason
from operations.actions.retries import Retried, Retries
from operations.actions.step_commands import StepHolds
from operations.database import Database
from operations.errors import AlreadyDecided
from operations.kinds import Deed
from operations.models import Approval, Command
from operations.outbox import commands
from operations.outbox.commands import Intent
from operations.possibilities import OFFERED_TO
from operations.settings import FourEyes
from operations.statuses import CommandKind, CommandState, Decision, RetryKind

DECISIONS = {Deed.APPROVE: Decision.APPROVED, Deed.REJECT: Decision.REJECTED}
DECIDING = {decision: deed for deed, decision in DECISIONS.items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Executions:
    """Actions on executions; each is one transaction with its audit entry, and Temporal hears of it afterwards."""

    database: Database
    task_queue: str
    wake: Callable[[], None]
    four_eyes: frozenset[FourEyes] = frozenset()

    async def carry_out(self, actor: Actor, asked: Asked) -> Done:
        """The one way in for doors that offer every deed; raises what the deed's own verb raises."""
        id_, why, seen = asked.execution_id, asked.reason, asked.seen_run_id
        match asked.deed:
            case Deed.RETRY:
                retried = await self.retry(actor, id_, why, seen_run_id=seen, kind=asked.kind)
                return Done(execution_id=retried.execution_id, command_id=retried.command_id, kind=retried.kind)
            case Deed.CLEAN_UP:
                return Done(execution_id=await self.clean_up(actor, id_, why, seen_run_id=seen))
            case Deed.APPROVE | Deed.REJECT:
                decision = DECISIONS[asked.deed]
                return Done(decision=await self.decide(actor, id_, decision, why, seen_run_id=seen))
            case Deed.TERMINATE | Deed.CANCEL:
                return Done(command_id=await self._end(actor, id_, asked.deed, why, seen))
            case Deed.PAUSE_STEP | Deed.RESUME_STEP:
                return Done(command_id=await self.hold(actor, id_, asked.deed, why, seen_run_id=seen))
            case _:
                assert_never(asked.deed)

    async def terminate(self, actor: Actor, id_: UUID, reason: str, *, seen_run_id: str | None = None) -> UUID:
        """End the run by force, without clean-up; returns the command. A second click finds the first one's."""
        return await self._end(actor, id_, Deed.TERMINATE, reason, seen_run_id)

    async def cancel(self, actor: Actor, id_: UUID, reason: str, *, seen_run_id: str | None = None) -> UUID:
        """Ask the run to end in order, with clean-up; returns the command."""
        return await self._end(actor, id_, Deed.CANCEL, reason, seen_run_id)

    async def retry(
        self, actor: Actor, id_: UUID, reason: str, *, seen_run_id: str | None = None, kind: RetryKind | None = None
    ) -> Retried:
        """Try the step now, begin a new attempt, or replace a wedged run; of concurrent clicks exactly one wins.

        Works while Temporal is down.
        """
        retries = Retries(
            database=self.database,
            task_queue=self.task_queue,
            wake=self.wake,
            four_eyes=self.four_eyes,
        )
        return await retries.retry(actor, id_, reason, seen_run_id=seen_run_id, kind=kind)

    async def hold(self, actor: Actor, id_: UUID, deed: Deed, reason: str, *, seen_run_id: str | None = None) -> UUID:
        """Pause the step at which it stands, or resume it; returns the command."""
        holds = StepHolds(database=self.database, wake=self.wake)
        return await holds.hold(actor, id_, deed, reason, seen_run_id=seen_run_id)

    async def clean_up(self, actor: Actor, id_: UUID, reason: str, *, seen_run_id: str | None = None) -> UUID:
        """Begin a run that takes away what this one, a failed provisioning, has left; returns its execution."""
        cleanups = Cleanups(database=self.database, task_queue=self.task_queue, wake=self.wake)
        return await cleanups.clean_up(actor, id_, reason, seen_run_id=seen_run_id)

    async def decide(
        self, actor: Actor, id_: UUID, decision: Decision, reason: str, *, seen_run_id: str | None = None
    ) -> Decision:
        """Approve or reject; the row is written first, then the run is told. Repeating the same decision is fine."""
        deed = DECIDING[decision]
        permit(actor, OFFERED_TO[deed])
        why = checked_reason(reason)
        async with acting(self.database, actor, OFFERED_TO[deed]) as connection:
            row = await lock(connection, id_)
            check_run(row, seen_run_id)
            if await self._is_made(connection, id_, decision):
                return decision
            known = await ensure(connection, actor, deed, row, takes_two=FourEyes.APPROVE in self.four_eyes)
            await connection.execute(
                insert(Approval).values(
                    id=uuid4(),
                    execution_id=id_,
                    decision=decision.value,
                    decided_by=actor.name,
                    staff_id=actor.staff_id,
                    reason=why,
                )
            )
            intent = Intent(kind=CommandKind.DECIDE, execution_id=id_, requested_by=actor.name, reason=why)
            await commands.queue(connection, intent)
            if known.removes:
                await self._settle_removal(connection, intent, decision, row)
            await audit.record(
                connection,
                actor,
                f"execution.{deed}",
                audit.Outcome.APPLIED,
                row.target,
                reason=why,
            )
        self.wake()
        return decision

    async def _settle_removal(
        self, connection: AsyncConnection, intent: Intent, decision: Decision, row: Locked
    ) -> None:
        """Its steps read what was decided. A no ends the run by a cancel, which gives the tenant back."""
        await consents.settle(connection, row.id)
        if decision is Decision.REJECTED and await self._queued(connection, row.id, CommandKind.CANCEL) is None:
            await commands.queue(connection, replace(intent, kind=CommandKind.CANCEL, seen_run_id=row.run_id))

    async def _is_made(self, connection: AsyncConnection, id_: UUID, decision: Decision) -> bool:
        """Raises `AlreadyDecided` when another decision was made."""
        columns = (Approval.decision, Approval.decided_by, Approval.reason, Approval.decided_at)
        made = (await connection.execute(select(*columns).where(Approval.execution_id == id_))).one_or_none()
        if made is not None and made.decision != decision:
            said = phrases.decided(Decision(made.decision), made.decided_by, made.reason, made.decided_at)
            raise AlreadyDecided(f"{said.rstrip('.')}. A decision is final. Nothing was changed.")
        return made is not None

    async def _queued(self, connection: AsyncConnection, id_: UUID, kind: CommandKind) -> UUID | None:
        """The command of this kind that has not reached Temporal."""
        command: UUID | None = await connection.scalar(
            select(Command.id).where(
                Command.execution_id == id_, Command.kind == kind, Command.state == CommandState.QUEUED
            )
        )
        return command

    async def _end(self, actor: Actor, id_: UUID, deed: Deed, reason: str, seen_run_id: str | None) -> UUID:
        permit(actor, OFFERED_TO[deed])
        why, kind = checked_reason(reason), CommandKind(deed.value)
        async with acting(self.database, actor, OFFERED_TO[deed]) as connection:
            row = await lock(connection, id_)
            check_run(row, seen_run_id)
            await ensure(connection, actor, deed, row)
            if (waiting := await self._queued(connection, id_, kind)) is not None:
                return waiting
            intent = Intent(
                kind=kind, execution_id=id_, requested_by=actor.name, reason=why, seen_run_id=seen_run_id or row.run_id
            )
            command = await commands.queue(connection, intent)
            await audit.record(
                connection,
                actor,
                f"execution.{kind}",
                audit.Outcome.REQUESTED,
                row.target,
                reason=why,
                before={"status": row.status, "run_id": row.run_id},
            )
        self.wake()
        return command
