"""Passes that compared the database with Temporal, and what they found."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from operations.models.metadata import Counter, CreatedAt, Identity, JsonObject, Record


class ReconciliationPass(Record):
    """One comparison of the database with Temporal."""

    __tablename__ = "reconciliation_passes"

    id: Mapped[Identity]
    trigger: Mapped[str]  #: schedule | watchdog | operator
    requested_by: Mapped[str]
    started_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str | None]  #: NULL while it runs
    checked: Mapped[Counter]
    described: Mapped[Counter]
    found: Mapped[Counter]
    healed: Mapped[Counter]
    unknown: Mapped[Counter]
    error: Mapped[str | None]

    __table_args__ = (Index("ix_reconciliation_passes_started", text("started_at DESC")),)


class ReconciliationFinding(Record):
    """One difference between the two, with what each side said and what was done."""

    __tablename__ = "reconciliation_findings"

    id: Mapped[Identity]
    pass_id: Mapped[UUID] = mapped_column(ForeignKey("reconciliation_passes.id"))
    kind: Mapped[str]
    execution_id: Mapped[UUID | None]
    workflow_id: Mapped[str | None]
    run_id: Mapped[str | None]
    database_said: Mapped[JsonObject | None]
    temporal_said: Mapped[JsonObject | None]
    done: Mapped[str | None]
    first_seen_at: Mapped[CreatedAt]
    last_seen_at: Mapped[CreatedAt]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None]
    reason: Mapped[str | None]

    __table_args__ = (
        Index("ix_reconciliation_findings_pass", "pass_id"),
        Index("ix_reconciliation_findings_execution", "execution_id"),
        Index(
            "uq_reconciliation_findings_open",
            "kind",
            "workflow_id",
            unique=True,
            postgresql_where=text("resolved_at IS NULL"),
        ),
    )
