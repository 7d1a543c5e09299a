"""The difference between two truths about one execution, in words. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from operations import kinds
from operations.phrases import spelled
from operations.queries.execution_views import ExecutionView
from operations.statuses import CloseReason, Status

OPEN = frozenset({"running", "paused"})  #: Temporal's words for a run that has not ended
#: How Temporal calls an end, and how the database keeps it.
ENDS = {
    Status.COMPLETED: frozenset({"completed"}),
    CloseReason.ERROR: frozenset({"failed"}),
    CloseReason.REJECTED: frozenset({"failed", "completed"}),
    CloseReason.TERMINATED: frozenset({"terminated"}),
    CloseReason.CANCELED: frozenset({"canceled"}),
    CloseReason.TIMED_OUT: frozenset({"timed_out"}),
}
SETTLES = "The next reconciliation settles it, within a minute or so."


@dataclass(frozen=True, kw_only=True, slots=True)
class Truth:
    """What one side says; None is "it does not say"."""

    status: str
    close_reason: CloseReason | None = None  #: the database's
    execution_id: str | None = None
    run_id: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    step: str | None = None  #: at which it is
    tries: int | None = None
    next_try_at: datetime | None = None
    changed_at: datetime | None = None  #: the database's
    is_paused: bool = False  #: this and what follows are Temporal's
    is_untaken: bool = False  #: it has work that no worker has taken
    failures: int = 0  #: of the workflow's own code, one after the other


def differences(execution: ExecutionView, ours: Truth, theirs: Truth | None) -> tuple[str, ...]:
    """None where both agree."""
    if theirs is None:
        return _unknown(execution)
    if theirs.execution_id != ours.execution_id:
        return ("The run in Temporal under this workflow id is not that of this execution: somebody else started it.",)
    return tuple(_told(execution, ours, theirs))


def _unknown(execution: ExecutionView) -> tuple[str, ...]:
    match execution.status:
        case Status.PENDING:
            return ("Temporal has no such run yet; its start is still on the way.",)
        case Status.RUNNING:
            return (f"The database says that it runs, and Temporal does not know it any more. {SETTLES}",)
        case _:
            return ()  # Temporal forgets what has ended after its retention time


def _told(execution: ExecutionView, ours: Truth, theirs: Truth) -> Iterator[str]:
    is_open = theirs.status in OPEN
    if execution.status.is_final and is_open:
        yield f"The database says that it has ended, and in Temporal it still runs. {SETTLES}"
    elif not execution.status.is_final and not is_open:
        said = spelled(theirs.status)
        yield f"In Temporal it has ended ({said}), and the database says {execution.status}. {SETTLES}"
    elif execution.status is Status.PENDING:
        yield "In Temporal it runs already, and the database has not heard of it yet."
    elif execution.status.is_final and theirs.status not in _ends(execution):
        ended = spelled(execution.close_reason or execution.status)
        yield f"Both say that it has ended, the database as {ended} and Temporal as {spelled(theirs.status)}. {SETTLES}"
    if ours.run_id is not None and theirs.run_id != ours.run_id:
        yield "Another run goes on under the same workflow id, as after a reset in Temporal."
    if is_open and not execution.status.is_final:
        yield from _of_steps(ours, theirs)


def _ends(execution: ExecutionView) -> frozenset[str]:
    """What Temporal says of such an end; of one that it never had, or that it forgot, nothing."""
    is_well = execution.status is Status.COMPLETED
    return ENDS.get(Status.COMPLETED if is_well else execution.close_reason or CloseReason.ERROR, frozenset())


def _of_steps(ours: Truth, theirs: Truth) -> Iterator[str]:
    if theirs.is_paused:
        yield "In Temporal the run is paused."
    if theirs.failures:
        yield f"In Temporal the workflow's code has failed {theirs.failures:,} times, one after the other."
    if theirs.is_untaken:
        yield "In Temporal there is work that no worker has taken."
    if theirs.step is not None and theirs.step != ours.step:
        here = "no step under way" if ours.step is None else f"“{kinds.known().step_title(ours.step)}”"
        yield f"Temporal is at “{kinds.known().step_title(theirs.step)}”, the database knows of {here}."
    elif theirs.tries is not None and ours.tries is not None and theirs.tries != ours.tries:
        yield f"Temporal counts {_tries(theirs.tries)}, the database {_tries(ours.tries)}."


def _tries(number: int) -> str:
    return "1 try" if number == 1 else f"{number:,} tries"
