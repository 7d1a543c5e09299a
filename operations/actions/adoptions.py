"""Rows for runs that lost theirs. Of the run we take which one it is; what decides comes from the tenant and from now.

Whoever can start a workflow in the namespace can start it with any arguments, and the row is what its steps believe.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import contracts, kinds, tracking
from operations.access import Actor, Permission, check
from operations.actions import customers
from operations.actions.customers import Customer
from operations.errors import CannotSettle
from operations.kinds import Kind, Purpose
from operations.models import ApprovalRequest, Execution, Tenant
from operations.reconciliation.observations import Observer
from operations.statuses import Cause, TenantStatus
from operations.temporal import Run, Temporal
from operations.tenant_rules import adoption_problem
from operations.transitions import Adoption

#: Permissions for runs that do more than to make a tenant
MORE = {Purpose.CLEAN: Permission.CLEAN_UP, Purpose.REMOVE: Permission.DEPROVISION, Purpose.WORK: Permission.START}


@dataclass(frozen=True, kw_only=True, slots=True)
class Adoptable:
    """An open run, as Temporal describes it."""

    run: Run
    kind: Kind
    execution_id: UUID
    tenant_id: UUID
    task_queue: str
    asked_at: datetime | None  #: when it asked for a decision that it has not heard of yet

    @property
    def attempt(self) -> int:
        number = self.run.workflow_id.rpartition("--")[2]
        return int(number) if number.isdecimal() else 1


async def look(temporal: Temporal, workflow_id: str, run_id: str | None) -> Adoptable:
    """What Temporal knows of the run that was found; raises `CannotSettle` when it cannot get a row."""
    run = await temporal.describe(workflow_id)
    if run is None or not run.status.is_open or run.run_id != run_id:
        raise CannotSettle(
            "The run that was found is not open any more; nothing was changed. The next pass looks again."
        )
    observer = Observer(temporal=temporal)
    beginning = await observer.beginning(run)
    kind = kinds.known().named_in_temporal(beginning.workflow_type)
    try:
        execution_id, tenant_id = UUID(run.execution_id or ""), UUID(str(beginning.arguments[0]))
    except (ValueError, IndexError):
        raise CannotSettle(
            f"The run carries no {contracts.OPERATION_UUID}, or names no tenant: it was not started by "
            "Tenantry and would never report how it ends. Terminate it or ignore it."
        ) from None
    if kind is None:
        raise CannotSettle("The run is of a type that this version does not know; nothing was changed.")
    return Adoptable(
        run=run,
        kind=kind,
        execution_id=execution_id,
        tenant_id=tenant_id,
        task_queue=beginning.task_queue,
        asked_at=await observer.asked_at(run),
    )


async def adopt(connection: AsyncConnection, actor: Actor, found: Adoptable, why: str, *, waiting: float) -> None:
    """Make the row; `waiting` are the seconds in which a removal can be cancelled, from now.

    Raises `CannotSettle`, `NotPermitted`, or `IntegrityError` when there is a row or another one open.
    """
    tenant = await customers.hold(connection, found.tenant_id)
    if tenant is None:
        raise CannotSettle("The run is for a tenant that is not in the database; terminate it instead.")
    if found.kind.attempt_id(tenant.slug, found.attempt) != found.run.workflow_id:
        raise CannotSettle("The run works on another tenant than its id says; terminate it instead.")
    if needed := MORE.get(found.kind.purpose):
        await check(connection, actor, needed)
    if problem := adoption_problem(found.kind.purpose, tenant.status):
        raise CannotSettle(f"{problem} Terminate the run instead.")
    arguments: tuple[object, ...]
    match found.kind.purpose:
        case Purpose.REMOVE:
            arguments = _deprovisioning(tenant, waiting)
            await _wait_anew(connection, tenant, waiting)
        case Purpose.PROVISION:
            arguments = tenant.provisioning_arguments
        case Purpose.CLEAN | Purpose.WORK:
            arguments = tenant.work_arguments
    await tracking.adopt(
        connection,
        Adoption(
            execution_id=found.execution_id,
            workflow_id=found.run.workflow_id,
            workflow_type=found.kind.stored_name,
            lane=found.kind.lane,
            entity_type=found.kind.entity_type,
            entity_id=tenant.id,
            attempt=found.attempt,
            run_id=found.run.run_id,
            task_queue=found.task_queue,
            arguments=arguments,
            started_at=found.run.started_at,
            actor=actor.name,
            reason=why,
        ),
    )
    if found.asked_at is not None:
        await _ask_again(connection, found.execution_id, found.asked_at)


def _deprovisioning(tenant: Customer, waiting: float) -> tuple[object, ...]:
    was = TenantStatus.FAILED if tenant.activated_at is None else TenantStatus.ACTIVE
    return str(tenant.id), (tenant.former_status or was).value, waiting


async def _wait_anew(connection: AsyncConnection, tenant: Customer, waiting: float) -> None:
    """However old the run is, there is time to think again; not for a tenant of which a part is gone."""
    await connection.execute(
        update(Tenant)
        .where(Tenant.id == tenant.id, Tenant.status == TenantStatus.DEPROVISIONING)
        .values(due_at=func.clock_timestamp() + timedelta(seconds=waiting), updated_at=func.clock_timestamp())
    )


async def _ask_again(connection: AsyncConnection, execution_id: UUID, asked_at: datetime) -> None:
    """What the run asked before its row was lost, people can answer."""
    await connection.execute(
        insert(ApprovalRequest).values(
            execution_id=execution_id, requested_at=asked_at, expires_at=asked_at + contracts.APPROVAL_LIMIT
        )
    )
    await connection.execute(
        update(Execution)
        .where(Execution.id == execution_id)
        .values(cause=Cause.AWAITING_APPROVAL.value, health_since=asked_at, cause_since=asked_at)
    )
