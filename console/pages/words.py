"""How pages say what the services report."""

from operations.contracts import BY_STORED_NAME, step_title
from operations.queries.execution_views import EventView, ExecutionView, StartView
from operations.statuses import CloseReason, CommandState, Status

CLOSE_REASONS = {
    CloseReason.ERROR: "failed",
    CloseReason.REJECTED: "rejected",
    CloseReason.TERMINATED: "terminated",
    CloseReason.CANCELED: "canceled",
    CloseReason.TIMED_OUT: "timed_out",
    CloseReason.NOT_FOUND: "failed",
    CloseReason.START_REJECTED: "failed",
}
ENDINGS = {
    CloseReason.ERROR: "Failed",
    CloseReason.REJECTED: "Rejected",
    CloseReason.TERMINATED: "Terminated by force",
    CloseReason.CANCELED: "Canceled",
    CloseReason.TIMED_OUT: "Timed out",
    CloseReason.NOT_FOUND: "Temporal does not know the run any more",
    CloseReason.START_REJECTED: "Temporal refused the start",
}


def shown_status(status: Status, close_reason: CloseReason | None) -> str:
    """The status with its own word for how it ended: a terminated run is stored as failed and shown as terminated."""
    if status is not Status.FAILED or close_reason is None:
        return status.value
    return CLOSE_REASONS[close_reason]


def workflow_title(stored_name: str) -> str:
    kind = BY_STORED_NAME.get(stored_name)
    return stored_name if kind is None else kind.title


def step_word(name: str | None) -> str:
    return "" if name is None else step_title(name)


def headline(execution: ExecutionView, start: StartView | None) -> str:
    """One sentence that says where an execution stands."""
    step = step_word(execution.current_step)
    match execution.status:
        case Status.PENDING if start is not None and start.state is CommandState.QUEUED and start.error:
            return f"Queued: {start.error} Start tried {start.tries} times; it is tried again by itself."
        case Status.PENDING:
            return "Accepted. The run starts in a moment."
        case Status.RUNNING if step:
            return f"Running: {step}, step {_position(execution)}."
        case Status.RUNNING:
            return "Temporal accepted the run; no step has begun yet."
        case Status.COMPLETED:
            return "Completed; the tenant is active."
        case Status.FAILED:
            return f"{ENDINGS[execution.close_reason or CloseReason.ERROR]}{f' at the step {step}' if step else ''}."


def event_title(event: EventView) -> str:
    if event.kind == "created":
        return "Registered"
    if event.from_status is not None and event.to_status is not None:
        verb = "Corrected" if event.kind == "corrected" else "Status"
        return f"{verb}: {event.from_status} → {event.to_status}"
    return event.kind.replace("_", " ").capitalize()


def _position(execution: ExecutionView) -> str:
    number = min(execution.steps_done + 1, execution.steps_total or execution.steps_done + 1)
    return f"{number} of {execution.steps_total}" if execution.steps_total else str(number)
