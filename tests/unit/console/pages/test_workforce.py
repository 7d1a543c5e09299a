"""What the page of the workers says first."""

from dataclasses import replace

from console.components.badges import Tone
from console.pages.workforce import verdict
from operations.queries.workforce_views import Workforce
from operations.statuses import Cause, Health
from tests.unit.console.pages.test_incidents import FULL, SINCE, group

NOBODY = Workforce(has_worker=False, workers=(), builds=(), rows=(), pollers=(), patches=(), schedules=())


def test_runs_that_wait_for_workers_are_told_with_queue_since_when_and_who_must_act() -> None:
    stranded = group(Cause.NO_WORKER, Health.STUCK, 3, detail="No worker takes work from the queue “eu”.")

    said = verdict((FULL, stranded), NOBODY)

    assert said.text == "3 runs are stuck: no worker takes work from the queue “eu”."
    assert (said.tone, said.since) == (Tone.STUCK, SINCE)
    assert said.then == "Whoever runs the installation must act."


def test_without_any_worker_nothing_is_called_well() -> None:
    assert verdict((FULL,), NOBODY).text == "No worker is at work."


def test_while_nobody_can_tell_of_workers_the_page_calls_them_neither_gone_nor_well() -> None:
    said = verdict((FULL,), replace(NOBODY, has_worker=None))

    assert said.text == "Nobody can tell yet whether a worker is at work."
    assert said.tone is Tone.UNKNOWN
