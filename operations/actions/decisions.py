"""Writes what a person decided, and the command that tells the run; part of a caller's transaction."""

from dataclasses import replace
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import audit
from operations.access import Actor
from operations.actions import consents, endings
from operations.actions.locked import Locked
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
    intent = Intent(kind=CommandKind.DECIDE, execution_id=row.id, requested_by=actor.name, reason=why)
    command = await commands.queue(connection, intent)
    if removes:
        await _settle_removal(connection, intent, decision, row)
    await audit.record(
        connection,
        actor,
        f"execution.{DECIDING[decision]}",
        audit.Outcome.APPLIED,
        row.target,
        reason=why,
    )
    return command


async def _settle_removal(connection: AsyncConnection, intent: Intent, decision: Decision, row: Locked) -> None:
    """Its steps read what was decided. A no ends the run by a cancel, which gives the tenant back."""
    await consents.settle(connection, row.id)
    if decision is Decision.REJECTED and await endings.queued(connection, row.id, CommandKind.CANCEL) is None:
        await commands.queue(connection, replace(intent, kind=CommandKind.CANCEL, seen_run_id=row.run_id))
