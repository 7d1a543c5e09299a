"""What the bar of a selection says and offers."""

import pytest

from console.pages import selection_words
from operations.bulk.plans import DEEDS, Offer
from operations.bulk.selections import MOST
from operations.kinds import Deed
from operations.queries.execution_views import ExecutionFilter
from operations.statuses import Status


def test_what_is_elsewhere_is_told_apart() -> None:
    assert selection_words.counted(1_200, 1_200) == "1,200 selected"
    assert selection_words.counted(57, 50) == "57 selected, 7 not on this page"


def test_an_empty_filter_is_not_all_executions() -> None:
    assert selection_words.why_not_all(ExecutionFilter()) == selection_words.UNFILTERED
    assert selection_words.why_not_all(ExecutionFilter(search=" ")) == selection_words.UNFILTERED
    assert selection_words.why_not_all(ExecutionFilter(statuses=frozenset({Status.FAILED}))) is None


def test_decisions_are_offered_where_runs_wait() -> None:
    offers = [Offer(deed=deed, acting=0, problem="It does not wait.") for deed in (Deed.RETRY, Deed.APPROVE)]

    shown = selection_words.buttons(offers, 2)

    assert [(each.deed, each.name) for each in shown] == [
        (Deed.RETRY, "Retry 2 selected runs, not possible: It does not wait.")
    ]


@pytest.mark.parametrize(("number", "problem"), [(MOST, None), (MOST + 1, selection_words.TOO_MANY)])
def test_what_is_too_many_is_said_before_it_is_asked(number: int, problem: str | None) -> None:
    shown = selection_words.unlooked(DEEDS, number, waiting=False)

    assert [each.deed for each in shown] == [Deed.RETRY, Deed.CANCEL, Deed.TERMINATE]
    assert {each.problem for each in shown} == {problem}
