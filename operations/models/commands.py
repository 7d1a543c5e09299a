"""The outbox of intents towards Temporal, and decisions of people."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from operations.models.metadata import Counter, CreatedAt, Identity, JsonObject, Record, Word
from operations.statuses import CommandKind, CommandState, Outcome


class Command(Record):
    """One intent towards Temporal, written in the transaction that decided it."""

    __tablename__ = "commands"

    id: Mapped[Identity]
    kind: Mapped[CommandKind] = mapped_column(Word(CommandKind))
    execution_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_executions.id", ondelete="CASCADE"))
    seen_run_id: Mapped[str | None]  #: the run that the page showed; another one is left alone
    reason: Mapped[str | None]
    requested_by: Mapped[str]
    state: Mapped[CommandState] = mapped_column(Word(CommandState), server_default=CommandState.QUEUED)
    tries: Mapped[Counter]
    due_at: Mapped[CreatedAt]  #: next try while queued; also the end of the lease while claimed
    claim_token: Mapped[UUID | None]  #: fences a deliverer whose lease ran out
    claimed_by: Mapped[str | None]
    error: Mapped[str | None]
    is_unanswered: Mapped[bool] = mapped_column(server_default=text("false"))  #: Temporal did not answer the latest try
    payload: Mapped[JsonObject | None]
    bulk_id: Mapped[UUID | None] = mapped_column(ForeignKey("bulk_operations.id"))
    created_at: Mapped[CreatedAt]
    settled_at: Mapped[datetime | None]
    watched_until: Mapped[datetime | None]  #: of a retry: until when is looked whether it helped
    outcome: Mapped[Outcome | None] = mapped_column(Word(Outcome))  #: of a retry: whether it helped
    outcome_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "ix_commands_watched",
            "watched_until",
            postgresql_where=text("watched_until IS NOT NULL AND outcome IS NULL"),
        ),
        Index("ix_commands_due", "due_at", "id", postgresql_where=text("state = 'queued'")),
        Index("ix_commands_execution", "execution_id", text("created_at DESC")),
        Index("ix_commands_bulk", "bulk_id", postgresql_where=text("bulk_id IS NOT NULL")),
        Index("uq_commands_start", "execution_id", unique=True, postgresql_where=text("kind = 'start'")),
    )


class ApprovalRequest(Record):
    """That a run waits for a person's decision, until there is one in `approvals`; the execution's cause only hints."""

    __tablename__ = "approval_requests"

    execution_id: Mapped[UUID] = mapped_column(
        ForeignKey("workflow_executions.id", ondelete="CASCADE"), primary_key=True
    )
    requested_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    expires_at: Mapped[datetime]  #: when the run decides by itself; a person's decision that comes first still counts


class Approval(Record):
    """A person's decision about an execution that waits for one; written before it is signalled."""

    __tablename__ = "approvals"

    id: Mapped[Identity]
    execution_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_executions.id", ondelete="CASCADE"), unique=True)
    decision: Mapped[str]  #: approved | rejected
    decided_by: Mapped[str]
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))  #: NULL: a time limit decided
    reason: Mapped[str]
    decided_at: Mapped[CreatedAt]
