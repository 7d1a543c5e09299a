"""Every cause has somebody who must act, and something to do."""

from operations.diagnosis.advice import ADVICE, HEALTHY, OWNERS, Owner, advice
from operations.statuses import Cause


def test_every_cause_has_advice_and_every_owner_a_name() -> None:
    assert set(ADVICE) == set(Cause)
    assert set(OWNERS) == set(Owner)


def test_titles_tell_causes_apart() -> None:
    assert len({each.title for each in ADVICE.values()}) == len(Cause)


def test_without_a_cause_nothing_has_to_be_done() -> None:
    assert advice(None) is HEALTHY
