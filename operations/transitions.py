"""What tracking is asked to write: a transition that somebody observed, a correction, the adoption of a run."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from operations.statuses import CloseReason, Status


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """One step of an execution through the state machine, as somebody observed it."""

    execution_id: UUID
    to: Status
    actor: str
    run_id: str | None = None
    reason: str | None = None
    close_reason: CloseReason | None = None  #: exactly for `failed`
    error: str | None = None
    own_run_only: bool = False  #: nothing when the row follows another run by now
    workflow_id: str | None = None  #: of the run that says so itself: nothing when the row is another workflow's
    verified: bool = False  #: Temporal itself described the run as closed in this way
    at: datetime | None = None  #: Temporal's close time where known, else the database's clock


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """What Temporal described, against the row as it was read before."""

    execution_id: UUID
    from_status: Status
    from_run_id: str | None
    to: Status
    run_id: str | None
    actor: str
    reason: str
    close_reason: CloseReason | None = None  #: exactly for `failed`
    error: str | None = None
    started_at: datetime | None = None  #: by Temporal; kept only where the row knows no beginning
    closed_at: datetime | None = None  #: by Temporal


@dataclass(frozen=True, kw_only=True, slots=True)
class Adoption:
    """An open run that carries the id of an execution whose row is missing."""

    execution_id: UUID
    workflow_id: str
    workflow_type: str
    lane: str
    entity_type: str
    entity_id: UUID
    attempt: int
    run_id: str
    task_queue: str
    arguments: tuple[object, ...]
    started_at: datetime
    actor: str
    reason: str
