"""Queues commands, what we want of Temporal, in the transaction that decided it; withdraws or repeats a start."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import exists, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from operations.access import Actor
from operations.error_texts import clean
from operations.models import Command
from operations.statuses import CommandKind, CommandState


@dataclass(frozen=True, kw_only=True, slots=True)
class Intent:
    """What to tell Temporal about an execution."""

    kind: CommandKind
    execution_id: UUID
    requested_by: str
    reason: str | None = None
    seen_run_id: str | None = None
    payload: dict[str, object] | None = None
    watched_for: timedelta | None = None  #: of a retry: for how long is looked whether it helped


async def queue(connection: AsyncConnection, intent: Intent) -> UUID:
    """Add an intent to the transaction of `connection`; wake a deliverer after the commit."""
    id_ = uuid4()
    await connection.execute(
        insert(Command).values(
            id=id_,
            kind=intent.kind,
            execution_id=intent.execution_id,
            requested_by=intent.requested_by,
            reason=intent.reason,
            seen_run_id=intent.seen_run_id,
            payload=intent.payload,
            watched_until=None if intent.watched_for is None else func.clock_timestamp() + intent.watched_for,
        )
    )
    return id_


async def withdraw_start(connection: AsyncConnection, execution_id: UUID, why: str) -> bool:
    """Take back a start that no deliverer holds; False when one holds it right now."""
    held = await connection.scalar(START_IS_HELD, {"execution": execution_id})
    if held:
        return False
    actor = Actor.system("deliverer")
    values = {"execution": execution_id, "error": clean(why), "actor": actor.name, "role": actor.role.value}
    await connection.execute(WITHDRAW, values)
    return True


# With its second audit entry, like every command that ends.
WITHDRAW = text(
    """
    WITH settled AS (
        UPDATE commands c SET state = 'failed', error = CAST(:error AS text), settled_at = clock_timestamp(),
               claim_token = NULL
        FROM workflow_executions e
        WHERE e.id = c.execution_id AND c.execution_id = :execution AND c.kind = 'start' AND c.state = 'queued'
        RETURNING c.id, c.execution_id, c.requested_by, e.workflow_id
    )
    INSERT INTO audit_log (actor, role, action, outcome, target_kind, target_id, target_label, reason, after)
    SELECT :actor, :role, 'command.start', 'failed', 'execution', execution_id::text, workflow_id,
           CAST(:error AS text), jsonb_build_object('command', id::text, 'requested_by', requested_by)
    FROM settled
    """
)


async def queue_start_again(connection: AsyncConnection, execution_id: UUID, requested_by: str, why: str) -> None:
    """Have a start that nobody works on delivered; one that was delivered is left as it is."""
    again = await connection.execute(
        update(Command)
        .where(
            Command.execution_id == execution_id,
            Command.kind == CommandKind.START,
            Command.state.in_((CommandState.FAILED, CommandState.UNKNOWN)),
        )
        .values(state=CommandState.QUEUED, settled_at=None, claim_token=None, due_at=func.clock_timestamp())
        .returning(Command.id)
    )
    queued = again.scalars().all()
    if queued:
        await connection.execute(ON_ITS_WAY_AGAIN, {"commands": list(queued)})
    missing = ~exists().where(Command.execution_id == execution_id, Command.kind == CommandKind.START)
    if not queued and await connection.scalar(select(missing)):
        intent = Intent(kind=CommandKind.START, execution_id=execution_id, requested_by=requested_by, reason=why)
        await queue(connection, intent)


# The row of a bulk operation that was told to have failed by this start is as open as the start, and so is the whole.
ON_ITS_WAY_AGAIN = text(
    """
    WITH again AS (
        UPDATE bulk_rows SET state = 'sent', why = NULL, settled_at = NULL, result = NULL
        WHERE command_id = ANY(:commands) AND state = 'failed'
        RETURNING bulk_id
    )
    UPDATE bulk_operations b
    SET finished_at = NULL, counted = NULL, state = CASE b.state WHEN 'finished' THEN 'running' ELSE b.state END
    FROM again WHERE b.id = again.bulk_id
    """
)
# The row is locked, so that no deliverer can claim it until the caller's transaction has decided.
START_IS_HELD = text(
    """
    SELECT claim_token IS NOT NULL AND due_at > clock_timestamp() FROM commands
    WHERE execution_id = :execution AND kind = 'start' AND state = 'queued' FOR UPDATE
    """
)
