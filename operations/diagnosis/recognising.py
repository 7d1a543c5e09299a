"""Recognisers: each looks for one kind of trouble among the facts. The first that finds it says the cause. Pure.

What is known for certain comes before what is guessed, and what has to be mended first before what shows because of it:
without a worker no step is tried again, whatever it failed at before. A run that was
cancelled waits for nothing else.
"""

from collections.abc import Callable

from operations.diagnosis.evidence import Awaited, Evidence
from operations.diagnosis.facts import Facts, RunState, StepFact
from operations.diagnosis.recognised import Recognised
from operations.diagnosis.remembering import still_as_seen, still_sleeping, still_waiting, still_without_workers
from operations.statuses import Cause, CloseReason, FindingKind, Status, StepStatus

#: What a worker answers that has other code than the run needs.
UNKNOWN_TO_WORKER = "is not registered on this worker"


def ended(facts: Facts) -> Recognised | None:
    """What has ended is not stuck; only that Temporal says otherwise can be wrong with it."""
    if not facts.status.is_final:
        return None
    if facts.finding is not None:
        return Recognised(cause=Cause.DRIFTED, evidence=Evidence(finding=facts.finding))
    match facts.close_reason:
        case CloseReason.START_REJECTED:
            return Recognised(cause=Cause.START_REJECTED, error=facts.error)
        case CloseReason.NOT_FOUND:
            return Recognised(cause=Cause.GONE, error=facts.error)
    return None


def drifted(facts: Facts) -> Recognised | None:
    """The database and Temporal disagree."""
    if facts.status.is_final:
        return None
    state = None if facts.run is None else facts.run.state
    if facts.finding is FindingKind.GONE or (state is RunState.MISSING and facts.status is Status.RUNNING):
        return Recognised(cause=Cause.GONE, evidence=Evidence(finding=FindingKind.GONE))
    if facts.finding is not None:
        return Recognised(cause=Cause.DRIFTED, evidence=Evidence(finding=facts.finding))
    if state is RunState.CLOSED:
        return Recognised(cause=Cause.DRIFTED, evidence=Evidence(finding=FindingKind.ENDED))
    if state is RunState.REPLACED:
        return Recognised(cause=Cause.DRIFTED, evidence=Evidence(finding=FindingKind.REPLACED))
    return None


def not_started(facts: Facts) -> Recognised | None:
    """Its start is on the way, or on nobody's."""
    if facts.status is not Status.PENDING:
        return None
    start = facts.start
    since = facts.progressed_at if start is None else start.asked_at
    if facts.temporal_answers is False:  # how its tries failed meanwhile makes no cause of its own
        return Recognised(cause=Cause.TEMPORAL_UNREACHABLE, since=since)
    error = None if start is None else start.error
    if error is None and facts.idle < facts.patience.slow_after:
        return None
    tries = None if start is None else start.tries
    return Recognised(cause=Cause.NOT_STARTED, since=since, error=error, evidence=Evidence(tries=tries))


def run_paused(facts: Facts) -> Recognised | None:
    run = facts.run
    if run is None or run.state is not RunState.PAUSED:
        return None
    evidence = Evidence(by=run.paused_by, why=run.paused_why)
    return Recognised(cause=Cause.RUN_PAUSED, since=run.paused_at, evidence=evidence)


def awaiting_approval(facts: Facts) -> Recognised | None:
    """A person is waited for, and can decide also while Temporal or the workers are away."""
    if facts.asked_for_decision_at is None or facts.cancel is not None:
        return None
    has_nobody = facts.queue is not None and facts.queue.workers == 0
    evidence = Evidence(workers=0 if has_nobody else None, awaited=Awaited.CONSENT if facts.removes else None)
    return Recognised(cause=Cause.AWAITING_APPROVAL, since=facts.asked_for_decision_at, evidence=evidence)


def sleeping(facts: Facts) -> Recognised | None:
    """A timer runs, which needs nobody until it rings."""
    if facts.cancel is not None:
        return None
    if facts.sleeps_until is not None and facts.sleeps_until > facts.now:
        until = facts.sleeps_until
    elif facts.is_to_hear:
        return None
    elif facts.run is not None and facts.run.awaited is Awaited.TIMER and facts.run.until is not None:
        until = facts.run.until
    else:
        return None
    return Recognised(cause=Cause.SLEEPING, evidence=Evidence(awaited=Awaited.TIMER, until=until))


def step_paused(facts: Facts) -> Recognised | None:
    run, step = facts.run, _step(facts)
    if run is None or step is None or not step.is_paused:
        return None
    evidence = Evidence(step=step.name, by=run.paused_by, why=run.paused_why)
    return Recognised(cause=Cause.STEP_PAUSED, since=run.paused_at, evidence=evidence)


def unreachable(facts: Facts) -> Recognised | None:
    """That Temporal did not answer is never fine; what moved a moment ago, moves."""
    if facts.temporal_answers is not False or facts.run is not None or facts.idle < facts.patience.slow_after:
        return None
    step = _step(facts)
    evidence = Evidence() if step is None else Evidence(step=step.name)
    since = None if facts.unanswered_since is None else max(facts.unanswered_since, facts.progressed_at)
    return Recognised(cause=Cause.TEMPORAL_UNREACHABLE, since=since, evidence=evidence, is_blind=True)


