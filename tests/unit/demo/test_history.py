from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from demo import history
from demo.history import Story
from demo.passes import passes
from operations.statuses import CloseReason, PassOutcome, Status, StepStatus, TenantStatus

NOW = datetime(2026, 11, 28, 10, 37, tzinfo=UTC)
MOMENTS = [NOW, datetime(2026, 2, 2, 0, 5, tzinfo=UTC), datetime(2027, 7, 4, 23, 59, tzinfo=UTC)]


@pytest.fixture(scope="module")
def story() -> Story:
    return history.tell(7, NOW)


def test_a_seed_and_a_moment_tell_one_story(story: Story) -> None:
    again, other = history.tell(7, NOW), history.tell(8, NOW)

    assert (again.runs, again.fates, again.deeds, again.found) == (story.runs, story.fates, story.deeds, story.found)
    assert other.runs != story.runs


@pytest.mark.parametrize("now", MOMENTS)
def test_runs_have_ended_in_every_way_whenever_it_begins(now: datetime) -> None:
    told = history.tell(7, now)

    ways = {None if run.end is None else run.end.how for run in told.runs}
    assert ways == {None, *CloseReason}
    assert {fate.status for fate in told.fates} == {TenantStatus.ACTIVE, TenantStatus.FAILED, TenantStatus.DELETED}


@pytest.mark.parametrize("now", MOMENTS)
def test_nothing_happens_before_its_time_nor_in_the_future(now: datetime) -> None:
    told = history.tell(7, now)

    for run in told.runs:
        assert now - timedelta(days=22) < run.created_at <= (run.started_at or run.ended_at) <= run.ended_at < now
        for step in run.steps:
            assert run.created_at <= step.began_at <= step.tried_at
            assert step.ended_at is None or step.tried_at <= step.ended_at <= run.ended_at
    assert all(deed.at < now for deed in told.deeds)


def test_days_are_busier_than_nights_and_weekdays_than_weekends(story: Story) -> None:
    hours = Counter(fate.created_at.hour for fate in story.fates)
    days = Counter(fate.created_at.weekday() >= 5 for fate in story.fates)

    assert sum(hours[hour] for hour in range(8, 18)) > 5 * sum(hours[hour] for hour in (22, 23, 0, 1, 2, 3, 4, 5))
    assert days[False] / 5 > 2 * days[True] / 2


@pytest.mark.parametrize("now", MOMENTS)
def test_one_release_was_a_bad_one_and_its_runs_were_made_good(now: datetime) -> None:
    told = history.tell(7, now)

    during = [run for run in told.runs if told.release.covers(run.created_at)]
    failed = [run for run in during if run.end is not None]
    assert 2 * len(failed) > len(during) > 5
    assert {run.build for run in during} == {told.release.build}
    assert not any(run.build == told.release.build for run in told.runs if run not in during)
    again = {run.retry_of for run in told.runs if run.retry_of is not None and run.status is Status.COMPLETED}
    assert 2 * len([run for run in failed if run.id in again]) > len(failed)


def test_a_tenant_stands_as_its_last_attempt_ended(story: Story) -> None:
    for fate in story.fates:
        mine = [run for run in story.runs if run.customer.id == fate.customer.id]
        last = max(mine, key=lambda run: run.created_at)
        assert (fate.status is TenantStatus.FAILED) == (last.status is Status.FAILED)
        assert [run.attempt for run in mine if run.kind is mine[0].kind] == list(
            range(1, 1 + len([run for run in mine if run.kind is mine[0].kind]))
        )


def test_no_two_customers_are_confused(story: Story) -> None:
    everybody = [*(fate.customer for fate in story.fates), *story.newcomers]

    for names in ([each.slug for each in everybody], [each.owner_email for each in everybody]):
        assert len(set(names)) == len(names)
    assert len(story.newcomers) > 500


def test_a_completed_run_has_taken_all_of_its_steps(story: Story) -> None:
    for run in story.runs:
        if run.status is Status.COMPLETED:
            assert [step.name for step in run.steps] == list(run.planned)
            assert {step.status for step in run.steps} == {StepStatus.COMPLETED}


def test_each_finding_belongs_to_a_pass_that_came_after_it(story: Story) -> None:
    made = passes(story)

    seen = [(found, each) for each in made for found in each.findings]
    assert [found for found, _ in seen] == story.found
    assert all(found.at <= each.started_at for found, each in seen)
    assert PassOutcome.UNREACHABLE in {each.outcome for each in made}
