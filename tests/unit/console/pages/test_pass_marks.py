"""The strip of passes: what each did, in a colour and in a sentence."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from console.components.strips import Tone
from console.pages import pass_marks
from operations.queries.reconciliation_views import PassView
from operations.statuses import PassOutcome, PassTrigger

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def ended(
    outcome: PassOutcome, *, found: int = 0, new: int = 0, healed: int = 0, unknown: int = 0, error: str | None = None
) -> PassView:
    return PassView(
        id=uuid4(),
        trigger=PassTrigger.OPERATOR,
        requested_by="ops@example.com",
        started_at=NOW,
        finished_at=NOW + timedelta(milliseconds=400),
        outcome=outcome,
        checked=1200,
        described=found,
        found=found,
        new=new,
        healed=healed,
        unknown=unknown,
        error=error,
    )


@pytest.mark.parametrize(
    ("each", "tone"),
    [
        (ended(PassOutcome.COMPLETED), Tone.FINE),
        (ended(PassOutcome.COMPLETED, found=1), Tone.FINE),
        (ended(PassOutcome.COMPLETED, found=1, new=1), Tone.CHANGED),
        (ended(PassOutcome.COMPLETED, found=1, healed=1), Tone.CHANGED),
        (ended(PassOutcome.PARTIAL), Tone.CHANGED),
        (ended(PassOutcome.TRIPPED, found=40), Tone.FAILED),
        (ended(PassOutcome.UNREACHABLE), Tone.FAILED),
        (ended(PassOutcome.NAMESPACE_CHANGED), Tone.FAILED),
        (ended(PassOutcome.ABANDONED), Tone.FAILED),
        (ended(PassOutcome.FAILED), Tone.FAILED),
    ],
)
def test_only_a_pass_that_did_its_work_and_found_nothing_new_is_green(each: PassView, tone: Tone) -> None:
    assert pass_marks.mark(each).tone is tone


def test_a_mark_tells_all_that_colour_and_height_do() -> None:
    said = pass_marks.sentence(ended(PassOutcome.COMPLETED, found=3, new=1, healed=1, unknown=3))

    assert said == (
        "Completed: 1,200 checked, 1 new, 2 known before, 1 corrected. "
        "3 could not be described; the next pass looks again. "
        "By ops@example.com, in 0.4 s."
    )


def test_why_a_pass_could_not_compare_stands_in_its_sentence() -> None:
    said = pass_marks.sentence(ended(PassOutcome.UNREACHABLE, error="Temporal did not answer within 10 s"))

    assert said.startswith("Temporal did not answer: 1,200 checked")
    assert "Temporal did not answer within 10 s. By ops@example.com" in said


def test_every_tone_has_its_words() -> None:
    assert [tone for tone, _ in pass_marks.WORDS] == list(Tone)
