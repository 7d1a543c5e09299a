"""Writes a new execution with its start command; part of a caller's transaction."""

import json
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from psycopg.errors import UniqueViolation
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import consequences
from operations.kinds import Kind, Subject
from operations.models import Execution
from operations.statuses import CommandKind

WATCHED = timedelta(minutes=10)  #: for which is looked whether a retry helped


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """A run to be started for a tenant."""

    kind: Kind
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

    Raises `IntegrityError` on `uq_workflow_executions_open` when one of the kind's lane is open for the tenant.
    """
    id_ = uuid4()
    planned = attempt.kind.planned(Subject(plan=attempt.plan))
    await connection.execute(
        START,
        {
            "actor": attempt.requested_by,
            "reason": attempt.why,
            "id": id_,
            "workflow_id": attempt.kind.attempt_id(attempt.slug, attempt.number),
            "workflow_type": attempt.kind.stored_name,
            "lane": attempt.kind.lane,
            "entity_type": attempt.kind.entity_type,
            "entity_id": attempt.tenant_id,
            "attempt": attempt.number,
            "retry_of": attempt.retry_of,
            "task_queue": attempt.task_queue,
            "input": json.dumps({"arguments": list(attempt.arguments), "steps": planned}),
            "steps_total": len(planned),
            "command": uuid4(),
            "kind": CommandKind.START.value,
            "watched": None if attempt.retry_of is None else WATCHED,
        },
    )
    if attempt.number > 1:
        await consequences.supersede(connection, attempt.kind.stored_name, attempt.tenant_id)
    return id_


# One round trip: the names for the history, the execution, and the command that starts it. Triggers fire after all.
START = text(
    """
    WITH acting AS MATERIALIZED (
        SELECT set_config('tenantry.actor', :actor, true), set_config('tenantry.reason', :reason, true)
    ), execution AS (
        INSERT INTO workflow_executions
               (id, workflow_id, workflow_type, lane, entity_type, entity_id, attempt, retry_of, task_queue, input,
                requested_by, steps_total)
        SELECT :id, :workflow_id, :workflow_type, :lane, :entity_type, :entity_id, :attempt, CAST(:retry_of AS uuid),
               :task_queue, CAST(:input AS jsonb), :actor, :steps_total
        FROM acting
    )
    INSERT INTO commands (id, kind, execution_id, requested_by, reason, watched_until)
    VALUES (:command, :kind, :id, :actor, :reason, clock_timestamp() + CAST(:watched AS interval))
    """
)


async def next_number(connection: AsyncConnection, tenant_id: UUID, kind: Kind) -> int:
    """Number of the next attempt; two that ask at once are told apart by the unique workflow id."""
    latest = await connection.scalar(
        select(func.max(Execution.attempt)).where(
            Execution.entity_id == tenant_id, Execution.workflow_type == kind.stored_name
        )
    )
    return (latest or 0) + 1


def conflict(error: IntegrityError) -> str:
    """Why an attempt could not be written; raises `error` again when it is none of two that exclude each other."""
    constraint = error.orig.diag.constraint_name if isinstance(error.orig, UniqueViolation) else None
    if constraint == "uq_workflow_executions_workflow_id":
        return "Somebody else began the same at this moment; nothing was changed. Look at it again."
    if constraint == "uq_workflow_executions_open":
        return "Another run for this tenant is open, which has to end first; nothing was changed."
    raise error
