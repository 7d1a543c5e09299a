"""What the second badge of an execution says, beside the engine's own word: stuck, retrying, waiting, planned."""

from collections.abc import Mapping
from dataclasses import replace

from console.components.badges import Sign, Tone
from console.pages.words import waiting_to_be_deleted
from operations.diagnosis.advice import advice
from operations.diagnosis.evidence import Evidence
from operations.phrases import said
from operations.queries.execution_views import ExecutionView
from operations.statuses import Cause, Health

#: Apart from these, a cause is a difficulty.
TONES: Mapping[Cause, Tone] = {
    Cause.AWAITING_APPROVAL: Tone.WAITING,
    Cause.WAITING: Tone.WAITING,
    Cause.STEP_PAUSED: Tone.WAITING,
    Cause.RUN_PAUSED: Tone.WAITING,
    Cause.SLEEPING: Tone.PLANNED,
}
#: Where the title of the cause would be too long.
WORDS: Mapping[Cause, str] = {
    Cause.STEP_RETRYING: "Retrying",
    Cause.STEP_PAUSED: "Paused",
    Cause.RUN_PAUSED: "Paused",
    Cause.CANCEL_PENDING: "Cancelling",
    Cause.WORKFLOW_FAILING: "Code fails",
    Cause.TEMPORAL_UNREACHABLE: "No answer",
    Cause.WRONG_BUILD: "No worker",
}
AGED = frozenset({Cause.WAITING, Cause.STEP_PAUSED, Cause.RUN_PAUSED, Cause.CANCEL_PENDING})
UNREMARKABLE = frozenset({Cause.NOT_STARTED, Cause.UNKNOWN})  #: until they last too long


def sign(execution: ExecutionView) -> Sign | None:
    """None while the status alone says it all: it goes on as it should, or has ended. What can wait calls nobody."""
    if execution.status.is_final:
        return None
    found = _sign(execution)
    is_asleep = execution.triage is not None and execution.triage.snoozed_until is not None
    return replace(found, tone=Tone.PLANNED) if found is not None and is_asleep else found


def _sign(execution: ExecutionView) -> Sign | None:
    match execution.health:
        case Health.STUCK:
            return Sign(tone=Tone.STUCK, word="Stuck", since=execution.health_since or execution.last_progress_at)
        case Health.DRIFT:
            return Sign(tone=Tone.DRIFT, word="Drift")
        case Health.UNKNOWN:
            return Sign(tone=Tone.UNKNOWN, word="Unknown")
        case Health.SLOW:
            return _of_cause(execution) or Sign(tone=Tone.RETRYING, word="Slow", since=execution.health_since)
        case Health.OK:
            return _of_cause(execution)


def _of_cause(execution: ExecutionView) -> Sign | None:
    """Before it lasts too long, too."""
    if execution.due_at is not None and waiting_to_be_deleted(execution):
        return Sign(tone=Tone.PLANNED, word=f"Until {said(execution.due_at)}")
    if execution.cause not in list(Cause) or execution.cause in UNREMARKABLE:
        return None
    cause = Cause(execution.cause)
    since = execution.cause_since if cause in AGED else None
    return Sign(tone=TONES.get(cause, Tone.RETRYING), word=_word(cause, execution), since=since)


def _word(cause: Cause, execution: ExecutionView) -> str:
    evidence = Evidence.from_json(execution.evidence)
    if cause is Cause.SLEEPING and evidence.until is not None:
        return f"Until {said(evidence.until)}"
    if cause is Cause.STEP_RETRYING and evidence.tries:
        return f"Retrying ×{evidence.tries:,}"
    return WORDS.get(cause) or advice(cause).title
