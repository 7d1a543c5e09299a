"""When retry, cancel, terminate and decide are possible, what each would do, and why not. Pure.

Pages, REST and command line ask before, and actions ask again under their locks.
"""

from dataclasses import replace
from typing import assert_never

from operations import errors, kinds
from operations.access import NEEDS, Actor, Permission
from operations.blast_radius import FAILS, STAYS, contents, left_behind, made
from operations.deed_facts import Facts, Possibility
from operations.diagnosis.advice import advice
from operations.kinds import Deed
from operations.phrases import FINAL, REQUESTS, said, settled, shown_status, spelled, told
from operations.statuses import Cause, CommandKind, RetryKind, Status, TenantStatus
from operations.tenant_rules import cancel_problem, cleanup_problem, retry_problem

#: What a role must allow for a deed to be offered at all; a deed may need more, and then says so.
OFFERED_TO = {
    Deed.APPROVE: Permission.DECIDE,
    Deed.REJECT: Permission.DECIDE,
    Deed.RETRY: Permission.RETRY,
    Deed.CANCEL: Permission.CANCEL,
    Deed.TERMINATE: Permission.TERMINATE,
    Deed.PAUSE_STEP: Permission.HOLD_STEP,
    Deed.RESUME_STEP: Permission.HOLD_STEP,
    Deed.CLEAN_UP: Permission.CLEAN_UP,
}


def possibility(deed: Deed, facts: Facts, actor: Actor) -> Possibility:
    """What this deed would be for this actor now."""
    match deed:
        case Deed.APPROVE | Deed.REJECT:
            possible = _decision(facts, actor, approves=deed is Deed.APPROVE)
        case Deed.RETRY:
            possible = _retry(facts)
        case Deed.CANCEL:
            possible = _cancel(facts)
        case Deed.TERMINATE:
            possible = _terminate(facts)
        case Deed.PAUSE_STEP:
            possible = _pause_step(facts)
        case Deed.RESUME_STEP:
            possible = _resume_step(facts)
        case Deed.CLEAN_UP:
            possible = _clean_up(facts)
        case _:
            assert_never(deed)
    kind = kinds.known().get(facts.workflow_type)
    if kind is not None and deed not in kind.deeds:
        knows_not = f"{kind.title} is of a kind that knows no {spelled(deed)}."
        possible = replace(possible, problem=knows_not, refusal=errors.NotOffered)
    if possible.problem is None and not actor.may(possible.permission):
        why = f"It takes the role {NEEDS[possible.permission]}; yours is {actor.role}."
        possible = replace(possible, problem=why, refusal=errors.NotPermitted)
    return possible if possible.problem is None else replace(possible, done=(), effects=(), not_undone=())


def _decision(facts: Facts, actor: Actor, *, approves: bool) -> Possibility:
    undecided = "It does not wait for a decision."
    problem = None
    if facts.status.is_final:
        problem = _ended(facts)
    elif not facts.awaits_decision:
        problem = settled(facts.decided) if facts.decided else undecided
    elif approves and (facts.takes_two or facts.removes) and actor.name in facts.asked_by:
        problem = "You asked for it yourself, in this attempt or before; it takes another person to approve it."
    if facts.removes:
        does = _removal(facts) if approves else "The tenant is kept: it gets its former status back, with all its data."
    else:
        does = "The schema is made and the tenant switched on." if approves else "The run ends as rejected."
    return Possibility(
        permission=Permission.DECIDE,
        effects=(does, "The decision is kept with your name and your reason."),
        not_undone=(FINAL,),
        problem=problem,
        refusal=errors.NotWaiting,
    )


def _retry(facts: Facts) -> Possibility:
    match facts.retry:
        case RetryKind.STEP:
            return _retry_step(facts)
        case RetryKind.REPLACE:
            return _replace(facts)
        case RetryKind.ATTEMPT | RetryKind.NONE:
            return _new_attempt(facts)


