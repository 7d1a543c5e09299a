"""What a pass does about one row, by what the database and Temporal say of it. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from operations.statuses import CloseReason, CommandState, FindingKind, Status
from operations.temporal import Run, RunStatus


class Action(StrEnum):
    """What is done about a row."""

    LEAVE = "leave"  #: nothing is wrong, or somebody else is at it
    VERIFY = "verify"  #: both agree that it ended, and how
    CORRECT = "correct"  #: write what Temporal says
    FOLLOW = "follow"  #: note the run that goes on
    START = "start"  #: queue the start again
    REPORT = "report"  #: only show it


class Seen(StrEnum):
    """What Temporal has under the row's workflow id, as far as it matters here."""

    MISSING = "missing"
    FOREIGN = "foreign"  #: it carries another `OperationUUID`, or none
    OPEN = "open"
    CLOSED = "closed"
    PASSING = "passing"  #: continued as new, and the next run is not there yet
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """An execution and what is about to happen to it, read in one statement."""

    id: UUID
    workflow_id: str
    workflow_type: str
    entity_id: UUID
    status: Status
    close_reason: CloseReason | None
    run_id: str | None
    start: CommandState | None  #: of its start command
    is_ending: bool  #: a terminate or cancel is queued
    has_begun: bool  #: a step or a run of it is known
    newer_is_open: bool  #: another attempt for the same entity is open
    was_gone_before: bool  #: an earlier pass did not find its run either


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What to do, under which name, and what the row will say."""

    action: Action
    kind: FindingKind | None = None
    to: Status | None = None
    close_reason: CloseReason | None = None

    @property
    def is_change(self) -> bool:
        """Whether it counts for the circuit breaker; a first sight of `gone` does: it foretells a change."""
        return self.action in (Action.CORRECT, Action.START) or self.kind is FindingKind.GONE


LEAVE = Decision(action=Action.LEAVE)
VERIFY = Decision(action=Action.VERIFY)

#: How a closed run's status reads in the row. A rejection is a failure with a name of its own.
OUTCOMES: dict[RunStatus, tuple[Status, CloseReason | None]] = {
    RunStatus.COMPLETED: (Status.COMPLETED, None),
    RunStatus.FAILED: (Status.FAILED, CloseReason.ERROR),
    RunStatus.CANCELED: (Status.FAILED, CloseReason.CANCELED),
    RunStatus.TERMINATED: (Status.FAILED, CloseReason.TERMINATED),
    RunStatus.TIMED_OUT: (Status.FAILED, CloseReason.TIMED_OUT),
}
MEANS_FAILED = (CloseReason.ERROR, CloseReason.REJECTED)


def decide(row: Row, run: Run | None) -> Decision:
    """`run` is the latest under the row's workflow id, described; None when Temporal knows none."""
    match seen(row, run):
        case Seen.MISSING:
            return _when_missing(row)
        case Seen.FOREIGN:
            return _when_foreign(row, run)
        case Seen.OPEN:
            return _when_open(row, run)
        case Seen.CLOSED:
            return _when_closed(row, run)
        case Seen.PASSING:
            return LEAVE
        case Seen.UNKNOWN:
            return _report(FindingKind.UNKNOWN_STATUS)
        case never:
            assert_never(never)


def seen(row: Row, run: Run | None) -> Seen:
    """Whose run it is comes first: of a stranger's run, the status is none of our business."""
    if run is None:
        return Seen.MISSING
    if run.is_stranger or run.execution_id != str(row.id):
        return Seen.FOREIGN
    match run.status:
        case RunStatus.RUNNING | RunStatus.PAUSED:
            return Seen.OPEN
        case RunStatus.COMPLETED | RunStatus.FAILED | RunStatus.CANCELED | RunStatus.TERMINATED | RunStatus.TIMED_OUT:
            return Seen.CLOSED
        case RunStatus.CONTINUED_AS_NEW:
            return Seen.PASSING
        case RunStatus.UNKNOWN:
            return Seen.UNKNOWN
        case never:
            assert_never(never)


def _when_missing(row: Row) -> Decision:
    """A pending row may simply not have been started yet; a delivered start or a known run means it was there."""
    if row.status.is_final:
        return VERIFY
    if row.status is Status.PENDING:
        if row.start is CommandState.QUEUED or row.is_ending:
            return LEAVE
        if row.start is not CommandState.DELIVERED and not row.has_begun:
            return Decision(action=Action.START, kind=FindingKind.NEVER_STARTED)
    if not row.was_gone_before:
        return _report(FindingKind.GONE)
    return _correct(FindingKind.GONE, Status.FAILED, CloseReason.NOT_FOUND)


def _when_foreign(row: Row, run: Run | None) -> Decision:
    if row.status.is_final:
        claims_ours = run is not None and run.is_stranger and run.execution_id == str(row.id)
        return _report(FindingKind.INTRUDER) if claims_ours else VERIFY  # else nothing of ours is left there
    if row.status is Status.PENDING and row.start is CommandState.QUEUED:
        return LEAVE  # the deliverer will refuse it, and say so
    return _report(FindingKind.FOREIGN)


def _when_open(row: Row, run: Run | None) -> Decision:
    match row.status:
        case Status.PENDING:
            return _correct(FindingKind.STARTED, Status.RUNNING)
        case Status.RUNNING:
            same = run is not None and row.run_id == run.run_id
            return LEAVE if same else Decision(action=Action.FOLLOW, kind=FindingKind.REPLACED)
        case Status.COMPLETED | Status.FAILED:
            if row.newer_is_open:
                return _report(FindingKind.OVERLAPPING)
            return _correct(FindingKind.REOPENED, Status.RUNNING)
        case never:
            assert_never(never)


def _when_closed(row: Row, run: Run | None) -> Decision:
    if run is None:
        return LEAVE
    status, reason = OUTCOMES[run.status]
    if not row.status.is_final:
        return _correct(FindingKind.ENDED, status, reason)
    if agrees(row.status, row.close_reason, run.status) and row.run_id in (None, run.run_id):
        return VERIFY
    return _correct(FindingKind.CONTRADICTED, status, reason)


def agrees(status: Status, close_reason: CloseReason | None, run: RunStatus) -> bool:
    """Whether a final row says of a closed run what Temporal says of it."""
    if run not in OUTCOMES:
        return False
    outcome, reason = OUTCOMES[run]
    if status is not outcome:
        return False
    return close_reason in MEANS_FAILED if run is RunStatus.FAILED else close_reason is reason


def _correct(kind: FindingKind, to: Status, close_reason: CloseReason | None = None) -> Decision:
    return Decision(action=Action.CORRECT, kind=kind, to=to, close_reason=close_reason)


def _report(kind: FindingKind) -> Decision:
    return Decision(action=Action.REPORT, kind=kind)
