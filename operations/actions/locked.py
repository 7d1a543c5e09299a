"""An execution whose row an action holds, and what can be done to it there."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import audit, kinds
from operations.access import Actor, check
from operations.actions import starts
from operations.askers import askers
from operations.deed_facts import Facts
from operations.diagnosis.evidence import Evidence
from operations.errors import ExecutionNotFound, RunChanged
from operations.kinds import Deed
from operations.models import Approval, ApprovalRequest, Command, Execution, Tenant
from operations.possibilities import possibility
from operations.statuses import CloseReason, CommandKind, CommandState, Health, Status, TenantStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class Locked:
    """An execution whose row this transaction holds."""

    id: UUID
    workflow_id: str
    workflow_type: str
    entity_id: UUID
    status: Status
    close_reason: CloseReason | None
    error_message: str | None
    run_id: str | None
    attempt: int
    arguments: tuple[str | float | None, ...]
    slug: str
    plan: str
    tenant_status: TenantStatus
    due_at: datetime | None  #: of a tenant that leaves
    awaits_decision: bool
    cause: str | None
    health: Health
    current_step: str | None
    steps_done: int
    signature: str | None
    evidence: Evidence

    @property
    def step(self) -> str | None:
        """At which it stands: as the diagnosis has it, since the worker's own report may have been lost."""
        return self.evidence.step or self.current_step

    @property
    def target(self) -> audit.Target:
        return audit.Target(kind="execution", id=str(self.id), label=self.workflow_id)


async def lock(connection: AsyncConnection, id_: UUID, *, with_tenant: bool = False) -> Locked:
    """Raises `ExecutionNotFound`. Who begins another run for the tenant holds it, too: no other may begin meanwhile.

    The lock comes first, in a statement of its own: what one statement reads beside the row that it waits for is as
    old as the statement, and a step may have deleted the tenant meanwhile.
    """
    await connection.execute(select(Execution.id).where(Execution.id == id_).with_for_update())
    if with_tenant:
        of_it = select(Tenant.id).join(Execution, Execution.entity_id == Tenant.id).where(Execution.id == id_)
        await connection.execute(of_it.with_for_update(of=Tenant))
    has_asked = exists().where(ApprovalRequest.execution_id == Execution.id)
    is_decided = exists().where(Approval.execution_id == Execution.id)
    statement = (
        select(
            Execution.id,
            Execution.workflow_id,
            Execution.workflow_type,
            Execution.entity_id,
            Execution.status,
            Execution.close_reason,
            Execution.error_message,
            Execution.run_id,
            Execution.attempt,
            Execution.input,
            Execution.cause,
            Execution.health,
            Execution.current_step,
            Execution.steps_done,
            Execution.signature,
            Execution.evidence,
            Tenant.slug,
            Tenant.plan,
            Tenant.status.label("tenant_status"),
            Tenant.due_at,
            (has_asked & ~is_decided).label("awaits_decision"),
        )
        .join(Tenant, Tenant.id == Execution.entity_id)
        .where(Execution.id == id_)
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise ExecutionNotFound
    fields = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    arguments = fields.pop("input").get("arguments", [])
    evidence = Evidence.from_json(fields.pop("evidence"))
    return Locked(**fields, arguments=tuple(arguments), evidence=evidence)


def check_run(row: Locked, seen_run_id: str | None) -> None:
    if seen_run_id is not None and row.run_id is not None and row.run_id != seen_run_id:
        raise RunChanged


async def facts(connection: AsyncConnection, row: Locked, *, takes_two: bool = False) -> Facts:
    """Of what was asked for before, only a pause: otherwise a second click finds the command of the first."""
    kind = kinds.known().get(row.workflow_type)
    latest = row.attempt if kind is None else await starts.next_number(connection, row.entity_id, kind) - 1
    return Facts(
        workflow_type=row.workflow_type,
        status=row.status,
        attempt=row.attempt,
        latest_attempt=latest,
        tenant=row.tenant_status,
        due_at=row.due_at,
        awaits_decision=row.awaits_decision and not row.status.is_final,
        close_reason=row.close_reason,
        ending=row.error_message,
        cause=row.cause,
        health=row.health,
        step=row.step,
        asked_by=(await askers(connection, [row.id]))[row.id] if row.awaits_decision else frozenset(),
        takes_two=takes_two,
        asked=await _asked(connection, row),
    )


async def _asked(connection: AsyncConnection, row: Locked) -> frozenset[CommandKind]:
    pausing = select(Command.id).where(
        Command.execution_id == row.id,
        Command.kind == CommandKind.PAUSE_STEP,
        Command.state == CommandState.QUEUED,
    )
    return frozenset({CommandKind.PAUSE_STEP}) if await connection.scalar(pausing) else frozenset()


async def ensure(
    connection: AsyncConnection, actor: Actor, deed: Deed, row: Locked, *, takes_two: bool = False
) -> Facts:
    """Ask again, under the lock, what was asked before the deed was offered.

    Raises `NotPermitted`, or why it cannot be done.
    """
    known = await facts(connection, row, takes_two=takes_two)
    possible = possibility(deed, known, actor)
    await check(connection, actor, possible.permission)
    possible.ensure()
    return known
