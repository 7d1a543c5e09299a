"""The second badge tells how a run really is doing, beside the engine's word."""

from dataclasses import replace
from datetime import timedelta

import pytest

from console.components.badges import Sign, Tone
from console.pages import execution_table
from console.pages.signs import sign
from operations.queries.execution_views import ExecutionView
from operations.queries.triage_views import TriageView
from operations.statuses import Cause, CloseReason, Health, Status, TenantStatus
from tests.unit.console.pages.test_words import NOW, RETRYING, RUNNING

LATER = NOW + timedelta(minutes=42)
UNTIL = "2026-12-04T23:19:00+00:00"
WAITS = replace(RUNNING, cause=Cause.AWAITING_APPROVAL, health_since=LATER, cause_since=LATER)
LEAVES = replace(RUNNING, entity_status=TenantStatus.DEPROVISIONING, due_at=LATER)


@pytest.mark.parametrize(
    ("execution", "second"),
    [
        (RUNNING, None),
        (replace(RETRYING, evidence={"tries": 27}), Sign(tone=Tone.RETRYING, word="Retrying ×27")),
        (RETRYING, Sign(tone=Tone.RETRYING, word="Retrying")),
        (replace(RETRYING, health=Health.STUCK, health_since=LATER), Sign(tone=Tone.STUCK, word="Stuck", since=LATER)),
        (replace(RUNNING, health=Health.STUCK), Sign(tone=Tone.STUCK, word="Stuck", since=NOW)),
        (replace(RUNNING, health=Health.SLOW, health_since=NOW), Sign(tone=Tone.RETRYING, word="Slow", since=NOW)),
        (replace(RUNNING, health=Health.UNKNOWN), Sign(tone=Tone.UNKNOWN, word="Unknown")),
        (replace(RUNNING, health=Health.DRIFT, cause=Cause.DRIFTED), Sign(tone=Tone.DRIFT, word="Drift")),
        (WAITS, Sign(tone=Tone.WAITING, word="Waiting for approval")),
        (replace(WAITS, health=Health.SLOW), Sign(tone=Tone.WAITING, word="Waiting for approval")),
        (
            replace(RUNNING, cause=Cause.SLEEPING, evidence={"until": UNTIL}),
            Sign(tone=Tone.PLANNED, word="Until 2026-12-04 23:19 UTC"),
        ),
        (replace(RUNNING, cause=Cause.SLEEPING), Sign(tone=Tone.PLANNED, word="Sleeping")),
        (LEAVES, Sign(tone=Tone.PLANNED, word="Until 2026-01-31 12:42 UTC")),
        (replace(RUNNING, cause=Cause.NO_WORKER), Sign(tone=Tone.RETRYING, word="No worker")),
        (replace(RUNNING, cause="of a newer version"), None),
    ],
)
def test_the_second_badge_says_what_the_engines_word_does_not(execution: ExecutionView, second: Sign | None) -> None:
    assert sign(execution) == second


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED])
def test_an_end_says_all_by_itself(status: Status) -> None:
    ended = replace(RETRYING, status=status, close_reason=CloseReason.ERROR, completed_at=NOW, health=Health.STUCK)

    assert sign(ended) is None


def test_what_is_snoozed_keeps_its_word_and_loses_its_colour() -> None:
    said = TriageView(acknowledged_by=None, acknowledged_at=None, snoozed_by="ada", snoozed_until=LATER, assignee=None)
    stuck = replace(RETRYING, health=Health.STUCK, health_since=LATER, triage=said)

    assert sign(stuck) == Sign(tone=Tone.PLANNED, word="Stuck", since=LATER)
    assert sign(replace(stuck, triage=replace(said, snoozed_until=None))) == sign(replace(stuck, triage=None))


@pytest.mark.parametrize("health", Health)
@pytest.mark.parametrize("cause", [None, *Cause])
def test_whatever_does_not_go_on_has_a_badge(cause: Cause | None, health: Health) -> None:
    execution = replace(RUNNING, cause=cause, health=health)

    second = sign(execution)

    assert (second is None) == (health is Health.OK and cause in (None, Cause.NOT_STARTED, Cause.UNKNOWN))


def test_a_row_has_the_badge_and_its_colour() -> None:
    row = execution_table.row(replace(RETRYING, health=Health.STUCK, health_since=LATER))

    assert (row["sign"], row["tone"], row["sign_since"]) == ("Stuck", "stuck", LATER.timestamp())
