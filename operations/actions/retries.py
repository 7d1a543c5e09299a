"""Retry: one word for three things. Which of them it is, `possibilities` says, before and again under the lock."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

from sqlalchemy import case, func, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import audit, kinds
from operations.access import Actor, acting, permit
from operations.actions import consents, starts, step_commands
from operations.actions.locked import Locked, check_run, ensure, facts, lock
from operations.actions.reasons import checked_reason
from operations.database import Database
from operations.errors import CannotRetry, RetryChanged
from operations.kinds import Deed, Purpose
from operations.models import Tenant
from operations.outbox.claims import Claim
from operations.possibilities import OFFERED_TO, possibility
from operations.settings import FourEyes
from operations.statuses import CommandKind, RetryKind, TenantStatus

COMMANDS = {RetryKind.STEP: CommandKind.RETRY_STEP, RetryKind.REPLACE: CommandKind.REPLACE}


@dataclass(frozen=True, kw_only=True, slots=True)
class Retried:
    """What Retry was: a new attempt, or a command that is on its way."""

    kind: RetryKind
    execution_id: UUID | None = None  #: of the new attempt
    command_id: UUID | None = None

    @property
    def attempt(self) -> UUID:
        """For whoever knows that it began one."""
        if self.execution_id is None:
            raise LookupError(f"no attempt was begun: {self.kind}")
        return self.execution_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Retries:
    """Retries one execution at a time."""

    database: Database
    task_queue: str
    wake: Callable[[], None]
    four_eyes: frozenset[FourEyes] = frozenset()

    async def retry(
        self, actor: Actor, id_: UUID, reason: str, *, seen_run_id: str | None = None, kind: RetryKind | None = None
    ) -> Retried:
        """Raises `RetryChanged` when it would be another kind by now than the one that was shown."""
        permit(actor, OFFERED_TO[Deed.RETRY])
        why = checked_reason(reason)
        try:
            async with acting(self.database, actor, OFFERED_TO[Deed.RETRY]) as connection:
                row = await lock(connection, id_, with_tenant=True)
                check_run(row, seen_run_id)
                known = await ensure(connection, actor, Deed.RETRY, row)
                if kind not in (None, known.retry):
                    raise RetryChanged
                done = await self._asked_before(connection, row, known.retry)
                done = done or await self.begin(connection, actor, row, known.retry, why)
        except IntegrityError as error:
            raise CannotRetry(starts.conflict(error)) from None
        self.wake()
        return done

    async def _asked_before(self, connection: AsyncConnection, row: Locked, kind: RetryKind) -> Retried | None:
        """A second click finds the first one's."""
        waiting = await step_commands.queued(connection, row, COMMANDS[kind]) if kind in COMMANDS else None
        return None if waiting is None else Retried(kind=kind, command_id=waiting)

    async def begin(self, connection: AsyncConnection, actor: Actor, row: Locked, kind: RetryKind, why: str) -> Retried:
        """What a retry of this kind is, of a row that may have it; part of a caller's transaction."""
        match kind:
            case RetryKind.ATTEMPT:
                new = await write_attempt(connection, actor, row, why, self.task_queue, four_eyes=self.four_eyes)
                return Retried(kind=kind, execution_id=new)
            case RetryKind.STEP | RetryKind.REPLACE:
                command = await step_commands.queue(connection, actor, row, COMMANDS[kind], why)
                return Retried(kind=kind, command_id=command)
            case RetryKind.NONE:
                raise CannotRetry
            case _:
                assert_never(kind)


async def write_attempt(
    connection: AsyncConnection, actor: Actor, old: Locked, why: str, task_queue: str, *, four_eyes: frozenset[FourEyes]
) -> UUID:
    """Queue the next attempt; before its run starts, the deliverer makes sure that the old one ended."""
    kind = kinds.known().by_stored_name[old.workflow_type]
    new = await starts.write(
        connection,
        starts.Attempt(
            kind=kind,
            tenant_id=old.entity_id,
            slug=old.slug,
            plan=old.plan,
            arguments=old.arguments,
            task_queue=task_queue,
            requested_by=actor.name,
            why=why,
            number=old.attempt + 1,
            retry_of=old.id,
        ),
    )
    again = case((Tenant.status == TenantStatus.FAILED, TenantStatus.PROVISIONING.value), else_=Tenant.status)
    values = {"status": again} if kind.purpose is Purpose.PROVISION else {}
    await connection.execute(  # touched in any case: pages of the tenant look again
        update(Tenant).where(Tenant.id == old.entity_id).values(updated_at=func.clock_timestamp(), **values)
    )
    if kind.purpose is Purpose.REMOVE and FourEyes.DEPROVISION in four_eyes:
        await consents.ask(connection, new)
    await audit.record(
        connection,
        actor,
        "execution.retry",
        audit.Outcome.APPLIED,
        old.target,
        reason=why,
        after={"execution_id": str(new), "attempt": old.attempt + 1},
    )
    return new


@dataclass(frozen=True, kw_only=True, slots=True)
class Successors:
    """Writes the new attempt of a run that was replaced, in the transaction that settles its end."""

    task_queue: str
    four_eyes: frozenset[FourEyes] = frozenset()

    async def succeed(self, connection: AsyncConnection, claim: Claim) -> None:
        """Nothing when there is a newer attempt by now, or when the tenant may not have one any more."""
        actor = Actor(name=claim.requested_by, role=Actor.system("deliverer").role)
        row = await lock(connection, claim.execution_id, with_tenant=True)
        known = await facts(connection, row)
        possible = possibility(Deed.RETRY, known, actor)
        if known.retry is RetryKind.ATTEMPT and possible.problem is None:
            why = claim.reason or "replaced"
            await write_attempt(connection, actor, row, why, self.task_queue, four_eyes=self.four_eyes)
