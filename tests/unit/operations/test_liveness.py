from dataclasses import replace
from time import monotonic
from typing import cast

import pytest

from operations.liveness import LEAST_SILENCE, POLLER_SILENCE, SETTLING, Part, Sightings, Sign, Watch
from operations.temporal import Temporal


def beat(mark: int, *, worker: str = "a", age: float = 0.0, is_farewell: bool = False) -> Sign:
    return Sign(worker=worker, mark=mark, age=age, lasts=LEAST_SILENCE, is_farewell=is_farewell)


@pytest.fixture
def sightings() -> Sightings:
    return Sightings()


def test_nobody_seen_is_nobody_alive(sightings: Sightings) -> None:
    sightings.note([], 100)

    assert not sightings.is_any_alive(100)
    assert sightings.latest is None


def test_a_worker_that_gives_no_newer_sign_is_gone(sightings: Sightings) -> None:
    for now in range(100, 110):
        sightings.note([beat(1)], now)

    assert sightings.is_any_alive(107.9)
    assert not sightings.is_any_alive(108)
    assert sightings.latest == 100


def test_a_newer_sign_counts_from_when_it_was_seen_whatever_its_clock_says(sightings: Sightings) -> None:
    sightings.note([beat(1, age=-3600), beat(1, worker="b", age=3600)], 100)
    assert sightings.latest == 100

    sightings.note([beat(1, age=-3600), beat(2, worker="b", age=3600)], 103)

    assert sightings.is_any_alive(110.9)
    assert not sightings.is_any_alive(111)


def test_whoever_died_before_anybody_looked_is_not_taken_for_alive(sightings: Sightings) -> None:
    sightings.note([beat(1, age=60)], 100)

    assert not sightings.is_any_alive(100)
    assert sightings.latest == 40


def test_a_farewell_is_the_last_sign_however_often_it_is_repeated(sightings: Sightings) -> None:
    sightings.note([beat(1)], 100)
    sightings.note([beat(2, is_farewell=True)], 101)
    sightings.note([beat(3, is_farewell=True)], 104)
    sightings.note([beat(4, is_farewell=True)], 107)

    assert sightings.latest == 101
    assert not sightings.is_any_alive(109)


def test_one_worker_that_lives_is_enough(sightings: Sightings) -> None:
    poller = Sign(worker="old", mark=1, age=0.0, lasts=POLLER_SILENCE)
    sightings.note([beat(1), poller], 100)
    sightings.note([beat(1), poller], 150)

    assert sightings.is_any_alive(150)
    assert not sightings.is_any_alive(175)


def test_what_temporal_forgets_stays_the_latest_sign(sightings: Sightings) -> None:
    sightings.note([beat(1)], 100)

    sightings.note([], 400)

    assert sightings.latest == 100
    assert not sightings.is_any_alive(400)


def test_builds_are_those_of_workers_that_take_work_and_known_only_when_each_says_its_own(sightings: Sightings) -> None:
    leaving, here = replace(beat(1, is_farewell=True), build="one"), replace(beat(1, worker="b"), build="two")

    sightings.note([leaving, here], 100)
    told = sightings.builds(101)
    sightings.note([here, beat(1, worker="c")], 102)

    assert told == {"two"}
    assert sightings.builds(103) == frozenset()


@pytest.mark.parametrize(("had_worker", "parts"), [(False, [Part.WORKER]), (True, [])])
def test_workers_that_lacked_before_temporal_was_away_lack_after_it(had_worker: bool, parts: list[Part]) -> None:
    """Others may have to come back, and are waited for."""
    now = monotonic()
    began = now - SETTLING - 120
    watch = Watch(
        temporal=cast("Temporal", None),
        task_queue="tenantry",
        _begun_at=began,
        _answered_at=began,
        _settling_since=began,
    )
    for at in range(0, 61, 4):
        watch.hear([beat(at)] if had_worker else [], began + at)

    watch.hear([], now)

    assert [outage.part for outage in watch.outages] == parts
