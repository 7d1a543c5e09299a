"""Claims due commands: a claim holds a lease that outlasts its work, and a token that proves it is held."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import func, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from operations.error_texts import clean
from operations.models import Command
from operations.statuses import CommandKind, Status

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
               WHERE w.execution_id = c.execution_id AND w.state = 'queued'
                 AND w.kind IN ('terminate', 'cancel', 'replace')
           ) AS is_withdrawn,
           e.retry_of, before.workflow_id AS predecessor
    FROM claimed c JOIN workflow_executions e ON e.id = c.execution_id
    LEFT JOIN workflow_executions before ON before.id = e.retry_of AND before.verified_at IS NULL
    """
)


async def postpone(
    connection: AsyncConnection, claim: Claim, delay: timedelta, why: str, *, is_unanswered: bool = False
) -> None:
    """Give a claim back; it is due again after `delay`, or when a Temporal that did not answer is back."""
    await connection.execute(
        update(Command)
        .where(Command.id == claim.id, Command.claim_token == claim.token)
        .values(due_at=func.clock_timestamp() + delay, claim_token=None, error=clean(why), is_unanswered=is_unanswered)
    )


async def recall(connection: AsyncConnection, *, limit: int) -> int:
    """Let commands that Temporal did not answer be due within a second, the oldest first; how many.

    Those that somebody delivers right now are left to them, and those that wait for anything else to their time.
    """
    recalled = await connection.execute(RECALL, {"limit": limit})
    return recalled.rowcount


RECALL = text(
    """
    UPDATE commands SET due_at = clock_timestamp() + random() * interval '1 second'
    WHERE id IN (
        SELECT id FROM commands
        WHERE state = 'queued' AND is_unanswered AND claim_token IS NULL
          AND due_at > clock_timestamp() + interval '1 second'
        ORDER BY created_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    """
)
