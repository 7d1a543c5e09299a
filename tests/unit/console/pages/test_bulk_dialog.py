"""What is asked before one action is done to many."""

from uuid import uuid4

from console.pages.bulk_dialog import question
from operations.bulk.plans import Plan, PlannedRow
from operations.kinds import Deed
from operations.statuses import RetryKind

TRIES = "Tries “Create schema” now instead of later; if that fails, it is tried again by itself."
CLOSED = "It has ended: completed."


def planned(acting: int, *, skipped: int = 0, deed: Deed = Deed.RETRY, kind: RetryKind = RetryKind.STEP) -> Plan:
    rows = [
        PlannedRow(
            execution_id=uuid4(),
            workflow_id=None,
            name=None,
            effects=(TRIES,) if number < acting else (),
            not_undone=(),
            problem=None if number < acting else CLOSED,
            retry_kind=kind if number < acting else None,
        )
        for number in range(acting + skipped)
    ]
    return Plan(deed=deed, selection={"by": "ids"}, rows=tuple(rows))


def test_it_says_how_many_and_which_are_skipped_and_why() -> None:
    asked = question(planned(40, skipped=3), rate=25, takes_two=False)

    assert (asked.title, asked.action) == ("Retry 40 runs?", "Retry 40 runs")
    assert asked.what_will_happen[0] == f"40 runs: {TRIES}"
    assert asked.skipped == (f"3 runs: {CLOSED}",)
    assert asked.what_will_happen[-1] == "Whoever has the role support or more can pause and stop it."
    assert (asked.problem, asked.count, asked.danger, asked.first) == (None, None, False, ())


def test_what_ends_runs_and_what_is_done_to_many_has_its_number_typed() -> None:
    asked = {
        "a few": question(planned(50), rate=25, takes_two=False).count,
        "many": question(planned(51), rate=25, takes_two=False).count,
        "ends": question(planned(2, deed=Deed.TERMINATE), rate=25, takes_two=False).count,
    }

    assert asked == {"a few": None, "many": 51, "ends": 2}


def test_it_says_that_it_takes_another_person() -> None:
    heavy = question(planned(2, deed=Deed.TERMINATE), rate=25, takes_two=True)

    assert heavy.first == ("Another person with the role operator or more has to release it; nothing begins before.",)
    assert question(planned(2), rate=25, takes_two=True).first == ()


def test_one_goes_first() -> None:
    asked = question(planned(40), rate=25, takes_two=False, first_alone=True)
    alone = question(planned(1), rate=25, takes_two=False, first_alone=True)

    assert (asked.title, asked.action) == ("Retry one of 40 runs first?", "Retry one first")
    assert "One goes first. The other 39 wait until somebody lets them follow." in asked.what_will_happen
    assert alone.title == "Retry 1 run?"


def test_what_ends_runs_to_replace_them_is_dangerous() -> None:
    assert question(planned(2, kind=RetryKind.REPLACE), rate=25, takes_two=False).danger


def test_it_says_how_long_many_take() -> None:
    course = question(planned(2_000), rate=25, takes_two=False).what_will_happen[-2]

    assert course.endswith("; at 25 a second, all of them take about 80 seconds.")


def test_what_none_can_take_is_not_promised() -> None:
    asked = question(planned(0, skipped=2), rate=25, takes_two=False)

    assert asked.problem == "None of them can take it; nothing would be done."
    assert asked.honest.what_will_happen == ()
    assert asked.honest.skipped == (f"2 runs: {CLOSED}",)
    assert question(planned(0), rate=25, takes_two=False).problem == "There is nothing to do it to."
