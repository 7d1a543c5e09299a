"""What people want of an execution: commands on their way to Temporal, and decisions."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from operations import contracts
from operations.database import Database
from operations.models import Approval, Command
from operations.possibilities import retry_problem
from operations.queries.execution_views import ExecutionView
from operations.statuses import CommandKind, CommandState, Decision, Status, TenantStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandView:
    """One intent towards Temporal and what became of it."""

    id: UUID
    kind: CommandKind
    execution_id: UUID
    state: CommandState
    requested_by: str
    reason: str | None
    tries: int
    error: str | None
    created_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class DecisionView:
    """What a person, or the time limit, decided."""

    decision: Decision
    decided_by: str
    reason: str
    decided_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryOffer:
    """What Retry would do now."""

    kind: str  #: attempt: a new attempt | none: not possible
    explanation: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Intents:
    """Reads about commands and decisions."""

    database: Database

    async def commands(self, execution_id: UUID) -> tuple[CommandView, ...]:
        """The latest hundred, newest first."""
        statement = (
            select(*_COMMAND).where(Command.execution_id == execution_id).order_by(Command.created_at.desc()).limit(100)
        )
        async with self.database.reading() as connection:
            rows = await connection.execute(statement)
            return tuple(CommandView(**row._mapping) for row in rows)  # noqa: SLF001 - a row as a mapping

    async def command(self, id_: UUID) -> CommandView:
        """For a command that was just queued: it exists."""
        async with self.database.reading() as connection:
            row = (await connection.execute(select(*_COMMAND).where(Command.id == id_))).one()
        return CommandView(**row._mapping)  # noqa: SLF001

    async def decisions(self, execution_id: UUID) -> tuple[DecisionView, ...]:
        statement = select(Approval.decision, Approval.decided_by, Approval.reason, Approval.decided_at).where(
            Approval.execution_id == execution_id
        )
        async with self.database.reading() as connection:
            return tuple(
                DecisionView(
                    decision=Decision(row.decision),
                    decided_by=row.decided_by,
                    reason=row.reason,
                    decided_at=row.decided_at,
                )
                for row in await connection.execute(statement)
            )


def retry_offer(execution: ExecutionView, latest_attempt: int) -> RetryOffer:
    """What Retry means for an execution as the page shows it; the action decides again under its lock."""
    if problem := _retry_problem(execution, latest_attempt):
        return RetryOffer(kind="none", explanation=problem)
    starts = (
        f"Starts attempt {execution.attempt + 1} from the beginning, once Temporal confirms that this one has ended."
    )
    if execution.entity_status is TenantStatus.DROPPING:
        starts += " It drops the rest of the schema: the tenant cannot be kept any more."
    return RetryOffer(kind="attempt", explanation=starts)


def _retry_problem(execution: ExecutionView, latest_attempt: int) -> str | None:
    if execution.status is Status.COMPLETED:
        return "The execution completed; there is nothing to retry."
    if not execution.status.is_final:
        return "The execution is open. Its steps are tried again by themselves, without limit."
    if execution.workflow_type not in contracts.BY_STORED_NAME:
        return "This version knows no workflow of this type."
    if latest_attempt > execution.attempt:
        return f"Attempt {latest_attempt} is newer; retry that one."
    return retry_problem(execution.workflow_type, execution.entity_status)


_COMMAND = (
    Command.id,
    Command.kind,
    Command.execution_id,
    Command.state,
    Command.requested_by,
    Command.reason,
    Command.tries,
    Command.error,
    Command.created_at,
    Command.settled_at,
)
