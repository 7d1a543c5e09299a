"""Bulk operations: one action on many executions, each of its rows with a result of its own."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from operations.models.metadata import CreatedAt, Identity, JsonObject, Record, Word
from operations.statuses import BulkResult, BulkRowState, BulkState, RetryKind, Role


class BulkOperation(Record):
    """One action on many executions; what it asks of Temporal are commands."""

    __tablename__ = "bulk_operations"

    id: Mapped[Identity]
    action: Mapped[str]
    requested_by: Mapped[str]
    reason: Mapped[str]
    selection: Mapped[JsonObject]  #: by what they were chosen
    total: Mapped[int]
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]  #: when the last row had its result
    state: Mapped[BulkState] = mapped_column(Word(BulkState), server_default=BulkState.RUNNING)
    role: Mapped[Role] = mapped_column(Word(Role), server_default=Role.VIEWER)  #: of whoever asked without an account
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))  #: whose role counts at each row's turn
    released_by: Mapped[str | None]  #: another person, where it takes two
    first_alone: Mapped[bool] = mapped_column(server_default=text("false"))  #: one row, then it pauses
    canary_id: Mapped[UUID | None]  #: the execution that went alone
    next_at: Mapped[CreatedAt]  #: before this moment no further row has its turn
    counted: Mapped[JsonObject | None]  #: its numbers, once what became of each row is known

    __table_args__ = (
        Index("ix_bulk_operations_created", text("created_at DESC"), text("id DESC")),
        Index("ix_bulk_operations_open", "next_at", postgresql_where=text("finished_at IS NULL")),
        Index("ix_bulk_operations_person", "requested_by", text("next_at DESC")),
        Index("ix_bulk_operations_uncounted", "created_at", postgresql_where=text("counted IS NULL")),
    )


class BulkRow(Record):
    """An execution in a bulk operation. Its turn, and what follows from it, are one transaction."""

    __tablename__ = "bulk_rows"

    bulk_id: Mapped[UUID] = mapped_column(ForeignKey("bulk_operations.id", ondelete="CASCADE"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    execution_id: Mapped[UUID]  #: of no execution, where somebody asked for one that there is not
    state: Mapped[BulkRowState] = mapped_column(Word(BulkRowState), server_default=BulkRowState.LEFT)
    retry_kind: Mapped[RetryKind | None] = mapped_column(Word(RetryKind))  #: what the preview said that Retry would be
    seen_run_id: Mapped[str | None]  #: the run of the preview; another one is left alone
    command_id: Mapped[UUID | None]  #: by which Temporal was asked
    successor_id: Mapped[UUID | None]  #: the new attempt
    why: Mapped[str | None]  #: it was skipped, failed, or did not move on: what the run met then
    settled_at: Mapped[datetime | None]
    result: Mapped[BulkResult | None] = mapped_column(Word(BulkResult))  #: what became of it, once time brings no other

    __table_args__ = (
        UniqueConstraint("bulk_id", "execution_id"),
        Index("ix_bulk_rows_left", "bulk_id", "ordinal", postgresql_where=text("state = 'left'")),
        Index("ix_bulk_rows_sent", "command_id", postgresql_where=text("state = 'sent'")),
        Index("ix_bulk_rows_execution", "execution_id"),
        Index(
            "ix_bulk_rows_unknown",
            "bulk_id",
            "ordinal",
            postgresql_where=text("result IS NULL AND settled_at IS NOT NULL"),
        ),
        Index("ix_bulk_rows_successor", "successor_id", postgresql_where=text("successor_id IS NOT NULL")),
    )
