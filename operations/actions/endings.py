"""Queues what ends a run, orderly or by force; part of a caller's transaction."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import audit
from operations.access import Actor
from operations.actions.locked import Locked
from operations.models import Command
from operations.outbox import commands
from operations.outbox.commands import Intent
from operations.statuses import CommandKind, CommandState


async def queue(
    connection: AsyncConnection,
    actor: Actor,
    row: Locked,
    kind: CommandKind,
    why: str,
    *,
    seen_run_id: str | None = None,
) -> UUID:
    """The command that ends the run of a row that may be ended."""
    intent = Intent(
        kind=kind, execution_id=row.id, requested_by=actor.name, reason=why, seen_run_id=seen_run_id or row.run_id
    )
    command = await commands.queue(connection, intent)
    await audit.record(
        connection,
        actor,
        f"execution.{kind}",
        audit.Outcome.REQUESTED,
        row.target,
        reason=why,
        before={"status": row.status, "run_id": row.run_id},
    )
    return command


async def queued(connection: AsyncConnection, id_: UUID, kind: CommandKind) -> UUID | None:
    """The command of this kind that has not reached Temporal."""
    command: UUID | None = await connection.scalar(
        select(Command.id).where(
            Command.execution_id == id_, Command.kind == kind, Command.state == CommandState.QUEUED
        )
    )
    return command
