"""What a run waited for while no step was under way, one thing after the other: people, a time, a worker, a mend."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from console.components.timeline import Wait
from console.pages import words
from operations import kinds
from operations.contracts import SETTLE_APPROVAL
from operations.diagnosis.advice import advice
from operations.diagnosis.waits import WAITS
from operations.kinds import Purpose
from operations.queries.execution_views import EventView, ExecutionDetail, StepView
from operations.statuses import Cause, Status

APPROVAL_WAIT = "Waiting for approval"
DUE_WAIT = "Waiting until the data may be deleted"
WORKER_WAIT = "Waiting for a worker"
IDLE = "Nothing ran"
MOMENT = timedelta(seconds=1)  #: between the end of a wait and the step after it; nobody wants to read of less

Told = list[tuple[datetime, str]]  #: since when, and what


def before(detail: ExecutionDetail, step: StepView, over: datetime) -> Iterator[Wait]:
    """Until the step began; `over` is when all before it had ended."""
    is_first = step is detail.steps[0]
    told, rest = _own(detail, None if is_first and step.name != SETTLE_APPROVAL else step.name, over, step.started_at)
    found = _found(detail, rest, step.started_at)
    if found and found[-1][1] == IDLE and step.started_at - found[-1][0] < MOMENT:
        found.pop()
    if not found and not told:
        found = [(rest, WORKER_WAIT if is_first else IDLE)]
    elif not found and told and rest > over and step.started_at - rest >= MOMENT:
        found = [(rest, IDLE)]
    yield from _drawn([*told, *found], step.started_at)


def lasting(detail: ExecutionDetail, following: str | None) -> tuple[Wait, ...]:
    """Of a started run without a step under way, up to now; nothing of others. `following` is the step to come."""
    execution = detail.execution
    if execution.status is not Status.RUNNING or any(step.completed_at is None for step in detail.steps):
        return ()
    ends = [step.completed_at for step in detail.steps if step.completed_at is not None]
    since = max(ends, default=execution.started_at or execution.created_at)
    if detail.awaits_decision and detail.approval_request is not None:
        return (Wait(began=detail.approval_request.requested_at, text=APPROVAL_WAIT),)
    if execution.cause in (None, Cause.SLEEPING) and words.waiting_to_be_deleted(execution):
        return (Wait(began=since, text=DUE_WAIT),)
    told, rest = _own(detail, following if ends else None, since, execution.cause_since)
    told += _found(detail, rest, None)
    told = told if rest == since or told[-1][0] >= rest else [*told, (rest, IDLE)]
    return tuple(_drawn(_up_to_now(detail, told, since, is_first=not ends), None))


def _up_to_now(detail: ExecutionDetail, told: Told, since: datetime, *, is_first: bool) -> Told:
    """Ending with what keeps it now."""
    cause = detail.execution.cause
    text = advice(Cause(cause)).title if cause in list(Cause) else WORKER_WAIT if is_first else IDLE
    if not told:
        return [(since, text)]
    began, latest = told[-1]
    if latest in (text, IDLE):  # what was found later lasts since the wait was over
        return [*told[:-1], (began, text)]
    seen = [event.at for event in detail.events if event.kind == "diagnosis"]
    at = detail.execution.cause_since or max(seen, default=began)
    return [*told, (max(at, began), text)]


def _own(detail: ExecutionDetail, name: str | None, over: datetime, until: datetime | None) -> tuple[Told, datetime]:
    """What a run waits for by itself before that step, and when the last of it was over; that it lasts is none."""
    told: Told = []
    for text, ended in _planned(detail, name):
        is_over = ended is not None and over < ended and (until is None or ended <= until)
        if ended is None or is_over or (until is not None and ended > until):
            told.append((over, text))
        if is_over and ended is not None:
            over = ended
        elif told and until is not None:
            return told, until
    return told, over


def _planned(detail: ExecutionDetail, name: str | None) -> Iterator[tuple[str, datetime | None]]:
    """With the moment that ended each."""
    request = detail.approval_request
    removes = kinds.known().purpose(detail.execution.workflow_type) is Purpose.REMOVE
    if name == SETTLE_APPROVAL or (removes and name is not None and request is not None):
        yield APPROVAL_WAIT, None if request is None else request.decided_at
    if removes and name is not None:
        yield DUE_WAIT, detail.tenant_due_at


def _found(detail: ExecutionDetail, over: datetime, until: datetime | None) -> Told:
    """Causes by their titles, each since it was found; what ended a wait is told, that nobody knew why is none."""
    found: Told = []
    before: Cause | None = None
    for event in detail.events:
        if event.kind != "diagnosis" or event.at < over or (until is not None and event.at >= until):
            continue
        cause = _cause(event)
        if cause is None and before in WAITS:
            found.append((event.at, IDLE))
        elif cause is not None and found and found[-1][1] == IDLE:
            found[-1] = found[-1][0], advice(cause).title
        elif cause is not None and cause is not before:
            found.append((event.at if found else over, advice(cause).title))
        before = cause if cause is not None or before in WAITS else before
    return found


def _cause(event: EventView) -> Cause | None:
    known = Cause(event.cause) if event.cause in list(Cause) else None
    return None if known is Cause.UNKNOWN else known


def _drawn(told: Told, until: datetime | None) -> Iterator[Wait]:
    ends = [*(at for at, _ in told[1:]), until]
    for (began, text), ended in zip(told, ends, strict=True):
        yield Wait(began=began, ended=ended, text=text)
