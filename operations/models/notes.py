"""Notes that people leave on tenants and executions, views they save, alerts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from operations.models.metadata import CreatedAt, Identity, JsonObject, Record


class Note(Record):
    """A remark of staff about a tenant's execution, or about a group."""

    __tablename__ = "notes"

    id: Mapped[Identity]
    tenant_id: Mapped[UUID | None] = mapped_column(ForeignKey("tenants.id"))
    execution_id: Mapped[UUID | None] = mapped_column(ForeignKey("workflow_executions.id", ondelete="SET NULL"))
    triage_id: Mapped[UUID | None] = mapped_column(ForeignKey("triage.id", ondelete="CASCADE"))  #: of the group
    author: Mapped[str]
    body: Mapped[str]
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        Index("ix_notes_tenant", "tenant_id", text("created_at DESC")),
        Index(
            "ix_notes_execution",
            "execution_id",
            text("created_at DESC"),
            postgresql_where=text("execution_id IS NOT NULL"),
        ),
        Index("ix_notes_triage", "triage_id", text("created_at DESC"), postgresql_where=text("triage_id IS NOT NULL")),
    )


class SavedView(Record):
    """A list's filters, sort and columns under a name."""

    __tablename__ = "saved_views"

    id: Mapped[Identity]
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    page: Mapped[str]
    name: Mapped[str]
    query: Mapped[str]
    shared: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[CreatedAt]


class Alert(Record):
    """Something that staff must hear of, and whether they did."""

    __tablename__ = "alerts"

    id: Mapped[Identity]
    kind: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[JsonObject | None]
    raised_at: Mapped[CreatedAt]
    cleared_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]

    __table_args__ = (
        Index("uq_alerts_open", "kind", "subject", unique=True, postgresql_where=text("cleared_at IS NULL")),
    )
