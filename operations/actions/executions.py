"""What staff can do to executions: terminate, cancel, retry, approve, reject."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import case, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import audit, kinds, phrases
from operations.access import Actor, acting, permit
from operations.actions import starts
from operations.actions.locked import Locked, check_run, ensure, lock
from operations.actions.reasons import checked_reason
from operations.database import Database
from operations.errors import AlreadyDecided, CannotRetry, RetryChanged
from operations.kinds import Deed, Purpose
from operations.models import Approval, Command, Tenant
from operations.outbox import commands
from operations.outbox.commands import Intent
from operations.possibilities import OFFERED_TO
from operations.statuses import CommandKind, CommandState, Decision, RetryKind, TenantStatus

DECIDING = {Decision.APPROVED: Deed.APPROVE, Decision.REJECTED: Deed.REJECT}


@dataclass(frozen=True, kw_only=True, slots=True)
class Executions:
    """Actions on executions; each is one transaction with its audit entry, and Temporal hears of it afterwards."""

    database: Database
    task_queue: str
    wake: Callable[[], None]

    async def terminate(self, actor: Actor, id_: UUID, reason: str, *, seen_run_id: str | None = None) -> UUID:
        """End the run by force, without clean-up; returns the command. A second click finds the first one's."""
        return await self._end(actor, id_, Deed.TERMINATE, reason, seen_run_id)

    async def cancel(self, actor: Actor, id_: UUID, reason: str, *, seen_run_id: str | None = None) -> UUID:
        """Ask the run to end in order, with clean-up; returns the command."""
        return await self._end(actor, id_, Deed.CANCEL, reason, seen_run_id)

    async def retry(
        self, actor: Actor, id_: UUID, reason: str, *, seen_run_id: str | None = None, kind: RetryKind | None = None
    ) -> UUID:
        """Queue a new attempt of a failed execution and return its id; of concurrent clicks exactly one wins.

        Works while Temporal is down. Before the new run starts, the deliverer makes sure that the old one ended.
        `kind` is what was shown; raises `RetryChanged` when Retry would be another by now.
        """
        permit(actor, OFFERED_TO[Deed.RETRY])
        why = checked_reason(reason)
        try:
            async with acting(self.database, actor, OFFERED_TO[Deed.RETRY]) as connection:
                old = await lock(connection, id_, with_tenant=True)
                check_run(old, seen_run_id)
                known = await ensure(connection, actor, Deed.RETRY, old)
                if kind not in (None, known.retry):
                    raise RetryChanged
                new = await self._write_attempt(connection, actor, old, why)
        except IntegrityError as error:
            raise CannotRetry(starts.conflict(error)) from None
        self.wake()
        return new

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
            await ensure(connection, actor, deed, row)
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

    async def _is_made(self, connection: AsyncConnection, id_: UUID, decision: Decision) -> bool:
        """Raises `AlreadyDecided` when another decision was made."""
        columns = (Approval.decision, Approval.decided_by, Approval.reason, Approval.decided_at)
        made = (await connection.execute(select(*columns).where(Approval.execution_id == id_))).one_or_none()
        if made is not None and made.decision != decision:
            said = phrases.decided(Decision(made.decision), made.decided_by, made.reason, made.decided_at)
            raise AlreadyDecided(f"{said.rstrip('.')}. A decision is final. Nothing was changed.")
        return made is not None

    async def _end(self, actor: Actor, id_: UUID, deed: Deed, reason: str, seen_run_id: str | None) -> UUID:
        permit(actor, OFFERED_TO[deed])
        why, kind = checked_reason(reason), CommandKind(deed.value)
        async with acting(self.database, actor, OFFERED_TO[deed]) as connection:
            row = await lock(connection, id_)
            check_run(row, seen_run_id)
            await ensure(connection, actor, deed, row)
            waiting = await connection.scalar(
                select(Command.id).where(
                    Command.execution_id == id_, Command.kind == kind, Command.state == CommandState.QUEUED
                )
            )
            if waiting is not None:
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

    async def _write_attempt(self, connection: AsyncConnection, actor: Actor, old: Locked, why: str) -> UUID:
        kind = kinds.known().by_stored_name[old.workflow_type]
        new = await starts.write(
            connection,
            starts.Attempt(
                kind=kind,
                tenant_id=old.entity_id,
                slug=old.slug,
                plan=old.plan,
                arguments=old.arguments,
                task_queue=self.task_queue,
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
