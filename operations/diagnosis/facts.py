"""What is known of one execution at one moment, by whoever looked. None is "not known", and never "no". Pure."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from operations.diagnosis.evidence import Awaited, Evidence
from operations.statuses import Cause, CloseReason, FindingKind, Status, StepStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """For how long an execution may stand still."""

    slow_after: timedelta = timedelta(seconds=30)  #: without progress
    stuck_after: timedelta = timedelta(seconds=120)  #: without progress
    lasting: timedelta = timedelta(seconds=120)  #: of a cause that is certain
    waits: timedelta = timedelta(days=1)  #: for people and timers, which are no trouble by themselves

    @classmethod
    def within(cls, stuck_after: float, slow_wait_after: float) -> Self:
        """By the settings, in seconds; what a step usually takes is not known here."""
        lasting = timedelta(seconds=stuck_after)
        slow = min(cls().slow_after, lasting / 2)
        return cls(slow_after=slow, stuck_after=lasting, lasting=lasting, waits=timedelta(seconds=slow_wait_after))


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """What the row says by now."""

    cause: Cause
    since: datetime  #: of the cause
    still_since: datetime  #: of one that has not moved since, whatever the cause was
    evidence: Evidence = field(default_factory=Evidence)
    error: str | None = None  #: where the cause is one


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """A command that has not reached Temporal, or one whose effect is awaited."""

    asked_at: datetime  #: of one that was delivered, when
    tries: int = 0
    error: str | None = None
    asked_by: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StepFact:
    """The step at which a run stands: as its worker reported it, or as Temporal describes it."""

    name: str
    status: StepStatus
    tries: int = 1
    error: str | None = None  #: of the try before
    next_try_at: datetime | None = None
    began_at: datetime | None = None  #: the latest try
    worker: str | None = None
    is_paused: bool = False
    is_scheduled: bool = False  #: Temporal waits for a worker to take it
    queue: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueFact:
    """Who takes work from a queue."""

    name: str
    workers: int
    waiting: int = 0  #: pieces of work that nobody has taken
    gone_since: datetime | None = None  #: no worker was seen after that
    builds: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeFact:
    """The workflow's own code, as far as Temporal sees it."""

    failures: int = 0  #: of the present piece of work, one after the other
    error: str | None = None
    is_scheduled: bool = False  #: Temporal waits for a worker to take it
    contradicts_history: bool = False
    build: str | None = None  #: of the worker that failed
    is_unknown_type: bool = False  #: the workers do not know this type of workflow


class RunState(StrEnum):
    """What Temporal says of the run that the row follows."""

    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"
    REPLACED = "replaced"  #: another run goes on under its id
    MISSING = "missing"


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFact:
    """Temporal's description of the run; what it leaves out is not there."""

    state: RunState = RunState.OPEN
    build: str | None = None  #: that it is pinned to
    code: CodeFact | None = None
    step: StepFact | None = None
    awaited: Awaited | None = None
    until: datetime | None = None  #: of a timer
    history: tuple[str, int] | None = None  #: the run, and the events of its history: the same is the same history
    paused_at: datetime | None = None
    paused_by: str | None = None
    paused_why: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """All of it. Moments are the database's."""

    now: datetime
    status: Status
    progressed_at: datetime
    close_reason: CloseReason | None = None
    error: str | None = None  #: by which it ended
    patience: Patience = field(default_factory=Patience)
    recorded: Recorded | None = None
    start: Delivery | None = None  #: while it is queued
    cancel: Delivery | None = None  #: of an open run, delivered
    finding: FindingKind | None = None  #: unsettled, of a reconciliation pass
    asked_for_decision_at: datetime | None = None  #: while nobody has decided
    was_decided: bool = False  #: a person has, and no step has begun since: the run has not heard of it
    removes: bool = False  #: it takes a tenant away
    sleeps_until: datetime | None = None  #: by the database
    step: StepFact | None = None  #: by the database
    queue: QueueFact | None = None  #: from which the next piece of work is taken
    run: RunFact | None = None
    temporal_answers: bool | None = None  #: False: it was asked, and did not
    unanswered_since: datetime | None = None  #: of a Temporal that does not answer

    @property
    def remembered(self) -> Recorded | None:
        """What the row says of this very standstill: nothing has moved since."""
        known = self.recorded
        return known if known is not None and known.since >= self.progressed_at else None

    @property
    def is_unread(self) -> bool:
        """Whether nothing is pending, and nobody has read yet what the run waits for."""
        return self.run is not None and self.run.awaited is Awaited.NOT_SEEN

    @property
    def has_work(self) -> bool:
        """Whether anything is left that a worker would do; what a run waits for, it does not."""
        return self.run is None or self.run.code is not None or self.run.step is not None or self.is_to_hear

    @property
    def is_to_hear(self) -> bool:
        """Whether what its run seems to wait for, a signal or the end of the time for it, was given to it already.

        A removal reads what was decided by itself, when its own time has come.
        """
        return self.was_decided and not self.removes

    @property
    def idle(self) -> timedelta:
        """Since when nothing has moved; never negative, whatever clocks were set."""
        return max(self.now - self.progressed_at, timedelta(0))
