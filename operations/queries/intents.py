"""What people want of an execution: commands on their way to Temporal, and decisions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import select

from operations.database import Database
from operations.deed_facts import Possibility
from operations.models import Approval, Command
from operations.statuses import CommandKind, CommandState, Decision, Outcome, RetryKind


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
    outcome: Outcome | None = None  #: of a retry: whether it helped
    outcome_at: datetime | None = None


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

    kind: RetryKind
    explanation: str

    @classmethod
    def of(cls, possible: Possibility, kind: RetryKind) -> Self:
        if possible.problem is not None:
            return cls(kind=RetryKind.NONE, explanation=possible.problem)
        return cls(kind=kind, explanation=" ".join(possible.effects))


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
    Command.outcome,
    Command.outcome_at,
)
