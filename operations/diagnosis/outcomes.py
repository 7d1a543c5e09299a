"""What became of a retry. Pure: that Temporal took it says nothing of whether it helped."""

from dataclasses import dataclass
from datetime import datetime

from operations.statuses import Cause, CommandState, Outcome, Status, StepStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class Before:
    """How things stood when it was asked for."""

    step: str | None
    signature: str | None
    steps_done: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Now:
    """How they stand now: of the same execution, or of the new attempt."""

    status: Status
    cause: str | None
    signature: str | None
    steps_done: int
    step_status: StepStatus | None  #: of the step that was tried
    step_tried_at: datetime | None  #: its latest try


@dataclass(frozen=True, kw_only=True, slots=True)
class Retry:
    """A retry that is watched."""

    state: CommandState
    asked_at: datetime
    is_new_attempt: bool
    is_over: bool  #: the time for which it is watched
    before: Before
    now: Now


def outcome(retry: Retry) -> Outcome | None:
    """None while nothing is certain yet."""
    if retry.state in (CommandState.FAILED, CommandState.UNKNOWN):
        return Outcome.NOT_DONE
    if retry.state is CommandState.DELIVERED:
        if _has_moved(retry):
            return Outcome.MOVED_ON
        if _has_failed(retry):
            is_same = retry.now.signature is not None and retry.now.signature == retry.before.signature
            return Outcome.FAILED_AGAIN if is_same else Outcome.FAILED_OTHERWISE
    return Outcome.NOT_IN_TIME if retry.is_over else None


def _has_moved(retry: Retry) -> bool:
    before, now = retry.before, retry.now
    return (
        now.status is Status.COMPLETED
        or now.steps_done > before.steps_done
        or (not retry.is_new_attempt and now.step_status is StepStatus.COMPLETED)
    )


def _has_failed(retry: Retry) -> bool:
    """Ended badly, or a try that began after the request failed as well."""
    now = retry.now
    if now.status is Status.FAILED:
        return True
    if retry.is_new_attempt:
        return now.cause in (Cause.STEP_RETRYING, Cause.WORKFLOW_FAILING, Cause.WRONG_BUILD)
    is_later = now.step_tried_at is not None and now.step_tried_at >= retry.asked_at
    return is_later and now.step_status in (StepStatus.RETRYING, StepStatus.FAILED)
