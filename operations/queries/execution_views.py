"""Executions as they are shown: plain data, frozen."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from uuid import UUID

from operations.deed_facts import Facts, Remains
from operations.diagnosis.evidence import Evidence
from operations.queries.approval_views import ApprovalRequestView
from operations.queries.diagnosis_views import DiagnosisView, diagnosed
from operations.queries.triage_views import TriageView
from operations.statuses import (
    Cause,
    CloseReason,
    CommandKind,
    CommandState,
    Failure,
    Health,
    Status,
    StepStatus,
    TenantStatus,
)

UNWATCHED = "Nobody has looked at executions for a minute, so nobody can tell how it is doing."


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutionView:
    """An execution as lists and pages show it."""

    id: UUID
    workflow_id: str
    workflow_type: str
    entity_type: str
    entity_id: UUID
    entity_slug: str | None
    entity_name: str | None
    entity_status: TenantStatus | None
    due_at: datetime | None  #: of an open removal: before that moment nothing of the tenant is dropped
    status: Status
    close_reason: CloseReason | None
    attempt: int
    retry_of: UUID | None
    started_at: datetime | None
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    error_message: str | None
    current_step: str | None  #: under way, or failed, or the last of an ended run; between two steps the one to come
    steps_done: int
    steps_total: int | None
    last_progress_at: datetime
    health: Health
    cause: str | None
    cause_detail: str | None
    health_since: datetime | None  #: it has stood still, whatever the cause was meanwhile; or it waits
    cause_since: datetime | None  #: the cause is this one
    requested_by: str
    run_id: str | None
    build_id: str | None
    verified_at: datetime | None  #: when Temporal confirmed how it ended
    superseded_by: UUID | None = None  #: of a failed one: the newest attempt that is open or completed
    superseded_by_attempt: int | None = None
    signature: str | None = None  #: of the error behind the cause, or by which it ended
    evidence: Mapping[str, object] | None = None  #: what the cause rests on
    triage: TriageView | None = None  #: what people have said of it, or of its group
    done_step: str | None = None  #: of an open run between two steps: the one that is done; none is under way then

    @property
    def diagnosis(self) -> DiagnosisView | None:
        """None while it goes on as it should, and for a cause that a newer version wrote."""
        return diagnosed(
            self.cause,
            detail=self.cause_detail,
            signature=self.signature,
            evidence=self.evidence,
            since=self.cause_since,
        )

    def unwatched(self) -> Self:
        """While the watcher is silent: what it said last is the past, and of what it said nothing nobody knows more."""
        unknown = replace(self, health=Health.UNKNOWN)
        return unknown if self.cause else replace(unknown, cause=Cause.UNKNOWN, cause_detail=UNWATCHED)

    @property
    def slug(self) -> str | None:
        """As the order by tenant calls it."""
        return self.entity_slug

    @property
    def duration(self) -> timedelta | None:
        """Of an ended one; what never started lasted from its registration on."""
        return None if self.completed_at is None else self.completed_at - (self.started_at or self.created_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class StepView:
    """One step of an execution."""

    ordinal: int
    name: str
    status: StepStatus
    attempts: int
    started_at: datetime
    tried_at: datetime
    next_try_at: datetime | None
    completed_at: datetime | None
    error: str | None
    progress: str | None
    reset_at: datetime | None = None  #: when somebody had it tried at once, by which Temporal counts anew


@dataclass(frozen=True, kw_only=True, slots=True)
class EventView:
    """One entry of an execution's history."""

    seq: int
    at: datetime
    kind: str
    from_status: Status | None
    to_status: Status | None
    actor: str
    reason: str | None
    error: str | None
    health: str | None = None  #: of a diagnosis: how it was doing from then on
    cause: str | None = None  #: of a diagnosis; None where there was none any more
    outcome: str | None = None  #: of a retry: whether it helped


