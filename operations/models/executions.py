"""Executions (one row per attempt), their steps, their history, and the feed of changes."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Interval, String, func, text, type_coerce
from sqlalchemy import Identity as Sequence
from sqlalchemy.orm import Mapped, column_property, mapped_column
from sqlalchemy.types import UserDefinedType

from operations.kinds import LIFECYCLE
from operations.models.metadata import Counter, CreatedAt, Identity, JsonObject, Record, Word
from operations.statuses import CloseReason, Failure, Health, Status, StepStatus

DURATION = "(completed_at - COALESCE(started_at, created_at))"
OPEN = "status IN ('pending', 'running')"
#: `Failure` in the words of indexes; queries say it in the same words. Only what failed has a reason.
FAILURES = {
    Failure.STANDING: "superseded_by IS NULL AND close_reason NOT IN ('canceled', 'rejected')",
    Failure.CALLED_OFF: "superseded_by IS NULL AND close_reason IN ('canceled', 'rejected')",
    Failure.SUPERSEDED: "superseded_by IS NOT NULL",
}
LATEST = {
    moment: (text(f"{moment} DESC"), text("id DESC"))
    for moment in ("created_at", "started_at", "completed_at", DURATION)
}
ORDERS = {
    "": ("created_at DESC", "id DESC"),
    "_type": ("workflow_type", "created_at DESC", "id DESC"),
    "_completed": ("completed_at DESC", "id DESC"),
    "_started": ("started_at DESC", "id DESC"),
    "_duration": (f"{DURATION} DESC", "id DESC"),
}


class Execution(Record):
    """One attempt to run one workflow for one entity; its id is the run's `OperationUUID`."""

    __tablename__ = "workflow_executions"

    id: Mapped[Identity]
    workflow_id: Mapped[str] = mapped_column(String(255, collation="C"), unique=True)
    workflow_type: Mapped[str] = mapped_column(String(100))
    lane: Mapped[str] = mapped_column(String(100), server_default=LIFECYCLE)  #: one open run per entity and lane
    entity_type: Mapped[str] = mapped_column(String(50))
    entity_id: Mapped[UUID]
    status: Mapped[Status] = mapped_column(Word(Status), server_default=Status.PENDING)
    close_reason: Mapped[CloseReason | None] = mapped_column(Word(CloseReason))
    attempt: Mapped[int] = mapped_column(server_default=text("1"))
    retry_of: Mapped[UUID | None] = mapped_column(ForeignKey("workflow_executions.id"))
    superseded_by: Mapped[UUID | None] = mapped_column(ForeignKey("workflow_executions.id"))
    """Of a failed one: the newest attempt that is open or completed, for the same entity and of the same kind."""
    run_id: Mapped[str | None]  #: evidence of the latest run; never a key
    task_queue: Mapped[str]
    build_id: Mapped[str | None]
    input: Mapped[JsonObject]
    requested_by: Mapped[str]
    error_message: Mapped[str | None]
    current_step: Mapped[str | None]
    steps_done: Mapped[Counter]
    steps_total: Mapped[int | None]  #: unknown for workflows without a plan of steps
    health: Mapped[Health] = mapped_column(Word(Health), server_default=Health.OK)
    cause: Mapped[str | None]
    cause_detail: Mapped[str | None]
    health_since: Mapped[datetime | None]  #: it stands still, whatever the cause was meanwhile; or it waits
    cause_since: Mapped[datetime | None]  #: since when the cause is this one; None, while nobody says: `health_since`
    signature: Mapped[str | None]  #: of the error behind the cause, or by which it ended
    evidence: Mapped[JsonObject | None]  #: what the cause rests on
    created_at: Mapped[CreatedAt] = mapped_column()
    started_at: Mapped[datetime | None] = mapped_column()
    completed_at: Mapped[datetime | None] = mapped_column()
    last_progress_at: Mapped[CreatedAt]  #: moves with real progress and where a wait is over, not with liveness
    verified_at: Mapped[datetime | None]  #: when Temporal's own close status agreed with a final row
    updated_at: Mapped[CreatedAt]

    duration: Mapped[timedelta | None] = column_property(
        type_coerce(completed_at - func.coalesce(started_at, created_at), Interval)
    )
    """Of an ended one; what never started lasted from its registration on."""

    __table_args__ = (
        Index("uq_workflow_executions_open", "entity_id", "lane", unique=True, postgresql_where=text(OPEN)),
        Index(
            "ix_workflow_executions_entity",
            "entity_id",
            *LATEST["created_at"],
            postgresql_include=[  # searches by tenant ask for these in hundreds of tenants
                *("status", "workflow_type", "started_at", "completed_at", "superseded_by", "close_reason"),
            ],
        ),
        Index("ix_workflow_executions_retry_of", "retry_of"),
        Index(
            "ix_workflow_executions_superseded_by",
            "superseded_by",
            postgresql_where=text("superseded_by IS NOT NULL"),
        ),
        *(
            Index(
                f"ix_workflow_executions_{failure}{name}",
                *(each if each == "workflow_type" else text(each) for each in columns),
                postgresql_where=text(condition),
            )
            for failure, condition in FAILURES.items()
            for name, columns in ORDERS.items()
        ),
        Index(
            "ix_workflow_executions_open_progress",
            "status",
            "last_progress_at",
            "id",
            postgresql_where=text(OPEN),
        ),
        Index(
            "ix_workflow_executions_open_type",
            "status",
            "workflow_type",
            "last_progress_at",
            "id",
            postgresql_where=text(OPEN),
        ),
        Index(
            "ix_workflow_executions_open_health",
            "status",
            "health",
            "last_progress_at",
            "id",
            postgresql_where=text(f"{OPEN} AND health <> 'ok'"),
        ),
        Index(
            "ix_workflow_executions_open_cause",
            "status",
            "cause",
            "last_progress_at",
            "id",
            postgresql_where=text(f"{OPEN} AND cause IS NOT NULL"),
        ),
        Index(
            "ix_workflow_executions_open_cause_detail",
            "cause_detail",
            postgresql_using="gin",
            postgresql_ops={"cause_detail": "gin_trgm_ops"},
            postgresql_where=text(f"{OPEN} AND cause_detail IS NOT NULL"),
        ),
        Index(
            "ix_workflow_executions_health",
            "health",
            *LATEST["created_at"],
            postgresql_where=text("health <> 'ok'"),
        ),
        Index(
            "ix_workflow_executions_cause",
            "cause",
            *LATEST["created_at"],
            postgresql_where=text("cause IS NOT NULL"),
        ),
        Index(
            "ix_workflow_executions_signature",
            "signature",
            *LATEST["created_at"],
            postgresql_where=text("signature IS NOT NULL"),
        ),
        Index("ix_workflow_executions_created", *LATEST["created_at"]),
        Index("ix_workflow_executions_status", "status", *LATEST["created_at"]),
        Index("ix_workflow_executions_type", "workflow_type", *LATEST["created_at"]),
        Index(
            "ix_workflow_executions_status_type",
            "status",
            "workflow_type",
            *LATEST["created_at"],
        ),
        Index(
            "ix_workflow_executions_completed",
            "status",
            *LATEST["completed_at"],
            postgresql_where=text("completed_at IS NOT NULL"),
        ),
        Index(
            "ix_workflow_executions_started",
            "status",
            *LATEST["started_at"],
            postgresql_where=text("started_at IS NOT NULL"),
        ),
        Index(
            "ix_workflow_executions_unstarted",
            "status",
            *LATEST["created_at"],
            postgresql_where=text("started_at IS NULL"),
        ),
        Index(
            "ix_workflow_executions_duration",
            "status",
            *LATEST[DURATION],
            postgresql_where=text("completed_at IS NOT NULL"),
        ),
        Index(
            "ix_workflow_executions_of_no_tenant", "workflow_id", "id", postgresql_where=text("entity_type <> 'tenant'")
        ),
        Index(
            "ix_workflow_executions_unverified",
            "id",
            postgresql_where=text("verified_at IS NULL"),  # open rows, and final ones that Temporal has not confirmed
        ),
        Index(
            "ix_workflow_executions_error",
            "error_message",
            postgresql_using="gin",
            postgresql_ops={"error_message": "gin_trgm_ops"},
            postgresql_where=text("error_message IS NOT NULL"),
        ),
        Index(
            "ix_workflow_executions_error_created",
            *LATEST["created_at"],
            postgresql_where=text("error_message IS NOT NULL"),
        ),
    )


