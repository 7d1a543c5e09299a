"""Recognisers by what the row says: what was known of an execution holds until it moves or can be told anew. Pure.

Whoever looks has just begun to, was not answered, or had more to look at than fits into a round.
"""

from operations.diagnosis.facts import Facts, Recorded
from operations.diagnosis.recognised import Recognised
from operations.statuses import Cause

#: What only a look at the run tells, and whoever looked once saw.
SEEN_IN_RUN = frozenset({Cause.STEP_HANGING, Cause.WORKFLOW_FAILING})
PAUSES = frozenset({Cause.STEP_PAUSED, Cause.RUN_PAUSED})
#: May have changed without a word to the database: the run itself is asked whenever there is time.
TO_BE_SEEN_AGAIN = SEEN_IN_RUN | PAUSES


def still_waiting(facts: Facts) -> Recognised | None:
    """What waited for a signal or a child, or was paused, when somebody last looked."""
    known = facts.remembered
    if facts.cancel is not None or facts.run is not None or known is None:
        return None
    return _as_before(known) if known.cause is Cause.WAITING or known.cause in PAUSES else None


def still_sleeping(facts: Facts) -> Recognised | None:
    """What slept when somebody last looked: until its timer rings, it needs no worker."""
    known = facts.remembered
    if facts.cancel is not None or facts.run is not None or known is None or known.cause is not Cause.SLEEPING:
        return None
    if facts.is_to_hear:
        return None
    has_nobody = facts.queue is not None and facts.queue.workers == 0
    sleeps = known.evidence.until is not None and known.evidence.until > facts.now
    return _as_before(known) if has_nobody and sleeps else None


def still_without_workers(facts: Facts) -> Recognised | None:
    """What no worker took, until workers have had time to be seen."""
    known = facts.remembered
    if facts.queue is not None or known is None or not facts.has_work:
        return None
    lacks_build = known.cause is Cause.WRONG_BUILD and known.evidence.build is not None
    return _as_before(known) if known.cause is Cause.NO_WORKER or lacks_build else None


def still_as_seen(facts: Facts) -> Recognised | None:
    """What the run itself told, while it cannot be asked."""
    known = facts.remembered
    if facts.run is not None or known is None or known.cause not in SEEN_IN_RUN:
        return None
    return _as_before(known)


def _as_before(known: Recorded) -> Recognised:
    return Recognised(cause=known.cause, since=known.since, error=known.error, evidence=known.evidence)
