"""Writes what a person decided, and the command that tells the run; part of a caller's transaction."""

from dataclasses import replace
from uuid import UUID, uuid4

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import audit
from operations.access import Actor
from operations.actions import endings
from operations.actions.locked import Locked
from operations.diagnosis import storing
from operations.kinds import Deed
from operations.models import Approval
from operations.outbox import commands
from operations.outbox.commands import Intent
from operations.statuses import CommandKind, Decision

DECISIONS = {Deed.APPROVE: Decision.APPROVED, Deed.REJECT: Decision.REJECTED}
DECIDING = {decision: deed for deed, decision in DECISIONS.items()}


async def write(
    connection: AsyncConnection, actor: Actor, row: Locked, decision: Decision, why: str, *, removes: bool
) -> UUID:
    """The decision of a row that waits for one, and the command that tells its run."""
    await connection.execute(
        insert(Approval).values(
            id=uuid4(),
            execution_id=row.id,
            decision=decision.value,
            decided_by=actor.name,
            staff_id=actor.staff_id,
            reason=why,
        )
    )
    await connection.execute(GOES_ON, {"id": row.id})
    intent = Intent(kind=CommandKind.DECIDE, execution_id=row.id, requested_by=actor.name, reason=why)
    command = await commands.queue(connection, intent)
    if removes and decision is Decision.REJECTED:
        await _keep(connection, intent, row)
    await audit.record(
        connection,
        actor,
        f"execution.{DECIDING[decision]}",
        audit.Outcome.APPLIED,
        row.target,
        reason=why,
    )
    return command


async def _keep(connection: AsyncConnection, intent: Intent, row: Locked) -> None:
    """A no to a removal ends its run by a cancel, which gives the tenant back. All else its steps read."""
    if await endings.queued(connection, row.id, CommandKind.CANCEL) is None:
        await commands.queue(connection, replace(intent, kind=CommandKind.CANCEL, seen_run_id=row.run_id))


# It waits for nobody any more. Whatever keeps it from now on does so since then, however long people took.
GOES_ON = text(
    """
    UPDATE workflow_executions SET last_progress_at = clock_timestamp(),
        $diagnosis
    WHERE id = :id
    """.replace("$diagnosis", storing.OF_DECISION)
)
