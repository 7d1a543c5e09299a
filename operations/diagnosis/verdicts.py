"""From facts to one diagnosis: how it is doing, why, since when, who must act and what helps. Pure."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from operations.diagnosis.advice import Advice, advice
from operations.diagnosis.evidence import Awaited, Evidence
from operations.diagnosis.facts import Facts
from operations.diagnosis.recognised import Recognised
from operations.diagnosis.recognising import RECOGNISERS
from operations.diagnosis.sentences import sentence
from operations.diagnosis.signatures import signature
from operations.diagnosis.waits import DRIFTS, WAITS, as_seen_before, over_at, rang_at
from operations.error_texts import clean
from operations.statuses import Cause, CloseReason, Health

#: Nobody knows that a step will never end: only its usual duration says when it should have.
UNCERTAIN = frozenset({Cause.STEP_HANGING, Cause.UNKNOWN})

#: Ends whose words are an error's; those of others are people's.
BROKEN = frozenset({CloseReason.ERROR, CloseReason.TIMED_OUT})
#: Over when a worker tries again: nobody worked, or nobody could look.
ENDED_BY_TRY = [
    Cause.NO_WORKER,
    Cause.WRONG_BUILD,
    Cause.STEP_HANGING,
    Cause.STEP_PAUSED,
    Cause.RUN_PAUSED,
    Cause.WORKFLOW_FAILING,
    Cause.TEMPORAL_UNREACHABLE,
    Cause.UNKNOWN,
]
#: Over when something moves. What people owe an answer to, a cancel and a contradiction between two truths are not.
ENDED_BY_PROGRESS = [*ENDED_BY_TRY, Cause.NOT_STARTED, Cause.STEP_RETRYING, Cause.SLEEPING, Cause.WAITING]


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnosis:
    """The one answer to "why is it stuck?"; without a cause it goes on as it should. All its words can be stored."""

    health: Health
    cause: Cause | None = None
    since: datetime | None = None  #: of the cause
    still_since: datetime | None = None  #: it stands still, whatever the cause was meanwhile
    detail: str | None = None  #: the error itself, or what there is to say in a sentence
    evidence: Evidence = field(default_factory=Evidence)
    signature: str | None = None
    moved_at: datetime | None = None  #: later than its row says: a wait was over then

    @property
    def waiting(self) -> Awaited | None:
        """For a signal, a child, a timer, or the consent of another person."""
        return self.evidence.awaited

    @property
    def sentence(self) -> str:
        return sentence(self.cause, self.detail, self.evidence)

    @property
    def advice(self) -> Advice:
        """Who must act, and one next action."""
        return advice(self.cause)


def diagnose(facts: Facts, *names: str | None) -> Diagnosis:
    """The first cause that is recognised; `names` are those of the tenant, which no signature has."""
    found = _recognised(facts)
    moved_at = over_at(facts, found)
    if moved_at is not None:  # with what was known of the wait, its time is over, too
        facts = replace(facts, progressed_at=moved_at, recorded=None)
        found = _recognised(facts)
    if found is None:
        signed = signature(clean(facts.error), *names) if facts.close_reason in BROKEN else None
        return Diagnosis(health=Health.OK, signature=signed, moved_at=moved_at)
    found = as_seen_before(facts, found)
    since, error = _since(facts, found), clean(found.error)
    return Diagnosis(
        health=_health(facts, found, since),
        cause=found.cause,
        since=since,
        still_since=_still_since(facts, found, since),
        detail=error or clean(sentence(found.cause, None, found.evidence)),
        evidence=found.evidence,
        signature=signature(error, *names),
        moved_at=None if found.cause in DRIFTS else moved_at,  # whoever ended it did not help it on
    )


def _recognised(facts: Facts) -> Recognised | None:
    return next((found for each in RECOGNISERS if (found := each(facts)) is not None), None)


def _since(facts: Facts, found: Recognised) -> datetime:
    """A cause that was known already lasts since then, unless something moved in between."""
    known = facts.remembered
    if known is not None and known.cause is found.cause:
        return min(known.since, facts.now)
    return min(found.since or facts.progressed_at, facts.now)


def _still_since(facts: Facts, found: Recognised, since: datetime) -> datetime:
    """Trouble goes on from one cause to the next, until something moves. What waits, does so since it waits."""
    if found.cause in WAITS:
        return rang_at(facts, found.evidence) or since
    known = facts.recorded
    if known is None or known.still_since < facts.progressed_at:
        return since
    if known.cause in WAITS:
        return rang_at(facts, known.evidence) or facts.now  # nobody could tell whether it waits
    return min(known.still_since, facts.now)


def _health(facts: Facts, found: Recognised, since: datetime) -> Health:
    patience, lasted = facts.patience, facts.now - since
    if facts.status.is_final:
        return Health.DRIFT if found.cause is Cause.DRIFTED else Health.OK
    if found.cause in DRIFTS:
        return Health.DRIFT
    if found.cause in WAITS:
        return _health_of_wait(facts, found, lasted)
    if found.is_blind:
        return Health.UNKNOWN
    if facts.idle >= patience.stuck_after or (found.cause not in UNCERTAIN and lasted >= patience.lasting):
        return Health.STUCK
    return Health.SLOW if facts.idle >= patience.slow_after else Health.OK


def _health_of_wait(facts: Facts, found: Recognised, lasted: timedelta) -> Health:
    """A timer that should have rung is late like anything else; one that somebody set is fine until then."""
    patience, until = facts.patience, found.evidence.until
    if found.cause is Cause.SLEEPING and until is not None and facts.now >= until:
        late = facts.now - until
        if late >= patience.stuck_after:
            return Health.STUCK
        return Health.SLOW if late >= patience.slow_after else Health.OK
    is_agreed = found.cause is Cause.SLEEPING and facts.sleeps_until is not None
    return Health.SLOW if lasted >= patience.waits and not is_agreed else Health.OK
