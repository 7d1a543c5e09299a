"""One sentence for each cause, from what is kept of it: it says what is, and never for how long. Pure."""

from collections.abc import Mapping
from typing import assert_never

from operations import contradictions, kinds, phrases
from operations.diagnosis.evidence import Awaited, Evidence
from operations.phrases import spelled, told, who
from operations.statuses import Cause, FindingKind


def sentence(cause: Cause | None, error: str | None, evidence: Evidence) -> str:
    """Why it does not go on. `error` is the error itself, where the cause is one."""
    match cause:
        case None:
            said = "It goes on."
        case Cause.WORKFLOW_FAILING if evidence.is_contradiction:
            return contradictions.sentence(evidence.build, error)
        case Cause.NOT_STARTED | Cause.TEMPORAL_UNREACHABLE | Cause.START_REJECTED | Cause.WORKFLOW_FAILING:
            said = _of_the_run(cause, evidence)
        case Cause.STEP_RETRYING | Cause.STEP_HANGING | Cause.STEP_PAUSED | Cause.CANCEL_PENDING:
            said = _of_a_step(cause, evidence)
        case Cause.NO_WORKER | Cause.WRONG_BUILD:
            said = _of_workers(cause, evidence)
        case Cause.AWAITING_APPROVAL | Cause.SLEEPING | Cause.WAITING | Cause.RUN_PAUSED:
            said = _of_waits(cause, evidence)
        case Cause.DRIFTED | Cause.GONE:
            said = _of_drift(evidence)
        case Cause.UNKNOWN:
            said = "It does not move, and nothing that is known says why."
        case _:
            assert_never(cause)
    return f"{said} {_whole(told(error).sentence)}" if error and error.strip() else said


def of_several(cause: Cause, *, queues: int) -> str:
    """Of runs for which the sentences differ: what is true of each. Their work waits in so many queues."""
    where = f", which waits in {queues:,} queues" if cause is Cause.NO_WORKER and queues > 1 else ""
    return f"{SEVERAL[cause]}{where}."


#: Without the stop at their ends.
SEVERAL: Mapping[Cause, str] = {
    Cause.NOT_STARTED: "They have not been started",
    Cause.TEMPORAL_UNREACHABLE: "Temporal does not answer, so nobody can tell how they are doing",
    Cause.NO_WORKER: "No worker takes their work",
    Cause.WRONG_BUILD: "No worker has the code that they need",
    Cause.STEP_RETRYING: "A step of each keeps failing",
    Cause.STEP_HANGING: "A step of each has begun and says nothing",
    Cause.STEP_PAUSED: "A step of each was paused",
    Cause.WORKFLOW_FAILING: "The workflow's code fails again and again",
    Cause.AWAITING_APPROVAL: "They wait for people to approve or reject them",
    Cause.SLEEPING: "They sleep, each until its own time",
    Cause.CANCEL_PENDING: "Cancels were asked for, and the runs have not taken them: they still work",
    Cause.START_REJECTED: "Temporal refused to start them",
    Cause.DRIFTED: "The database and Temporal disagree about them",
    Cause.GONE: "Temporal does not know these runs any more",
    Cause.RUN_PAUSED: "The runs were paused",
    Cause.WAITING: "They wait for signals from outside, or for other workflows that they started",
    Cause.UNKNOWN: "They do not move, and nothing that is known says why",
}


def _of_the_run(cause: Cause, evidence: Evidence) -> str:
    match cause:
        case Cause.NOT_STARTED:
            return f"Its start was tried {_times(evidence.tries)}." if evidence.tries else "It has not been started."
        case Cause.TEMPORAL_UNREACHABLE:
            return "Temporal does not answer, so nobody can tell how it is doing."
        case Cause.START_REJECTED:
            return "Temporal refused to start it."
        case _:
            tried = f". It was tried {_times(evidence.tries)} so far" if evidence.tries else " again and again"
            return f"The workflow's code fails{tried}."


def _of_a_step(cause: Cause, evidence: Evidence) -> str:
    step = _title(evidence)
    match cause:
        case Cause.STEP_RETRYING:
            return f"{step} failed {_times(evidence.tries)}."
        case Cause.STEP_HANGING:
            return f"{step} has begun and says nothing."
        case Cause.STEP_PAUSED:
            return f"{step} was paused{_by(evidence)}"
        case _:
            asked = "" if evidence.by is None else f" by {who(evidence.by)}"
            return f"A cancel was asked for{asked}, and the run has not taken it: it still works."


def _of_workers(cause: Cause, evidence: Evidence) -> str:
    if cause is Cause.WRONG_BUILD:
        needed = "" if evidence.build is None else f" “{evidence.build}”"
        return f"No worker has the code{needed} that it needs."
    queue = "its queue" if evidence.queue is None else f"the queue “{evidence.queue}”"
    if evidence.workers:
        return f"No worker is free: those that take work from {queue} are busy."
    return f"No worker takes work from {queue}."


def _of_waits(cause: Cause, evidence: Evidence) -> str:
    match cause:
        case Cause.AWAITING_APPROVAL:
            then = " No worker is there to go on afterwards." if evidence.workers == 0 else ""
            whom = "another person to approve the removal; nothing is deleted before"
            asked = whom if evidence.awaited is Awaited.CONSENT else "an operator to approve the enterprise plan"
            return f"Waiting for {asked}.{then}"
        case Cause.SLEEPING:
            return "It sleeps." if evidence.until is None else f"It sleeps until {phrases.said(evidence.until)}."
        case Cause.RUN_PAUSED:
            return f"The run was paused{_by(evidence)}"
        case _:
            if evidence.awaited is Awaited.CHILD:
                return "It waits for another workflow that it started."
            return "It waits for a signal from outside."


def _of_drift(evidence: Evidence) -> str:
    if evidence.finding is FindingKind.GONE:
        return "Temporal does not know the run any more."
    kind = "" if evidence.finding is None else f" ({spelled(evidence.finding)})"
    return f"The database and Temporal disagree about it{kind}."


def _title(evidence: Evidence) -> str:
    return "A step" if evidence.step is None else f"“{kinds.known().step_title(evidence.step)}”"


def _times(number: int | None) -> str:
    if not number:
        return "again and again"
    return "once" if number == 1 else f"{number:,} times"


def _by(evidence: Evidence) -> str:
    by = "" if not evidence.by else f" by {who(evidence.by)}"
    return f"{by}: “{evidence.why}”." if evidence.why else f"{by}."


def _whole(said: str) -> str:
    return said if said.endswith((".", "”", "?", "…")) else f"{said}."
