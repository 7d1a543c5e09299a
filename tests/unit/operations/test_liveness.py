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


def watching(*, since: float) -> Watch:
    """One that began to look then."""
    return Watch(
        temporal=cast("Temporal", None),
        task_queue="tenantry",
        _begun_at=since,
        _answered_at=since,
        _settling_since=since,
    )


@pytest.mark.parametrize(("had_worker", "parts"), [(False, [Part.WORKER]), (True, [])])
def test_workers_that_lacked_before_temporal_was_away_lack_after_it(had_worker: bool, parts: list[Part]) -> None:
    """Others may have to come back, and are waited for."""
    now = monotonic()
    began = now - SETTLING - 120
    watch = watching(since=began)
    for at in range(0, 61, 4):
        watch.hear([beat(at)] if had_worker else [], began + at)

    watch.hear([], now)

    assert [outage.part for outage in watch.outages] == parts
    assert watch.workers is (None if had_worker else False)


def test_a_list_from_which_all_that_lived_are_gone_was_begun_anew_and_says_nothing_of_them() -> None:
    now = monotonic()
    watch = watching(since=now - 60)
    for ago in range(60, 0, -2):
        watch.hear([beat(ago)], now - ago)

    watch.hear([], now)

    assert (watch.workers, watch.outages) == (None, ())


def test_who_is_still_listed_and_silent_is_gone_although_temporal_answers_without_a_break() -> None:
    now = monotonic()
    watch = watching(since=now - 60)
    for ago in range(60, 0, -1):
        watch.hear([beat(1 if ago < 20 else ago)], now - ago)

    assert (watch.workers, [outage.part for outage in watch.outages]) == (False, [Part.WORKER])


def test_while_temporal_says_nothing_time_alone_makes_no_worker_gone() -> None:
    now = monotonic()
    watch = watching(since=now - 60)
    for ago in (*range(60, 5, -1), 4.5):
        watch.hear([beat(int(max(ago, 9)))], now - ago)

    assert (watch.workers, watch.outages) == (True, ())


def test_after_a_break_only_those_are_silent_that_were_so_before() -> None:
    now = monotonic()
    watch = watching(since=now - 120)
    for ago in range(120, 60, -1):
        watch.hear([beat(ago), beat(1, worker="dead")], now - ago)

    watch.hear([beat(61), beat(1, worker="dead")], now)

    assert watch.silent_since("a") is None
    assert watch.silent_since("dead") is not None
    assert watch.workers is None


@pytest.mark.parametrize(("returned", "told"), [(True, None), (False, False)])
def test_a_break_between_two_looks_that_somebody_else_noticed_is_one(returned: bool, told: bool | None) -> None:
    """A worker whose latest sign is as old as that could not give another."""
    now = monotonic()
    watch = replace(watching(since=now - 120), every=15)
    for ago in (120, 105, 90, 75, 60, 45, 30, 15):
        watch.hear([beat(ago)], now - ago)
    if returned:
        watch.know_of_return(now - 1)

    watch.hear([beat(15)], now)

    assert watch.workers is told
