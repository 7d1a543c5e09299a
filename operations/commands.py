"""The one outbox to Temporal: intents are queued in the transaction that decided them, then claimed and settled.

A claim holds a lease that outlasts its work, and a token that proves on settling that it still holds it. Settling
as delivered or failed is the durable end of an intent: a settled command is never delivered again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import exists, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import audit
from operations.access import Actor
from operations.causes import clean
from operations.models import Command
from operations.statuses import CommandKind, CommandState, Status

BATCH = 16  #: as many as are delivered at once, so that none waits longer than one delivery takes
LEASE = 45  #: seconds; two deliveries, each of at most three questions of 5 s, and some room


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A command that this process holds, with what its delivery needs of the execution."""

    id: UUID
    kind: CommandKind
    execution_id: UUID
    tries: int
    token: UUID
    reason: str | None
    requested_by: str
    seen_run_id: str | None
    payload: dict[str, object]
    workflow_id: str
    workflow_type: str
    task_queue: str
    run_id: str | None
    status: Status
    arguments: tuple[object, ...]
    is_withdrawn: bool  #: a start for which a terminate or cancel waits
    retry_of: UUID | None
    predecessor: str | None  #: workflow id of the attempt before, unless Temporal has confirmed its end


@dataclass(frozen=True, kw_only=True, slots=True)
class Intent:
    """What to tell Temporal about an execution."""

    kind: CommandKind
    execution_id: UUID
    requested_by: str
    reason: str | None = None
    seen_run_id: str | None = None
    payload: dict[str, object] | None = None


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
        )
    )
    return id_


async def claim(connection: AsyncConnection, *, name: str) -> list[Claim]:
    """Take up to `BATCH` due commands; concurrent callers get different ones.

    Kinds that a newer version added are left to a deliverer of that version.
    """
    token, kinds = uuid4(), [kind.value for kind in CommandKind]
    rows = await connection.execute(
        CLAIM, {"kinds": kinds, "batch": BATCH, "lease": LEASE, "token": token, "name": name}
    )
    return [
        Claim(
            id=row.id,
            kind=CommandKind(row.kind),
            execution_id=row.execution_id,
            tries=row.tries,
            token=token,
            reason=row.reason,
            requested_by=row.requested_by,
            seen_run_id=row.seen_run_id,
            payload=row.payload or {},
            workflow_id=row.workflow_id,
            workflow_type=row.workflow_type,
            task_queue=row.task_queue,
            run_id=row.run_id,
            status=Status(row.status),
            arguments=tuple(row.arguments or ()),
            is_withdrawn=row.is_withdrawn,
            retry_of=row.retry_of,
            predecessor=row.predecessor,
        )
        for row in rows
    ]


# One column serves as due time, back-off and lease, so one index finds what is due.
CLAIM = text(
    """
    WITH due AS (
        SELECT id FROM commands
        WHERE state = 'queued' AND due_at <= clock_timestamp() AND kind = ANY(:kinds)
        ORDER BY due_at, id LIMIT :batch FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE commands SET due_at = clock_timestamp() + make_interval(secs => :lease), tries = tries + 1,
               claim_token = :token, claimed_by = :name
        FROM due WHERE commands.id = due.id
        RETURNING commands.*
    )
    SELECT c.id, c.kind, c.execution_id, c.tries, c.reason, c.requested_by, c.seen_run_id, c.payload,
           e.workflow_id, e.workflow_type, e.task_queue, e.run_id, e.status, e.input -> 'arguments' AS arguments,
           c.kind = 'start' AND EXISTS (
               SELECT FROM commands w
               WHERE w.execution_id = c.execution_id AND w.kind IN ('terminate', 'cancel') AND w.state = 'queued'
           ) AS is_withdrawn,
           e.retry_of, before.workflow_id AS predecessor
    FROM claimed c JOIN workflow_executions e ON e.id = c.execution_id
    LEFT JOIN workflow_executions before ON before.id = e.retry_of AND before.verified_at IS NULL
    """
)


async def settle(
    connection: AsyncConnection, claims: Sequence[Claim], state: CommandState, error: str | None = None
) -> set[UUID]:
    """End commands, each with its second audit entry; without those whose claim had been lost to another deliverer."""
    actor = Actor.system("deliverer")
    outcome = audit.Outcome.DELIVERED if state is CommandState.DELIVERED else audit.Outcome.FAILED
    values = {
        "ids": [claim.id for claim in claims],
        "tokens": [claim.token for claim in claims],
        "labels": [claim.workflow_id for claim in claims],
        "state": state.value,
        "error": clean(error),
        "actor": actor.name,
        "role": actor.role.value,
        "outcome": outcome.value,
    }
    return set(await connection.scalars(SETTLE, values))


# Commands and their audit entries in one round trip: this runs for every run that is ever started.
SETTLE = text(
    """
    WITH settled AS (
        UPDATE commands c SET state = :state, error = CAST(:error AS text), settled_at = clock_timestamp(),
               claim_token = NULL
        FROM unnest(CAST(:ids AS uuid[]), CAST(:tokens AS uuid[]), CAST(:labels AS text[])) AS held(id, token, label)
        WHERE c.id = held.id AND c.claim_token = held.token AND c.state = 'queued'
        RETURNING c.id, c.kind, c.execution_id, c.requested_by, held.label
    ), noted AS (
        INSERT INTO audit_log (actor, role, action, outcome, target_kind, target_id, target_label, reason, after)
        SELECT :actor, :role, 'command.' || kind, :outcome, 'execution', execution_id::text, label,
               CAST(:error AS text), jsonb_build_object('command', id::text, 'requested_by', requested_by)
        FROM settled
    )
    SELECT id FROM settled
    """
)


async def postpone(connection: AsyncConnection, claim: Claim, delay: timedelta, why: str) -> None:
    """Give a claim back; it is due again after `delay`."""
    await connection.execute(
        update(Command)
        .where(Command.id == claim.id, Command.claim_token == claim.token)
        .values(due_at=func.clock_timestamp() + delay, claim_token=None, error=clean(why))
    )


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
    missing = ~exists().where(Command.execution_id == execution_id, Command.kind == CommandKind.START)
    if not again.all() and await connection.scalar(select(missing)):
        intent = Intent(kind=CommandKind.START, execution_id=execution_id, requested_by=requested_by, reason=why)
        await queue(connection, intent)


# The row is locked, so that no deliverer can claim it until the caller's transaction has decided.
START_IS_HELD = text(
    """
    SELECT claim_token IS NOT NULL AND due_at > clock_timestamp() FROM commands
    WHERE execution_id = :execution AND kind = 'start' AND state = 'queued' FOR UPDATE
    """
)
