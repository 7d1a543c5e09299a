"""How pages say at which step an open run is, also where none of its plan is under way."""

from collections.abc import Mapping, Sequence

from operations import kinds
from operations.queries.execution_views import ExecutionView, StepView
from operations.statuses import StepStatus

ENDED_BADLY: Mapping[StepStatus, str] = {StepStatus.FAILED: "failed", StepStatus.CANCELED: "was cancelled"}


def standing(execution: ExecutionView, at: StepView | None, steps: Sequence[StepView]) -> str:
    """At which step a run is against which nothing is known; `at` is what is known of that step."""
    if execution.done_step is not None:
        return _between(execution, execution.done_step)
    if at is not None and at.status in ENDED_BADLY:
        return _ended_badly(at, steps[-1])
    return f"Running: {_title(execution.current_step or '')}, step {position(execution)}."


def _between(execution: ExecutionView, done: str) -> str:
    """A step has ended, and none has begun since."""
    said, total = f"“{_title(done)}” is done", execution.steps_total
    if execution.current_step is not None:
        return f"{said}; next is “{_title(execution.current_step)}”, step {position(execution)}."
    is_last = total is not None and execution.steps_done >= total
    return f"{said}, the last of {total} steps." if is_last else f"{said}; the next step has not begun."


def _ended_badly(step: StepView, latest: StepView) -> str:
    """After that come only steps that clean up."""
    said = f"“{_title(step.name)}” {ENDED_BADLY[step.status]}"
    is_under_way = latest.ordinal > step.ordinal and latest.completed_at is None
    return f"{said}. Running: {_title(latest.name)}." if is_under_way else f"{said}; the run has not ended yet."


def position(execution: ExecutionView) -> str:
    number = min(execution.steps_done + 1, execution.steps_total or execution.steps_done + 1)
    return f"{number} of {execution.steps_total}" if execution.steps_total else str(number)


def _title(name: str) -> str:
    return kinds.known().step_title(name)
