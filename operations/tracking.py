"""The only writer of an execution's status, and of what a status means for its tenant.

Every transition is one guarded UPDATE: it names the statuses it may follow, so of two concurrent or reordered
writes one wins and the other changes nothing. A trigger of the database refuses what the state machine forbids
and writes the history row, whoever asks.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prometheus_client import Counter
from sqlalchemy import Row, func, text, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningUpdate

from operations import contracts
from operations.models import Execution, Tenant
from operations.statuses import CloseReason, Status, TenantStatus, predecessors

LONGEST_ERROR = 4000  # characters

late_writes = Counter("tenantry_late_status_writes_total", "Status writes that came too late and changed nothing")


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """One step of an execution through the state machine, as somebody observed it."""

    execution_id: UUID
    to: Status
    actor: str
    run_id: str | None = None
    reason: str | None = None
    close_reason: CloseReason | None = None  #: exactly for `failed`
    error: str | None = None
    verified: bool = False  #: Temporal itself described the run as closed in this way
    at: datetime | None = None  #: Temporal's close time where known, else the database's clock


async def move(connection: AsyncConnection, transition: Transition) -> bool:
    """Apply a transition and its consequence for the tenant; False when the row had moved on already.

    A late or repeated write is counted and otherwise ignored: bookkeeping must not change the outcome of a run.
    """
    await act_as(connection, transition.actor, transition.reason)
    row = (await connection.execute(_guarded_update(transition))).one_or_none()
    if row is None:
        late_writes.inc()
        return False
    await _tell_tenant(connection, row, transition)
    return True


async def act_as(connection: AsyncConnection, actor: str, reason: str | None = None) -> None:
    """Name the actor and the reason that the triggers write into the history, until the transaction ends."""
    await connection.execute(_ACT_AS, {"actor": actor, "reason": clean(reason) or ""})


_ACT_AS = text("SELECT set_config('tenantry.actor', :actor, true), set_config('tenantry.reason', :reason, true)")


def _guarded_update(transition: Transition) -> ReturningUpdate[str, UUID]:
    happened = func.clock_timestamp() if transition.at is None else transition.at
    values: dict[str, object] = {"status": transition.to, "last_progress_at": func.clock_timestamp()}
    if transition.run_id is not None:
        values["run_id"] = transition.run_id
    if transition.to is Status.RUNNING:
        values["started_at"] = happened
    if transition.to.is_final:
        values |= {
            "completed_at": func.greatest(happened, Execution.started_at),
            "close_reason": transition.close_reason,
            "error_message": clean(transition.error),
            "verified_at": func.clock_timestamp() if transition.verified else None,
            "cause": None,
            "cause_detail": None,
        }
    return (
        update(Execution)
        .where(Execution.id == transition.execution_id, Execution.status.in_(predecessors(transition.to)))
        .values(values)
        .returning(Execution.workflow_type, Execution.entity_id)
    )


async def _tell_tenant(connection: AsyncConnection, row: Row[str, UUID], transition: Transition) -> None:
    """A provisioning that failed makes a tenant failed only while it was being provisioned; an active one stays."""
    if transition.to is not Status.FAILED or row.workflow_type != contracts.PROVISIONING.stored_name:
        return
    await connection.execute(
        update(Tenant)
        .where(Tenant.id == row.entity_id, Tenant.status == TenantStatus.PROVISIONING)
        .values(status=TenantStatus.FAILED, updated_at=func.clock_timestamp())
    )


def clean(error: str | None) -> str | None:
    """An error text that PostgreSQL can store: no NUL, no lone surrogates, at most `LONGEST_ERROR` characters."""
    if error is None:
        return None
    storable = error.replace("\x00", "�").encode("utf-8", "replace").decode("utf-8")
    return storable if len(storable) <= LONGEST_ERROR else storable[: LONGEST_ERROR - 1] + "…"
