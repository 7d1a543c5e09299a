"""Waits for people, timers, signals and other workflows: when one is over. Pure.

A run that waits does not stand still: it may take as long as it takes. Whatever keeps it afterwards does so since then.
A pause is no progress either: its time does not count, and what stood still before stands still again after it.
"""

from dataclasses import replace
from datetime import datetime

from operations.diagnosis.evidence import Evidence
from operations.diagnosis.facts import Facts, Recorded
from operations.diagnosis.recognised import Recognised
from operations.diagnosis.remembering import PAUSES, seen_before
from operations.statuses import Cause

#: What a run waits for by itself. A pause is laid over that, or over a standstill.
OWN = frozenset({Cause.AWAITING_APPROVAL, Cause.SLEEPING, Cause.WAITING})
#: Of which only the history tells that it is over.
READ = frozenset({Cause.SLEEPING, Cause.WAITING})
WAITS = OWN | PAUSES
DRIFTS = frozenset({Cause.DRIFTED, Cause.GONE})


def over_at(facts: Facts, found: Recognised | None) -> datetime | None:
    """When its last wait was over, where that is later than what is known to have moved; of what ended between two
    looks, when it was seen. None while it waits, and where nobody could tell.
    """
    if facts.status.is_final:
        return None
    ends = [at for at in (_due_at(facts, found), _seen_over_at(facts, found)) if at and at > facts.progressed_at]
    return min(max(ends), facts.now) if ends else None


def as_seen_before(facts: Facts, found: Recognised) -> Recognised:
    """For whoever cannot look, or sees a pause: with what was there when somebody last could see it."""
    known = _wait(facts)
    if known is None or not (found.is_blind or found.cause in PAUSES):
        return found
    kept = found.evidence
    if known.cause in READ | PAUSES:
        kept = replace(kept, awaited=known.evidence.awaited)
    if known.cause in READ and found.is_blind:
        kept = replace(kept, until=known.evidence.until)
    if known.cause in PAUSES:
        began = _paused_since(known)
        kept = replace(kept, paused_since=began if known.cause is not found.cause else known.evidence.paused_since)
    return replace(found, evidence=kept)


def rang_at(facts: Facts, evidence: Evidence) -> datetime | None:
    """When the timer should have rung for which it waits, or waited."""
    return evidence.until if evidence.until is not None and evidence.until < facts.now else None


def _due_at(facts: Facts, found: Recognised | None) -> datetime | None:
    """By the database, whoever else is silent."""
    due = facts.sleeps_until
    return None if due is None or due > facts.now or _is_wait(found) else due


def _seen_over_at(facts: Facts, found: Recognised | None) -> datetime | None:
    known = _wait(facts)
    if known is None or not _is_over(facts, known, found):
        return None
    if known.cause in OWN and facts.cancel is not None and facts.cancel.asked_at > known.since:
        return facts.cancel.asked_at
    if known.cause in PAUSES and known.evidence.awaited is None:
        return facts.progressed_at + (facts.now - max(_paused_since(known), facts.progressed_at))
    if known.cause in PAUSES:  # what it waited for may be over since any moment of the pause
        return facts.now
    return rang_at(facts, known.evidence) or facts.now


def _paused_since(known: Recorded) -> datetime:
    return known.evidence.paused_since or known.since


def _wait(facts: Facts) -> Recorded | None:
    """What it waited for when somebody last looked."""
    known = facts.recorded
    if known is None or known.cause in WAITS:
        return known
    if known.evidence.paused_since is not None:
        return replace(known, cause=Cause.RUN_PAUSED)
    return seen_before(known)


def _is_over(facts: Facts, known: Recorded, found: Recognised | None) -> bool:
    """What only a look at the run tells is not over before somebody has looked, nor what only its history tells before
    somebody has read that.
    """
    if found is not None and found.is_blind:
        return facts.run is not None and known.cause not in READ
    if found is not None and found.cause in WAITS:
        return _is_followed(facts, known, found)
    if facts.cancel is not None or (found is not None and found.cause in DRIFTS):
        return True
    if known.cause is Cause.AWAITING_APPROVAL:
        return facts.asked_for_decision_at is None
    is_seen = facts.run is not None and not (facts.is_unread and known.cause in READ)
    return is_seen or rang_at(facts, known.evidence) is not None


def _is_followed(facts: Facts, known: Recorded, found: Recognised) -> bool:
    """Whether what it waits for now is something else, for which it did not wait before."""
    if found.cause not in READ:
        return False
    if known.cause is Cause.AWAITING_APPROVAL:
        return facts.asked_for_decision_at is None
    if facts.run is None or facts.is_unread:
        return False
    before, after = known.evidence, found.evidence
    has_next_timer = rang_at(facts, before) is not None and before.until != after.until
    return found.cause is not known.cause or before.awaited is not after.awaited or has_next_timer


def _is_wait(found: Recognised | None) -> bool:
    return found is not None and found.cause in WAITS
