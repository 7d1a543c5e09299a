"""The steps of an execution over time: what ran, what was waited for in between, and what the plan still has."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from console.components.timeline import Deadline, Step, Timeline, Wait
from console.pages import execution_waits, words
from operations.contracts import SETTLE_APPROVAL
from operations.diagnosis.advice import advice
from operations.phrases import spelled, told
from operations.queries.execution_views import ExecutionDetail, StepView
from operations.statuses import Cause, Status, StepStatus

Usual = Mapping[str, float]  #: of steps by name: seconds that they take as a rule

START = "Start"
EARLIER_TRIES = "Tries before the last retry"


def timeline(detail: ExecutionDetail, usual: Usual) -> Timeline:
    """From the request to the end, or up to now."""
    execution = detail.execution
    return Timeline(
        began=execution.created_at,
        ended=execution.completed_at,
        steps=(*_start(detail), *_ran(detail, usual), *_coming(detail, usual)),
        deadlines=tuple(_deadlines(detail)),
        earlier=detail.earlier_steps,
    )


def _start(detail: ExecutionDetail) -> Iterator[Step]:
    """What happened until Temporal had it."""
    execution = detail.execution
    began = execution.started_at or (detail.steps[0].started_at if detail.steps else None)
    if execution.status is Status.PENDING:
        text = "Not started" if execution.cause is None else advice(Cause(execution.cause)).title
        yield Step(name=START, status="waiting", waits=(Wait(began=execution.created_at, text=text),))
    elif began is None:
        wait = Wait(began=execution.created_at, ended=execution.completed_at, text="Never started")
        yield Step(name=START, status=spelled(execution.status), waits=(wait,))
    elif (began - execution.created_at).total_seconds() >= 1:
        wait = Wait(began=execution.created_at, ended=began, text="Waiting to be started")
        yield Step(name=START, status="completed", waits=(wait,))


def _ran(detail: ExecutionDetail, usual: Usual) -> Iterator[Step]:
    over = detail.execution.started_at
    for step in detail.steps:
        yield _step(detail, step, over, usual.get(step.name))
        ended = step.completed_at or step.tried_at
        over = ended if over is None else max(over, ended)


def _step(detail: ExecutionDetail, step: StepView, over: datetime | None, usual: float | None) -> Step:
    """`over` is when all before it had ended."""
    wrong = told(step.error if step.status is not StepStatus.COMPLETED else None)
    is_again, is_in_back_off = step.attempts > 1 or words.is_counted_anew(step), step.status is StepStatus.RETRYING
    waits = [] if over is None or over >= step.started_at else [*execution_waits.before(detail, step, over)]
    began = step.started_at
    tried: tuple[datetime, ...] = (began, step.tried_at)
    if words.is_counted_anew(step) and step.reset_at is not None and step.started_at < step.reset_at:
        waits.append(Wait(began=began, ended=step.reset_at, text=EARLIER_TRIES, is_of_tries=True))
        began, tried = step.reset_at, (step.tried_at,)  # of those that count only the latest is known
    if is_again and not is_in_back_off and began < step.tried_at:
        waits.append(Wait(began=began, ended=step.tried_at))
    return Step(
        name=words.step_word(step.name),
        status=spelled(step.status),
        tries=step.attempts,
        counted=words.counted_tries(step) if is_again else "",
        started=began if is_in_back_off else step.tried_at,
        ended=step.completed_at or detail.execution.completed_at,
        tried=tried if is_again or is_in_back_off else (),
        next_try=step.next_try_at if is_in_back_off and not detail.execution.status.is_final else None,
        waits=tuple(waits),
        usual=usual,
        error=wrong.sentence or None,
        detail=wrong.detail,
    )


def _coming(detail: ExecutionDetail, usual: Usual) -> Iterator[Step]:
    """What the plan still has. While nothing runs, the first of them is what is waited for."""
    execution = detail.execution
    if execution.status.is_final:
        return
    begun = {step.name for step in detail.steps}
    names = [name for name in detail.planned if name not in begun]
    waits = execution_waits.lasting(detail, names[0] if names else None)
    if waits and not names and waits[-1].text != execution_waits.IDLE:
        yield Step(name=waits[-1].text, status="waiting", waits=waits)
    for name in names:
        is_next = bool(waits) and name == names[0]
        yield Step(
            name=words.step_word(name),
            status="waiting" if is_next else "pending",
            waits=waits if is_next else (),
            usual=None if name == SETTLE_APPROVAL else usual.get(name),  # people are what takes long there
        )


def _deadlines(detail: ExecutionDetail) -> Iterator[Deadline]:
    request, execution = detail.approval_request, detail.execution
    if request is not None and request.is_open:
        yield Deadline(at=request.expires_at, text="rejected, unless somebody has decided by then")
    if execution.due_at is not None and words.waiting_to_be_deleted(execution):
        yield Deadline(at=execution.due_at, text="all data is deleted, unless the tenant is kept before")
