"""How pages say what the services report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from console.pages import step_words
from operations import kinds
from operations.contracts import REQUEST_APPROVAL
from operations.diagnosis.advice import HEALTHY, Owner, advice
from operations.diagnosis.evidence import Evidence
from operations.diagnosis.sentences import sentence
from operations.kinds import Purpose
from operations.phrases import OUTCOMES, REQUESTS, Told, capitalised, root, said, told, who
from operations.queries.execution_views import EventView, ExecutionDetail, ExecutionView, StartView, StepView
from operations.queries.intents import CommandView
from operations.statuses import (
    Cause,
    CloseReason,
    CommandKind,
    CommandState,
    Health,
    Outcome,
    Status,
    StepStatus,
    TenantStatus,
)

START = CommandKind.START
AWAITS_DECISION = "Waiting for an operator's approval; nothing has been created yet."
AWAITS_CONSENT = "Waiting for another person's approval; nothing is deleted before."
AWAITS_WORKER = "Waiting for a worker to pick it up"
ENDINGS = {
    CloseReason.ERROR: "Failed",
    CloseReason.REJECTED: "Rejected",
    CloseReason.TERMINATED: "Terminated",
    CloseReason.CANCELED: "Cancelled",
    CloseReason.TIMED_OUT: "Timed out",
}
WITHOUT_STEP = {
    CloseReason.REJECTED: "Rejected; nothing was created.",
    CloseReason.NOT_FOUND: "Temporal does not know the run any more.",
    CloseReason.START_REJECTED: "Temporal refused to start the run.",
}
FOUND = {
    Health.STUCK: "Found stuck",
    Health.SLOW: "Found slow",
    Health.DRIFT: "Found in drift",
    Health.UNKNOWN: "Not known any more",
}
EVENTS = {
    "created": "Requested",
    "followed": "Run replaced",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Headline:
    """One sentence, and how long that lasts: `lead` stands before an age or a countdown that ticks in the browser."""

    text: str
    lead: str = ""
    since: datetime | None = None
    until: datetime | None = None


def workflow_title(stored_name: str) -> str:
    kind = kinds.known().get(stored_name)
    return stored_name if kind is None else kind.title


def step_word(name: str | None) -> str:
    return "" if name is None else kinds.known().step_title(name)


def current_step(execution: ExecutionView) -> str:
    """What it is at now, or what comes once the step before has been done."""
    return step_word(execution.current_step)


def headline(detail: ExecutionDetail) -> Headline:
    """Where an execution stands."""
    execution = detail.execution
    match execution.status:
        case Status.PENDING:
            return Headline(text=_pending(detail.start))
        case Status.RUNNING:
            removes = kinds.known().purpose(execution.workflow_type) is Purpose.REMOVE
            asks = AWAITS_CONSENT if removes else AWAITS_DECISION
            return Headline(text=asks) if detail.awaits_decision else _running(execution, detail.steps)
        case Status.COMPLETED:
            kind = kinds.known().get(execution.workflow_type)
            return Headline(text="Completed." if kind is None else kind.completion)
        case Status.FAILED:
            return Headline(text=_ending(execution, detail.steps))


def _pending(start: StartView | None) -> str:
    if start is None or start.state is not CommandState.QUEUED or not start.error:
        return "Accepted. The run starts in a moment."
    times = "once" if start.tries == 1 else f"{start.tries:,} times"
    return (
        f"Queued: {Told(sentence=root(start.error)).followed} The start was tried {times}; it is tried again by itself."
    )


def _running(execution: ExecutionView, steps: Sequence[StepView]) -> Headline:
    if wait := waiting_to_be_deleted(execution):
        return Headline(text=wait)
    step = current_step(execution)
    if wrong := _wrong(execution):
        return Headline(text=wrong)
    if not step and execution.done_step is None:
        return Headline(text=AWAITS_WORKER, lead=", for ", since=execution.started_at)
    at = next((each for each in reversed(steps) if each.name == execution.current_step), None)
    if execution.cause == Cause.STEP_RETRYING:
        return _retrying(step, at)
    return Headline(text=step_words.standing(execution, at, steps))


def _wrong(execution: ExecutionView) -> str | None:
    """Why it stands still, as the diagnosis has it; without the error, which stands below."""
    if execution.cause not in list(Cause) or execution.cause in (Cause.STEP_RETRYING, Cause.AWAITING_APPROVAL):
        return None
    cause, evidence = Cause(execution.cause), Evidence.from_json(execution.evidence)
    unexplained = execution.cause_detail if cause is Cause.UNKNOWN else None  # which says why nobody knows
    return unexplained or sentence(cause, None, evidence)


def _retrying(title: str, step: StepView | None) -> Headline:
    if step is None:
        return Headline(text=f"{title} failed. It is tried again by itself.")
    is_first = step.attempts == 1 and not is_counted_anew(step)
    text = f"{title} failed once." if is_first else f"{title} keeps failing ({counted_tries(step)})."
    return Headline(text=text, lead=" Next try ", until=step.next_try_at)


def is_counted_anew(step: StepView) -> bool:
    """Whether its tries are those since somebody had it tried at once."""
    return step.reset_at is not None and step.tried_at >= step.reset_at


def counted_tries(step: StepView) -> str:
    """Of a step; Temporal forgets those before a retry that was asked for."""
    number = "1 try" if step.attempts == 1 else f"{step.attempts:,} tries"
    return f"{number} since the last retry" if is_counted_anew(step) else number


def _ending(execution: ExecutionView, steps: Sequence[StepView]) -> str:
    reason = execution.close_reason or CloseReason.ERROR
    if kept := _kept(execution):
        return kept
    if reason in WITHOUT_STEP:
        return WITHOUT_STEP[reason]
    if execution.current_step is None:
        return f"{ENDINGS[reason]} before its first step."
    if execution.current_step == REQUEST_APPROVAL and reason is not CloseReason.ERROR:
        return f"{ENDINGS[reason]} while it waited for a decision."
    is_done = any(each.name == execution.current_step and each.status is StepStatus.COMPLETED for each in steps)
    return f"{ENDINGS[reason]} {'after' if is_done else 'at'} the step “{step_word(execution.current_step)}”."


def _kept(execution: ExecutionView) -> str | None:
    """Of a removal that was cancelled in time: what became of the tenant."""
    removes = kinds.known().purpose(execution.workflow_type) is Purpose.REMOVE
    stays = execution.entity_status is not None and not execution.entity_status.leaves
    if not removes or not stays or execution.close_reason is not CloseReason.CANCELED:
        return None
    if execution.entity_status is TenantStatus.ACTIVE:
        return "Cancelled; the tenant is kept and active again."
    if execution.entity_status is TenantStatus.FAILED:
        return "Cancelled; the tenant is kept, and failed as it was before."
    return "Cancelled; the tenant is kept."


def waiting_to_be_deleted(execution: ExecutionView) -> str | None:
    """Of a removal that can still be cancelled: until when."""
    if execution.due_at is None or execution.entity_status is not TenantStatus.DEPROVISIONING:
        return None
    return f"Waiting until {said(execution.due_at)}, then all data is deleted."


def cause(execution: ExecutionView) -> str:
    """Why an execution does not go on, or how it ended, in one line; nothing when it does as it should."""
    if execution.cause in (None, Cause.SLEEPING) and (wait := waiting_to_be_deleted(execution)):
        return wait
    if execution.cause == Cause.STEP_RETRYING and execution.signature is not None and not execution.status.is_final:
        return root(execution.cause_detail)
    if execution.diagnosis is not None and not execution.status.is_final:
        return told(execution.diagnosis.sentence).sentence
    if wrong := execution.cause_detail or execution.error_message:
        return told(wrong).sentence if execution.signature is None else root(wrong)
    is_new = execution.status is Status.RUNNING and execution.current_step is None
    return f"{AWAITS_WORKER}." if is_new else ""


def tries(execution: ExecutionView) -> str:
    """Of an open one: how often it was tried what does not succeed."""
    if execution.evidence is None or execution.status.is_final:
        return ""
    number = Evidence.from_json(execution.evidence).tries
    return "" if not number else "1 try" if number == 1 else f"{number:,} tries"


def owner(execution: ExecutionView) -> str:
    """Of one that does not go on as it should: who must act, in the words of the first page."""
    known = execution.diagnosis
    if known is None or execution.status.is_final or execution.health is Health.OK:
        return ""
    return "Nobody: it goes on by itself" if known.owner is Owner.NOBODY else capitalised(known.owner_title)


def superseded(execution: ExecutionView) -> str:
    """Of a failure that another attempt took the place of: which."""
    if execution.superseded_by is None:
        return ""
    return f"Superseded by attempt {execution.superseded_by_attempt}"


def event_title(event: EventView, *, how: str | None = None) -> str:
    """`how` is the word for an end by which the event says `failed` alone."""
    if event.kind in EVENTS:
        return EVENTS[event.kind]
    if event.kind == "diagnosis":
        return _diagnosis_title(event)
    if event.kind == "outcome" and event.outcome in list(Outcome):
        return f"Retry: {OUTCOMES[Outcome(event.outcome)]}"
    if event.from_status is not None and event.to_status is not None:
        verb = "Corrected" if event.kind == "corrected" else "Status"
        return f"{verb}: {event.from_status} → {(how or event.to_status).replace('_', ' ')}"
    return event.kind.replace("_", " ").capitalize()


def _diagnosis_title(event: EventView) -> str:
    """A cause by its title. That it lasts longer than it should was found then, and is true since before."""
    title = advice(Cause(event.cause)).title if event.cause in list(Cause) else HEALTHY.title
    found = FOUND.get(Health(event.health)) if event.health in list(Health) else None
    return title if found is None else f"{found}: {title}"


def pending_command(commands: Sequence[CommandView]) -> str | None:
    """What somebody asked for and Temporal has not confirmed yet."""
    waiting = next((each for each in commands if each.state is CommandState.QUEUED and each.kind is not START), None)
    if waiting is None:
        return None
    asked = f"{REQUESTS[waiting.kind]} requested by {who(waiting.requested_by)}"
    if not waiting.error:
        return f"{asked}; it is on its way to Temporal."
    return f"{asked}; it has not reached Temporal yet and is sent again by itself. {told(waiting.error).followed}"


def command_title(command: CommandView) -> str:
    return deed_title(command.kind, command.state, command.error)


def deed_title(kind: CommandKind, state: CommandState, error: str | None) -> str:
    """What somebody asked of Temporal, and how far it came."""
    request = REQUESTS[kind]
    match state:
        case CommandState.QUEUED:
            return f"{request} requested"
        case CommandState.DELIVERED:
            return f"{request} delivered to Temporal"
        case CommandState.FAILED:
            return f"{request} had no effect: {error or 'Temporal refused it.'}"
        case CommandState.UNKNOWN:
            return f"{request}: whether it took effect is not known"
