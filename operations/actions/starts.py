"""Writes a new execution with its start command; part of a caller's transaction."""

import json
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import contracts
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
    needs_approval = attempt.kind is contracts.PROVISIONING and attempt.plan == Plan.ENTERPRISE
    await connection.execute(
        START,
        {
            "actor": attempt.requested_by,
            "reason": attempt.why,
            "id": id_,
            "workflow_id": contracts.attempt_id(attempt.kind, attempt.slug, attempt.number),
            "workflow_type": attempt.kind.stored_name,
            "entity_type": attempt.kind.entity_type,
            "entity_id": attempt.tenant_id,
            "attempt": attempt.number,
            "retry_of": attempt.retry_of,
            "task_queue": attempt.task_queue,
            "input": json.dumps({"arguments": list(attempt.arguments)}),
            "steps_total": len(contracts.planned_steps(attempt.kind, needs_approval=needs_approval)),
            "command": uuid4(),
            "kind": CommandKind.START.value,
        },
    )
    return id_


# One round trip: the names for the history, the execution, and the command that starts it. Triggers fire after all.
START = text(
    """
    WITH acting AS MATERIALIZED (
        SELECT set_config('tenantry.actor', :actor, true), set_config('tenantry.reason', :reason, true)
    ), execution AS (
        INSERT INTO workflow_executions
               (id, workflow_id, workflow_type, entity_type, entity_id, attempt, retry_of, task_queue, input,
                requested_by, steps_total)
        SELECT :id, :workflow_id, :workflow_type, :entity_type, :entity_id, :attempt, CAST(:retry_of AS uuid),
               :task_queue, CAST(:input AS jsonb), :actor, :steps_total
        FROM acting
    )
    INSERT INTO commands (id, kind, execution_id, requested_by, reason)
    VALUES (:command, :kind, :id, :actor, :reason)
    """
)


async def next_number(connection: AsyncConnection, tenant_id: UUID, kind: WorkflowKind) -> int:
    """Number of the next attempt; two that ask at once are told apart by the unique workflow id."""
    latest = await connection.scalar(
        select(func.max(Execution.attempt)).where(
            Execution.entity_id == tenant_id, Execution.workflow_type == kind.stored_name
        )
    )
    return (latest or 0) + 1
