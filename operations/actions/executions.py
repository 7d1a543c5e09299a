"""What staff can do to executions: terminate, cancel, retry, approve, reject."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import phrases
from operations.access import Actor, acting, permit
from operations.actions import decisions, endings
from operations.actions.asked import Asked, Done
from operations.actions.cleanups import Cleanups
from operations.actions.locked import check_run, ensure, lock
from operations.actions.reasons import checked_reason
from operations.actions.retries import Retried, Retries
from operations.actions.step_commands import StepHolds
from operations.database import Database
from operations.errors import AlreadyDecided
from operations.kinds import Deed
from operations.models import Approval
from operations.possibilities import OFFERED_TO
from operations.settings import FourEyes
from operations.statuses import CommandKind, Decision, RetryKind


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
                decision = decisions.DECISIONS[asked.deed]
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
        deed = decisions.DECIDING[decision]
        permit(actor, OFFERED_TO[deed])
        why = checked_reason(reason)
        async with acting(self.database, actor, OFFERED_TO[deed]) as connection:
            row = await lock(connection, id_)
            check_run(row, seen_run_id)
            if await self._is_made(connection, id_, decision):
                return decision
            known = await ensure(connection, actor, deed, row, takes_two=FourEyes.APPROVE in self.four_eyes)
            await decisions.write(connection, actor, row, decision, why, removes=known.removes)
        self.wake()
        return decision

    async def _is_made(self, connection: AsyncConnection, id_: UUID, decision: Decision) -> bool:
        """Raises `AlreadyDecided` when another decision was made."""
        columns = (Approval.decision, Approval.decided_by, Approval.reason, Approval.decided_at)
        made = (await connection.execute(select(*columns).where(Approval.execution_id == id_))).one_or_none()
        if made is not None and made.decision != decision:
            said = phrases.decided(Decision(made.decision), made.decided_by, made.reason, made.decided_at)
            raise AlreadyDecided(f"{phrases.settled(said)} Nothing was changed.")
        return made is not None

    async def _end(self, actor: Actor, id_: UUID, deed: Deed, reason: str, seen_run_id: str | None) -> UUID:
        permit(actor, OFFERED_TO[deed])
        why, kind = checked_reason(reason), CommandKind(deed.value)
        async with acting(self.database, actor, OFFERED_TO[deed]) as connection:
            row = await lock(connection, id_)
            check_run(row, seen_run_id)
            await ensure(connection, actor, deed, row)
            if (waiting := await endings.queued(connection, id_, kind)) is not None:
                return waiting
            command = await endings.queue(connection, actor, row, kind, why, seen_run_id=seen_run_id)
        self.wake()
        return command
