"""The clock that pages tell ages by is the database's, whatever this machine's says."""

from datetime import UTC, datetime, timedelta
from time import monotonic

from operations.clocks import Clock

LATER = timedelta(seconds=30)  #: more than a test takes


def test_a_clock_that_was_told_the_time_goes_on_from_there() -> None:
    clock, told = Clock(), datetime.now(UTC) - timedelta(hours=3)

    clock.set(told)

    assert told <= clock.now() <= told + LATER
    assert told - timedelta(minutes=1) <= clock.at(monotonic() - 60) <= told - timedelta(minutes=1) + LATER


def test_until_it_is_told_it_is_that_of_this_machine() -> None:
    clock, now = Clock(), datetime.now(UTC)

    assert now <= clock.now() <= now + LATER
    assert now - timedelta(minutes=1) <= clock.at(monotonic() - 60) <= now - timedelta(minutes=1) + LATER
