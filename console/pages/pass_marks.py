"""The latest passes of reconciliation as a strip: what each found and did, or why it could not."""

from collections.abc import Sequence
from typing import assert_never

from console.channels import View
from console.components.strips import Mark, Tone
from console.pages import finding_words
from console.pages.scope import Scope
from operations.phrases import told, who
from operations.queries.reconciliation_views import PassView
from operations.statuses import PassOutcome, PassTrigger

NUMBER = 60  #: an hour at the usual pace
WORDS = (
    (Tone.FINE, "found nothing new"),
    (Tone.CHANGED, "found something new, corrected something or ran out of time"),
    (Tone.FAILED, "could not do its work"),
)


def tone(outcome: PassOutcome | None, new: int, healed: int) -> Tone:
    """What is known and still so is no news. One that held back has done no more than one that could not compare."""
    match outcome:
        case PassOutcome.COMPLETED:
            return Tone.CHANGED if new or healed else Tone.FINE
        case PassOutcome.PARTIAL:
            return Tone.CHANGED
        case (
            PassOutcome.TRIPPED
            | PassOutcome.UNREACHABLE
            | PassOutcome.NAMESPACE_CHANGED
            | PassOutcome.ABANDONED
            | PassOutcome.FAILED
            | None
        ):
            return Tone.FAILED
        case _:
            assert_never(outcome)


def mark(each: PassView) -> Mark:
    return Mark(
        id=str(each.id), at=each.started_at, tone=tone(each.outcome, each.new, each.healed), text=sentence(each)
    )


def sentence(each: PassView) -> str:
    """`Completed: 12 checked, 1 new, 2 known before, 1 corrected. By the schedule, in 0.4 s.`"""
    word = finding_words.OUTCOMES[each.outcome] if each.outcome is not None else "Running"
    known = max(each.found - each.new, 0)
    parts = [f"{word}: {each.checked:,} checked, {each.new:,} new, {known:,} known before, {each.healed:,} corrected."]
    if each.unknown:
        parts.append(f"{each.unknown:,} could not be described; the next pass looks again.")
    if each.error:
        parts.append(told(each.error).followed)
    by = finding_words.TRIGGERS[each.trigger]
    if each.trigger is PassTrigger.OPERATOR:
        by = who(each.requested_by)
    lasted = "" if each.seconds is None else f", in {each.seconds:,.1f} s"
    return " ".join([*parts, f"By {by}{lasted}."])


def view(scope: Scope) -> View[Sequence[Mark], Sequence[Mark]]:
    async def load() -> Sequence[Mark]:
        return [mark(each) for each in await scope.services.reads.reconciliation.recent(NUMBER)]

    return View(
        key="passes",
        concerns=lambda changed: changed.concerns("pass") or changed.concerns("finding"),
        load=load,
        news=lambda before, after: None if before == after else after,
    )
