"""Passes that compared the database with Temporal, what they found, and who may run one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from operations.models.metadata import Counter, CreatedAt, Identity, JsonObject, Record, Word
from operations.statuses import FindingKind, PassOutcome, PassTrigger


class ReconciliationState(Record):
    """One row: the lease of the pass that runs, a pause, the namespace that was compared with."""

    __tablename__ = "reconciliation_state"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False, server_default=text("1"))
    holder: Mapped[str | None]
    token: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))  #: grows with every lease: fences the past
    lease_expires_at: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    paused_by: Mapped[str | None]
    pause_reason: Mapped[str | None]
    namespace_id: Mapped[str | None]  #: Temporal's own id of the namespace; a name can come to mean another one
    namespace_accepted_at: Mapped[datetime | None]
    namespace_accepted_by: Mapped[str | None]
    resume_after: Mapped[UUID | None]  #: where a pass that ran out of time stopped
    round_began_at: Mapped[datetime | None]  #: of the pass that began at the first row
    installed_at: Mapped[CreatedAt]


class ReconciliationPass(Record):
    """One comparison of the database with Temporal."""

    __tablename__ = "reconciliation_passes"

    id: Mapped[Identity]
    trigger: Mapped[PassTrigger] = mapped_column(Word(PassTrigger))
    requested_by: Mapped[str]
    started_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[PassOutcome | None] = mapped_column(Word(PassOutcome))  #: NULL while it runs
    checked: Mapped[Counter]
    described: Mapped[Counter]
    found: Mapped[Counter]
    healed: Mapped[Counter]
    unknown: Mapped[Counter]
    error: Mapped[str | None]

    __table_args__ = (
        Index("ix_reconciliation_passes_started", text("started_at DESC"), text("id DESC")),
        Index("ix_reconciliation_passes_finished", text("finished_at DESC")),
    )


class ReconciliationFinding(Record):
    """One difference between the two, with what each side said and what was done."""

    __tablename__ = "reconciliation_findings"

    id: Mapped[Identity]
    #: which saw it first; NULL of one that a step found
    pass_id: Mapped[UUID | None] = mapped_column(ForeignKey("reconciliation_passes.id"))
    kind: Mapped[FindingKind] = mapped_column(Word(FindingKind))
    execution_id: Mapped[UUID | None]
    tenant_id: Mapped[UUID | None]
    workflow_id: Mapped[str | None]
    run_id: Mapped[str | None]
    database_said: Mapped[JsonObject | None]
    temporal_said: Mapped[JsonObject | None]
    done: Mapped[str | None]
    first_seen_at: Mapped[CreatedAt]
    last_seen_at: Mapped[CreatedAt]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None]
    ignored_at: Mapped[datetime | None]  #: somebody looked at it and lets it be; it still stands
    ignored_by: Mapped[str | None]
    reason: Mapped[str | None]

    __table_args__ = (
        Index("ix_reconciliation_findings_pass", "pass_id"),
        Index("ix_reconciliation_findings_execution", "execution_id"),
        Index("ix_reconciliation_findings_first_seen", text("first_seen_at DESC"), text("id DESC")),
        Index(
            "uq_reconciliation_findings_open",
            "kind",
            "workflow_id",
            unique=True,
            postgresql_where=text("resolved_at IS NULL"),
        ),
    )
