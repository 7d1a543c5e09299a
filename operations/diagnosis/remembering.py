"""Recognisers by what the row says: what was known of an execution holds until it moves or can be told anew. Pure.

Whoever looks has just begun to, was not answered, or had more to look at than fits into a round.
"""

from dataclasses import replace

from operations.diagnosis.evidence import Awaited
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
    known = _seen_last(facts)
    return _as_before(known) if known is not None and known.cause in (Cause.WAITING, *PAUSES) else None


def still_sleeping(facts: Facts) -> Recognised | None:
    """What slept when somebody last looked, until its timer rings: it needs no worker."""
    known = _seen_last(facts)
    if known is None or known.cause is not Cause.SLEEPING or known.evidence.until is None:
        return None
    if facts.is_to_hear:
        return None
    return _as_before(known) if known.evidence.until > facts.now else None


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


def seen_before(known: Recorded) -> Recorded | None:
    """The wait for a timer, a signal or a child that the row knows of, perhaps from before nobody could look."""
    if known.cause in (Cause.SLEEPING, Cause.WAITING):
        return known
    if known.cause not in (Cause.TEMPORAL_UNREACHABLE, Cause.UNKNOWN) or known.evidence.awaited is None:
        return None
    is_timer = known.evidence.awaited is Awaited.TIMER
    return replace(known, cause=Cause.SLEEPING if is_timer else Cause.WAITING)


def _seen_last(facts: Facts) -> Recorded | None:
    """Unless somebody has looked by now, and read what there was to read."""
    known = facts.remembered
    if known is None or facts.cancel is not None:
        return None
    if facts.run is None:
        return known
    return seen_before(known) if facts.is_unread and not facts.is_to_hear else None


def _as_before(known: Recorded) -> Recognised:
    """For as long as the row says."""
    return Recognised(cause=known.cause, error=known.error, evidence=known.evidence)
