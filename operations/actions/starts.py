"""Writes a new execution with its start command; part of a caller's transaction."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import commands, contracts, tracking
from operations.commands import Intent
from operations.contracts import WorkflowKind
from operations.models import Execution
from operations.statuses import CommandKind, Plan


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """A run to be started for a tenant."""

    kind: WorkflowKind
    tenant_id: UUID
    slug: str
    plan: str
    arguments: tuple[str | float | None, ...]
    task_queue: str
    requested_by: str
    why: str
    number: int = 1
    retry_of: UUID | None = None


async def write(connection: AsyncConnection, attempt: Attempt) -> UUID:
    """Insert the pending execution and queue its start; wake a deliverer after the commit.

    Raises `IntegrityError` on `uq_workflow_executions_open` when one of this kind is open for the tenant.
    """
    id_ = uuid4()
    await tracking.act_as(connection, attempt.requested_by, attempt.why)
    needs_approval = attempt.kind is contracts.PROVISIONING and attempt.plan == Plan.ENTERPRISE
    await connection.execute(
        insert(Execution).values(
            id=id_,
            workflow_id=contracts.attempt_id(attempt.kind, attempt.slug, attempt.number),
            workflow_type=attempt.kind.stored_name,
            entity_type=attempt.kind.entity_type,
            entity_id=attempt.tenant_id,
            attempt=attempt.number,
            retry_of=attempt.retry_of,
            task_queue=attempt.task_queue,
            input={"arguments": list(attempt.arguments)},
            requested_by=attempt.requested_by,
            steps_total=len(contracts.planned_steps(attempt.kind, needs_approval=needs_approval)),
        )
    )
    intent = Intent(kind=CommandKind.START, execution_id=id_, requested_by=attempt.requested_by, reason=attempt.why)
    await commands.queue(connection, intent)
    return id_


async def next_number(connection: AsyncConnection, tenant_id: UUID, kind: WorkflowKind) -> int:
    """Number of the next attempt; two that ask at once are told apart by the unique workflow id."""
    latest = await connection.scalar(
        select(func.max(Execution.attempt)).where(
            Execution.entity_id == tenant_id, Execution.workflow_type == kind.stored_name
        )
    )
    return (latest or 0) + 1
