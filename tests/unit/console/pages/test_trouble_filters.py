"""Chips that narrow the list by trouble, and the address that says which are chosen."""

from console.pages.trouble_filters import CAUSES, HEALTHS, asked, chosen, offered
from operations.statuses import Cause, Health


def test_every_health_but_the_good_one_and_every_cause_has_a_chip() -> None:
    assert set(HEALTHS) == set(Health) - {Health.OK}
    assert set(CAUSES) == set(Cause)


def test_the_address_and_the_chips_say_the_same() -> None:
    query = {"health": "stuck,drift", "cause": "no_worker", "signature": "Could not extend file …, at “x”"}

    assert asked(chosen(query)) == query


def test_what_the_address_does_not_know_is_not_chosen() -> None:
    assert chosen({"health": "ill,stuck", "cause": "", "status": "running"}) == ["health:stuck"]


def test_an_error_that_nothing_has_any_more_can_still_be_dropped() -> None:
    gone = "signature:Could not extend file …: No space left on device"

    (chip,) = [each for each in offered((), [gone]) if each.value == gone]

    assert chip.label == "No space left on the database server"