def _retry_step(facts: Facts) -> Possibility:
    problem = "The step is being tried now already." if CommandKind.RETRY_STEP in facts.asked else None
    if CommandKind.PAUSE_STEP in facts.asked:
        problem = "The step is being paused; once it is, resume it, and it is tried at once."
    return Possibility(
        permission=Permission.RETRY,
        effects=(f"Tries {_step(facts)} now instead of later; if that fails, it is tried again by itself.",),
        not_undone=("Temporal counts the tries of the step from one again.",),
        problem=problem,
        refusal=errors.CannotRetry,
    )


def _step(facts: Facts) -> str:
    return "the step" if facts.step is None else f"“{kinds.known().step_title(facts.step)}”"


def _pause_step(facts: Facts) -> Possibility:
    problem = None
    if facts.status is not Status.RUNNING or facts.step is None or facts.awaits_decision:
        problem = _ended(facts) if facts.status.is_final else "No step is under way that could be paused."
    elif facts.cause == Cause.STEP_PAUSED or CommandKind.PAUSE_STEP in facts.asked:
        problem = "The step is paused already, or is being paused."
    return Possibility(
        permission=Permission.HOLD_STEP,
        effects=(f"No further try of {_step(facts)} begins. One that is under way goes on until it ends.",),
        not_undone=("Its time limits go on during the pause: a step whose time is up fails when it is resumed.",),
        problem=problem,
        refusal=errors.CannotHoldStep,
    )


def _resume_step(facts: Facts) -> Possibility:
    problem = None
    if facts.status is not Status.RUNNING or facts.cause != Cause.STEP_PAUSED:
        is_coming = CommandKind.PAUSE_STEP in facts.asked
        undone = "The pause is on its way to Temporal; wait until it is there." if is_coming else "No step is paused."
        problem = _ended(facts) if facts.status.is_final else undone
    elif CommandKind.RESUME_STEP in facts.asked:
        problem = "The step is being resumed already."
    return Possibility(
        permission=Permission.HOLD_STEP,
        effects=(f"The next try of {_step(facts)} begins at once.",),
        problem=problem,
        refusal=errors.CannotHoldStep,
    )


def _replace(facts: Facts) -> Possibility:
    """By force, and therefore for those who may terminate; of a removal, for those who may remove."""
    problem = None if CommandKind.REPLACE not in facts.asked else "The run is being replaced already."
    return Possibility(
        permission=Permission.DEPROVISION if facts.removes else Permission.TERMINATE,
        effects=(
            "The run is ended by force: nothing else helps it as it is.",
            f"Attempt {facts.attempt + 1} starts from the beginning, once Temporal confirms the end."
            " If the run ends by itself before that, there is no new attempt.",
        ),
        not_undone=("Nothing is cleaned up: what the steps made is found and reused.",),
        problem=problem or retry_problem(facts.workflow_type, facts.tenant),
        refusal=errors.CannotRetry,
    )


def _new_attempt(facts: Facts) -> Possibility:
    begins = f"Starts attempt {facts.attempt + 1} from the beginning, once Temporal confirms that this one has ended."
    if not facts.removes:
        return Possibility(
            permission=Permission.RETRY,
            effects=(begins,),
            not_undone=("What steps of this attempt left behind is found and reused.",),
            problem=_retry_problem(facts),
            refusal=errors.CannotRetry,
        )
    return Possibility(
        permission=Permission.DEPROVISION,
        effects=(begins, _removal(facts)),
        not_undone=("What is deleted is gone for ever.",),
        problem=_retry_problem(facts),
        refusal=errors.CannotRetry,
    )


def _removal(facts: Facts) -> str:
    if facts.tenant is TenantStatus.DROPPING:
        return "It deletes the rest of the tenant, which cannot be kept any more."
    if facts.due_at is None:
        return "It deletes the tenant with all its data."
    return f"It deletes the tenant with all its data, not before {said(facts.due_at)}."