class ExecutionStep(Record):
    """One step of an execution: one activity its workflow scheduled, whatever the number of tries."""

    __tablename__ = "execution_steps"

    execution_id: Mapped[UUID] = mapped_column(
        ForeignKey("workflow_executions.id", ondelete="CASCADE"), primary_key=True
    )
    ordinal: Mapped[int] = mapped_column(primary_key=True)  #: order in which the workflow scheduled it, from 1
    name: Mapped[str]
    status: Mapped[StepStatus] = mapped_column(Word(StepStatus))
    attempts: Mapped[int]  #: tries so far, as Temporal counts them
    run_id: Mapped[str | None]  #: of the latest try; after a reset another run makes the step again, from try one
    started_at: Mapped[CreatedAt]  #: first try
    tried_at: Mapped[CreatedAt]  #: latest try
    next_try_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    error: Mapped[str | None]  #: of the latest failed try
    progress: Mapped[str | None]  #: what a long step last said of itself
    progressed_at: Mapped[datetime | None]  #: when it last said something new
    reset_at: Mapped[datetime | None]  #: since when its tries are counted anew


class ExecutionEvent(Record):
    """History of an execution; append-only, partitioned by month."""

    __tablename__ = "execution_events"

    seq: Mapped[int] = mapped_column(BigInteger, Sequence(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"), primary_key=True)
    execution_id: Mapped[UUID]
    kind: Mapped[str]
    from_status: Mapped[Status | None] = mapped_column(Word(Status))
    to_status: Mapped[Status | None] = mapped_column(Word(Status))
    actor: Mapped[str]
    reason: Mapped[str | None]
    detail: Mapped[JsonObject | None]

    __table_args__ = (
        Index("ix_execution_events_execution", "execution_id", "seq"),
        {"postgresql_partition_by": "RANGE (at)"},
    )


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id, which never wraps around."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


class Change(Record):
    """That a row changed; read by the live pages as the difference of two snapshots, pruned after an hour."""

    __tablename__ = "changes"

    xid: Mapped[int] = mapped_column(Xid8, server_default=text("pg_current_xact_id()"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, Sequence(always=True), primary_key=True)
    kind: Mapped[str]
    id: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