def no_worker(facts: Facts) -> Recognised | None:
    """There is work, and nobody takes it."""
    queue, run = facts.queue, facts.run
    if queue is None or (run is not None and not facts.has_work):
        return None
    if _lacks_build(facts):
        return None
    is_moving = facts.idle < facts.patience.slow_after
    is_untaken = run is not None and _is_scheduled(facts)
    if queue.workers > 0 and (is_moving or not is_untaken):
        return None
    step = _step(facts)
    evidence = Evidence(
        queue=queue.name,
        workers=queue.workers,
        step=None if step is None else step.name,
        tries=step.tries if step is not None and step.status is StepStatus.RETRYING else None,
    )
    since = None if queue.gone_since is None else max(queue.gone_since, facts.progressed_at)
    return Recognised(cause=Cause.NO_WORKER, since=since if queue.workers == 0 else None, evidence=evidence)


def wrong_build(facts: Facts) -> Recognised | None:
    """Workers are there, and none has the code."""
    run, queue, step = facts.run, facts.queue, _step(facts)
    code = None if run is None else run.code
    if code is not None and code.is_unknown_type:
        return Recognised(cause=Cause.WRONG_BUILD, error=code.error, evidence=Evidence(tries=code.failures))
    if step is not None and step.status is StepStatus.RETRYING and UNKNOWN_TO_WORKER in (step.error or ""):
        return Recognised(cause=Cause.WRONG_BUILD, error=step.error, evidence=_evidence(step))
    if run is None or queue is None or not _lacks_build(facts) or not facts.has_work:
        return None
    return Recognised(cause=Cause.WRONG_BUILD, evidence=Evidence(build=run.build, queue=queue.name))


def workflow_failing(facts: Facts) -> Recognised | None:
    code = None if facts.run is None else facts.run.code
    if code is None or code.failures == 0:
        return None
    evidence = Evidence(tries=code.failures, build=code.build, is_contradiction=code.contradicts_history or None)
    return Recognised(cause=Cause.WORKFLOW_FAILING, error=code.error, evidence=evidence)


def cancel_pending(facts: Facts) -> Recognised | None:
    """A cancel reached Temporal, and the run works on."""
    if facts.cancel is None:
        return None
    step = _step(facts)
    evidence = Evidence(by=facts.cancel.asked_by, step=None if step is None else step.name)
    return Recognised(cause=Cause.CANCEL_PENDING, since=facts.cancel.asked_at, evidence=evidence)


def step_retrying(facts: Facts) -> Recognised | None:
    """Also while the next try is under way: the one before failed, and nothing has moved since."""
    step = _step(facts)
    if step is None or not (step.status is StepStatus.RETRYING or _is_another_try(step)):
        return None
    return Recognised(cause=Cause.STEP_RETRYING, error=step.error, evidence=_evidence(step))


def step_hanging(facts: Facts) -> Recognised | None:
    """A step that Temporal believes to be under way, for longer than it usually takes."""
    step = None if facts.run is None else facts.run.step
    if step is None or step.status is not StepStatus.RUNNING or facts.idle < facts.patience.slow_after:
        return None
    return Recognised(cause=Cause.STEP_HANGING, evidence=Evidence(step=step.name, worker=step.worker))


def waiting(facts: Facts) -> Recognised | None:
    """Nothing is left to do but to wait for somebody else."""
    awaited = None if facts.run is None else facts.run.awaited
    if awaited not in (Awaited.SIGNAL, Awaited.CHILD) or facts.is_to_hear:
        return None
    return Recognised(cause=Cause.WAITING, evidence=Evidence(awaited=awaited))


def unknown(facts: Facts) -> Recognised | None:
    """It does not move, and nobody can say why: perhaps because nobody has looked, or read what it waits for."""
    if facts.status.is_final or facts.idle < facts.patience.slow_after:
        return None
    has_lost_sight = facts.remembered is not None and facts.remembered.cause is not Cause.UNKNOWN
    is_blind = facts.run is None or facts.is_unread
    return Recognised(cause=Cause.UNKNOWN, since=facts.now if has_lost_sight else None, is_blind=is_blind)


RECOGNISERS: tuple[Callable[[Facts], Recognised | None], ...] = (
    ended,
    drifted,
    not_started,
    run_paused,
    awaiting_approval,
    sleeping,
    step_paused,
    unreachable,
    still_waiting,
    still_sleeping,
    still_without_workers,
    no_worker,
    wrong_build,
    workflow_failing,
    cancel_pending,
    step_retrying,
    step_hanging,
    waiting,
    still_as_seen,
    unknown,
)


def _step(facts: Facts) -> StepFact | None:
    """Temporal's word for it where there is one: the worker's report may have been lost."""
    return facts.step if facts.run is None else facts.run.step


def _is_another_try(step: StepFact) -> bool:
    return step.status is StepStatus.RUNNING and step.tries > 1


def _is_scheduled(facts: Facts) -> bool:
    run = facts.run
    if run is None:
        return False
    return bool((run.code and run.code.is_scheduled) or (run.step and run.step.is_scheduled))


def _lacks_build(facts: Facts) -> bool:
    """Whether the run is pinned to a build, and workers are there, all of others."""
    run, queue = facts.run, facts.queue
    if run is None or run.build is None or queue is None or queue.workers == 0 or not queue.builds:
        return False
    return run.build not in queue.builds


def _evidence(step: StepFact) -> Evidence:
    """A try under way has not failed."""
    failed = step.tries - 1 if step.status is StepStatus.RUNNING else step.tries
    return Evidence(step=step.name, tries=failed, next_try_at=step.next_try_at, worker=step.worker)
