"""What people have said of trouble: that they know of it, who sees to it, that it can wait."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from operations.models.metadata import CreatedAt, Identity, Record

GROUP = "execution_id IS NULL AND ended_at IS NULL"
#: Whether what was said of an execution `e`, in `r`, is said of the cause that it has now. A worker that restarts, or
#: that nobody knows, is no other trouble for a run that stood still before: what was said of that holds meanwhile.
IS_SAID_OF_IT = """
    ((r.cause, r.signature) = (coalesce(e.cause, ''), coalesce(e.signature, ''))
     OR (r.acknowledged_at IS NOT NULL OR r.snoozed_until IS NOT NULL) AND e.health_since < e.cause_since
        AND (e.cause IN ('unknown', 'temporal_unreachable')
             OR e.cause = 'no_worker' AND e.cause_since > clock_timestamp() - interval '2 minutes'))
"""


class Triage(Record):
    """Of one execution; or of a group, those that stand still for one cause and by one error, while it lives."""

    __tablename__ = "triage"

    id: Mapped[Identity]
    execution_id: Mapped[UUID | None] = mapped_column(ForeignKey("workflow_executions.id", ondelete="CASCADE"))
    #: Of a group, its own; of an execution, those that somebody acknowledged or snoozed. Empty where there is none.
    cause: Mapped[str] = mapped_column(server_default=text("''"))
    signature: Mapped[str] = mapped_column(server_default=text("''"))
    acknowledged_by: Mapped[str | None]
    acknowledged_at: Mapped[datetime | None]
    snoozed_by: Mapped[str | None]
    snoozed_until: Mapped[datetime | None]
    assignee_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    absent_since: Mapped[datetime | None]  #: of a group: since when no execution belongs to it
    ended_at: Mapped[datetime | None]  #: of a group that is no more: the next one of its name begins anew
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        Index("uq_triage_execution", "execution_id", unique=True, postgresql_where=text("execution_id IS NOT NULL")),
        Index("uq_triage_group", "cause", "signature", unique=True, postgresql_where=text(GROUP)),
        Index("ix_triage_assignee", "assignee_id", postgresql_where=text("assignee_id IS NOT NULL")),
        Index("ix_triage_snoozed", "snoozed_until", postgresql_where=text("snoozed_until IS NOT NULL")),
    )
