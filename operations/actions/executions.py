"""What staff can do to executions: terminate, cancel, retry, approve, reject."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import case, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import audit, kinds
from operations.access import Actor, Permission, acting, check, permit
from operations.actions import starts
from operations.actions.reasons import checked_reason
from operations.database import Database
from operations.errors import (
    AlreadyDecided,
    AlreadyEnded,
    CannotRetry,
    ExecutionNotFound,
    NotWaiting,
    RunChanged,
    TooLateToCancel,
)
from operations.kinds import Deed, Purpose
from operations.models import Approval, ApprovalRequest, Command, Execution, Tenant
from operations.outbox import commands
from operations.outbox.commands import Intent
from operations.possibilities import Facts, cancel_problem, possibility
from operations.statuses import CommandKind, CommandState, Decision, Status, TenantStatus

ENDING = {CommandKind.TERMINATE: Permission.TERMINATE, CommandKind.CANCEL: Permission.CANCEL}


@dataclass(frozen=True, kw_only=True, slots=True)
class Locked:
    """An execution whose row this transaction holds."""

    id: UUID
    workflow_id: str
    workflow_type: str
    entity_id: UUID
    status: Status
    run_id: str | None
    attempt: int
    arguments: tuple[str | float | None, ...]
    slug: str
    plan: str
    tenant_status: TenantStatus

    @property
    def target(self) -> audit.Target:
        return audit.Target(kind="execution", id=str(self.id), label=self.workflow_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Executions:
    """Actions on executions; each is one transaction with its audit entry, and Temporal hears of it afterwards."""

    database: Database
    task_queue: str
    wake: Callable[[], None]

    async def terminate(self, actor: Actor, id_: UUID, reason: str, *, seen_run_id: str | None = None) -> UUID:
        """End the run by force, without clean-up; returns the command. A second click finds the first one's."""
        return await self._end(actor, id_, CommandKind.TERMINATE, reason, seen_run_id)

    async def cancel(self, actor: Actor, id_: UUID, reason: str, *, seen_run_id: str | None = None) -> UUID:
        """Ask the run to end in order, with clean-up; returns the command."""
        return await self._end(actor, id_, CommandKind.CANCEL, reason, seen_run_id)

    async def retry(self, actor: Actor, id_: UUID, reason: str, *, seen_run_id: str | None = None) -> UUID:
        """Queue a new attempt of a failed execution and return its id; of concurrent clicks exactly one wins.

        Works while Temporal is down. Before the new run starts, the deliverer makes sure that the old one ended.
        """
        permit(actor, Permission.RETRY)
        why = checked_reason(reason)
        try:
            async with acting(self.database, actor, Permission.RETRY) as connection:
                old = await _lock(connection, id_, with_tenant=True)
                possible = possibility(Deed.RETRY, await _facts(connection, old), actor)
                await check(connection, actor, possible.permission)
                _check_run(old, seen_run_id)
                if possible.problem:
                    raise CannotRetry(f"{possible.problem} Nothing was changed.")
                new = await self._write_attempt(connection, actor, old, why)
        except IntegrityError as error:
            raise CannotRetry(starts.conflict(error)) from None
        self.wake()
        return new

    async def decide(
        self, actor: Actor, id_: UUID, decision: Decision, reason: str, *, seen_run_id: str | None = None
    ) -> Decision:
        """Approve or reject; the row is written first, then the run is told. Repeating the same decision is fine."""
        permit(actor, Permission.DECIDE)
        why = checked_reason(reason)
        async with acting(self.database, actor, Permission.DECIDE) as connection:
            row = await _lock(connection, id_)
            _check_run(row, seen_run_id)
            made = await connection.scalar(select(Approval.decision).where(Approval.execution_id == id_))
            if made is not None:
                if made != decision:
                    raise AlreadyDecided(f"This execution was {made} already; nothing was changed.")
                return decision
            has_asked = await connection.scalar(select(exists().where(ApprovalRequest.execution_id == id_)))
            if row.status.is_final or not has_asked:
                raise NotWaiting
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
                f"execution.{'approve' if decision is Decision.APPROVED else 'reject'}",
                audit.Outcome.APPLIED,
                row.target,
                reason=why,
            )
        self.wake()
        return decision

    async def _end(self, actor: Actor, id_: UUID, kind: CommandKind, reason: str, seen_run_id: str | None) -> UUID:
        permit(actor, ENDING[kind])
        why = checked_reason(reason)
        async with acting(self.database, actor, ENDING[kind]) as connection:
            row = await _lock(connection, id_)
            if row.status.is_final:
                raise AlreadyEnded(f"The execution has ended already: {row.status}. Nothing was changed.")
            _check_run(row, seen_run_id)
            if kind is CommandKind.CANCEL and (problem := cancel_problem(row.workflow_type, row.tenant_status)):
                raise TooLateToCancel(problem)
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


async def _lock(connection: AsyncConnection, id_: UUID, *, with_tenant: bool = False) -> Locked:
    """Raises `ExecutionNotFound`. Who begins another run for the tenant holds it, too: no other may begin meanwhile.

    The lock comes first, in a statement of its own: what one statement reads beside the row that it waits for is as
    old as the statement, and a step may have deleted the tenant meanwhile.
    """
    await connection.execute(select(Execution.id).where(Execution.id == id_).with_for_update())
    if with_tenant:
        of_it = select(Tenant.id).join(Execution, Execution.entity_id == Tenant.id).where(Execution.id == id_)
        await connection.execute(of_it.with_for_update(of=Tenant))
    statement = (
        select(
            Execution.id,
            Execution.workflow_id,
            Execution.workflow_type,
            Execution.entity_id,
            Execution.status,
            Execution.run_id,
            Execution.attempt,
            Execution.input,
            Tenant.slug,
            Tenant.plan,
            Tenant.status.label("tenant_status"),
        )
        .join(Tenant, Tenant.id == Execution.entity_id)
        .where(Execution.id == id_)
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise ExecutionNotFound
    fields = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    arguments = fields.pop("input").get("arguments", [])
    return Locked(**fields, arguments=tuple(arguments))


def _check_run(row: Locked, seen_run_id: str | None) -> None:
    if seen_run_id is not None and row.run_id is not None and row.run_id != seen_run_id:
        raise RunChanged


async def _facts(connection: AsyncConnection, row: Locked) -> Facts:
    kind = kinds.known().get(row.workflow_type)
    latest = row.attempt if kind is None else await starts.next_number(connection, row.entity_id, kind) - 1
    return Facts(
        workflow_type=row.workflow_type,
        status=row.status,
        attempt=row.attempt,
        latest_attempt=latest,
        tenant=row.tenant_status,
    )