def _retry_problem(facts: Facts) -> str | None:
    is_unfinished = facts.removes and facts.tenant in (TenantStatus.DEPROVISIONING, TenantStatus.DROPPING)
    if facts.status is Status.COMPLETED and not is_unfinished:  # a run can be told that a step is done which is not
        return "The execution completed; there is nothing to retry."
    if not facts.status.is_final:
        return _open_problem(facts)
    if kinds.known().get(facts.workflow_type) is None:
        return "This version knows no workflow of this type."
    if facts.latest_attempt > facts.attempt:
        return f"There is a newer attempt (number {facts.latest_attempt}) already; retry that one."
    return retry_problem(facts.workflow_type, facts.tenant)


def _open_problem(facts: Facts) -> str:
    """An open run goes on as soon as it can: what helps it, its cause says."""
    if facts.cause not in list(Cause):
        return "The execution is open and goes on by itself."
    return f"The execution is open. {advice(Cause(facts.cause)).action}"


def _cancel(facts: Facts) -> Possibility:
    problem = _end_problem(facts, CommandKind.CANCEL) or cancel_problem(facts.workflow_type, facts.tenant)
    refusal = errors.AlreadyEnded if facts.status.is_final else errors.TooLateToCancel
    if facts.removes:
        return Possibility(
            permission=Permission.CANCEL,
            effects=("The tenant is kept: it gets its former status back, with all its data.",),
            not_undone=("If the deletion begins before the run hears of it, it is too late; the page then says so.",),
            problem=problem,
            refusal=refusal,
        )
    return Possibility(
        permission=Permission.CANCEL,
        effects=(
            f"{facts.status.capitalize()} → cancelled, as soon as the run has cleaned up after itself.",
            FAILS if facts.makes else STAYS,
        ),
        not_undone=("A cancelled run does not go on; retrying begins a new attempt.",),
        problem=problem,
        refusal=refusal,
    )


def _terminate(facts: Facts) -> Possibility:
    return Possibility(
        permission=Permission.TERMINATE,
        done=made(facts),
        effects=(
            f"{facts.status.capitalize()} → terminated, at once.",
            left_behind(facts),
            "No clean-up runs: what the steps made stays.",
        ),
        not_undone=("What the steps did. Prefer Cancel while the run responds.",),
        problem=_end_problem(facts, CommandKind.TERMINATE),
        refusal=errors.AlreadyEnded,
    )


def _clean_up(facts: Facts) -> Possibility:
    if not facts.makes or facts.tenant is None:
        problem: str | None = "Only what a provisioning has left is cleaned up."
    elif not facts.status.is_final:
        problem = "The execution is open; cancel it, which cleans up by itself."
    elif facts.latest_attempt > facts.attempt:
        problem = f"There is a newer attempt (number {facts.latest_attempt}) already; look at that one."
    else:
        problem = cleanup_problem(facts.tenant)
    left = facts.remains
    what = "What it has left" if left is None else f"The schema {left.schema_name}, with {contents(left)},"
    return Possibility(
        permission=Permission.CLEAN_UP,
        effects=(f"{what} is deleted, by a run of its own.", "The tenant stays failed; Retry begins from nothing."),
        not_undone=("What is deleted is gone for ever.",),
        problem=problem,
        refusal=errors.CannotCleanUp,
    )


def _end_problem(facts: Facts, kind: CommandKind) -> str | None:
    if facts.status.is_final:
        return _ended(facts)
    return f"{REQUESTS[kind]} was requested already; it is on its way to Temporal." if kind in facts.asked else None


def _ended(facts: Facts) -> str:
    if facts.ending and facts.close_reason is not None and facts.close_reason.is_by_somebody:
        return f"The run has ended. {told(facts.ending).sentence.rstrip('.')}."
    return f"The run has ended: {spelled(shown_status(facts.status, facts.close_reason))}."