@dataclass(frozen=True, kw_only=True, slots=True)
class StartView:
    """How the delivery of an execution's start stands."""

    state: CommandState
    tries: int
    next_try_at: datetime
    error: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptView:
    """One attempt in the chain of an entity's executions."""

    id: UUID
    workflow_id: str
    attempt: int
    status: Status
    close_reason: CloseReason | None
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutionDetail:
    """An execution with everything that is known of it."""

    execution: ExecutionView
    steps: tuple[StepView, ...]
    events: tuple[EventView, ...]
    attempts: tuple[AttemptView, ...]
    start: StartView | None
    approval_request: ApprovalRequestView | None
    planned: tuple[str, ...] = ()  #: names of the steps of a run without trouble, in their order
    tenant_due_at: datetime | None = None  #: of a tenant that leaves, whatever became of the run
    decided: str | None = None  #: who decided what, and when, in a sentence
    remains: Remains | None = None  #: what exists of the tenant, unless the run ended well
    asked_by: frozenset[str] = frozenset()  #: whoever asked for what the run does, in any of its attempts
    takes_two: bool = False  #: none of them may approve it
    earlier_steps: int = 0  #: before those that were read

    def facts(self, asked: frozenset[CommandKind] = frozenset()) -> Facts:
        """What decides about deeds; `asked` is what has not reached Temporal."""
        execution = self.execution
        return Facts(
            workflow_type=execution.workflow_type,
            status=execution.status,
            attempt=execution.attempt,
            latest_attempt=max(attempt.attempt for attempt in self.attempts),
            tenant=execution.entity_status,
            due_at=self.tenant_due_at,
            awaits_decision=self.awaits_decision,
            cause=execution.cause,
            health=execution.health,
            step=Evidence.from_json(execution.evidence).step or execution.done_step or execution.current_step,
            done=tuple(step.name for step in self.steps if step.status is StepStatus.COMPLETED),
            remains=self.remains,
            asked_by=self.asked_by,
            takes_two=self.takes_two,
            asked=asked,
            close_reason=execution.close_reason,
            ending=execution.error_message,
            decided=self.decided,
        )

    @property
    def awaits_decision(self) -> bool:
        return self.approval_request is not None and self.approval_request.is_open


#: Words of a filter → the statuses that they ask for; "open" is all that have not ended
STATUS_WORDS: Mapping[str, frozenset[Status]] = {
    **{status.value: frozenset({status}) for status in Status},
    "open": frozenset(status for status in Status if not status.is_final),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutionFilter:
    """Which executions to list; empty fields do not narrow."""

    statuses: frozenset[Status] = frozenset()
    healths: frozenset[Health] = frozenset()
    told_healths: frozenset[Health] | None = None  #: in their place, while what is open is told to be unknown
    causes: frozenset[str] = frozenset()
    signature: str | None = None
    workflow_types: frozenset[str] = frozenset()
    entity_id: UUID | None = None
    search: str = ""
    failures: frozenset[Failure] | None = None  #: of failed ones, only these; without statuses, these alone
    created_from: datetime | None = None
    created_to: datetime | None = None
    bulk_id: UUID | None = None  #: those that a bulk operation was about, and the attempts that it began
    unacknowledged: bool = False  #: in trouble, and nobody has said that they know
    assignee_id: UUID | None = None  #: whoever sees to it, or to its group

    def triaged(self, asked: Collection["TriageWord"], viewer: UUID | None) -> Self:
        """Unless it says so itself, of what has not ended well and stands; `viewer` is the account of whoever asks."""
        if not asked:
            return self
        return replace(
            self,
            statuses=self.statuses or frozenset(Status) - {Status.COMPLETED},
            failures=self.failures or frozenset({Failure.STANDING}),
            unacknowledged=TriageWord.UNACKNOWLEDGED in asked,
            assignee_id=(viewer or UUID(int=0)) if TriageWord.MINE in asked else None,
        )

    def narrowed(self, *, superseded: bool | None) -> Self:
        """Of failed ones the superseded alone, and without statuses nothing else; False: of failed ones the others."""
        if superseded is None:
            return self
        kinds = frozenset(Failure) if self.failures is None else self.failures
        asked_alone = superseded or self.failures is not None
        return replace(
            self,
            failures=frozenset(kind for kind in kinds if (kind is Failure.SUPERSEDED) == superseded),
            statuses=self.statuses or frozenset({Status.FAILED} if asked_alone else Status),
        )


class TriageWord(StrEnum):
    """What a filter asks for of what people have said."""

    UNACKNOWLEDGED = "unacknowledged"
    MINE = "mine"


class Sort(StrEnum):
    """Orders in which executions can be listed."""

    ATTENTION = "attention"  #: open ones, longest still first; unless searched, the troubled, then those that ask
    NEWEST = "-created_at"
    OLDEST = "created_at"
    LATEST_COMPLETED = "-completed_at"  #: lists ended executions only
    EARLIEST_COMPLETED = "completed_at"
    LATEST_STARTED = "-started_at"  #: then, as in the next, those that have not started, by when they were created
    EARLIEST_STARTED = "started_at"
    LONGEST = "-duration"  #: these two list ended executions only, too
    SHORTEST = "duration"
    TENANT = "tenant"  #: by its slug; then, in both, those of no tenant by their workflow id
    TENANT_BACKWARD = "-tenant"
