"""How pages say what the services report."""

from collections.abc import Sequence

from operations.contracts import (
    BY_STORED_NAME,
    DEPROVISIONING,
    PROVISIONING,
    STEP_RETRYING,
    step_title,
)
from operations.possibilities import said
from operations.queries.execution_views import EventView, ExecutionDetail, ExecutionView, StartView
from operations.queries.intents import CommandView
from operations.statuses import CloseReason, CommandKind, CommandState, Status, TenantStatus

CLOSE_REASONS = {
    CloseReason.ERROR: "failed",
    CloseReason.REJECTED: "rejected",
    CloseReason.TERMINATED: "terminated",
    CloseReason.CANCELED: "canceled",
    CloseReason.TIMED_OUT: "timed_out",
    CloseReason.NOT_FOUND: "failed",
    CloseReason.START_REJECTED: "failed",
}
START = CommandKind.START
COMPLETIONS = {
    PROVISIONING.stored_name: "Completed; the tenant is active.",
    DEPROVISIONING.stored_name: "Completed; the tenant's schema is gone.",
}
AWAITS_DECISION = "Waiting for an approval; nothing has been created yet."
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


def headline(detail: ExecutionDetail) -> str:
    """One sentence that says where an execution stands."""
    execution = detail.execution
    match execution.status:
        case Status.PENDING:
            return _pending(detail.start)
        case Status.RUNNING:
            return AWAITS_DECISION if detail.awaits_decision else _running(execution)
        case Status.COMPLETED:
            return COMPLETIONS.get(execution.workflow_type, "Completed.")
        case Status.FAILED:
            step = step_word(execution.current_step)
            ending = ENDINGS[execution.close_reason or CloseReason.ERROR]
            return f"{ending} at the step {step}." if step else f"{ending}."


def _pending(start: StartView | None) -> str:
    if start is None or start.state is not CommandState.QUEUED or not start.error:
        return "Accepted. The run starts in a moment."
    times = "once" if start.tries == 1 else f"{start.tries} times"
    return f"Queued: {start.error} The start was tried {times}; it is tried again by itself."


def _running(execution: ExecutionView) -> str:
    if wait := waiting_to_be_deleted(execution):
        return wait
    step = step_word(execution.current_step)
    if not step:
        return "Temporal accepted the run; no step has begun yet."
    if execution.cause == STEP_RETRYING:
        return f"Retrying: {step}, step {_position(execution)}, failed and is tried again by itself."
    return f"Running: {step}, step {_position(execution)}."


def waiting_to_be_deleted(execution: ExecutionView) -> str | None:
    """Of a removal that can still be cancelled: until when."""
    if execution.due_at is None or execution.entity_status is not TenantStatus.DEPROVISIONING:
        return None
    return f"Waiting until {said(execution.due_at)}, then all data is deleted."


def event_title(event: EventView) -> str:
    if event.kind == "created":
        return "Requested"
    if event.from_status is not None and event.to_status is not None:
        verb = "Corrected" if event.kind == "corrected" else "Status"
        return f"{verb}: {event.from_status} → {event.to_status}"
    return event.kind.replace("_", " ").capitalize()


def pending_command(commands: Sequence[CommandView]) -> str | None:
    """What somebody asked for and Temporal has not confirmed yet."""
    waiting = next((each for each in commands if each.state is CommandState.QUEUED and each.kind is not START), None)
    if waiting is None:
        return None
    asked = f"{waiting.kind.capitalize()} was asked for by {waiting.requested_by}"
    return f"{asked}; it is being delivered." if not waiting.error else f"{asked}; not delivered yet: {waiting.error}"


def command_title(command: CommandView) -> str:
    verb = command.kind.capitalize()
    match command.state:
        case CommandState.QUEUED:
            return f"{verb} asked for"
        case CommandState.DELIVERED:
            return f"{verb} delivered"
        case CommandState.FAILED:
            return f"{verb} had no effect: {command.error or 'refused'}"
        case CommandState.UNKNOWN:
            return f"{verb}: outcome unknown"


def _position(execution: ExecutionView) -> str:
    number = min(execution.steps_done + 1, execution.steps_total or execution.steps_done + 1)
    return f"{number} of {execution.steps_total}" if execution.steps_total else str(number)
