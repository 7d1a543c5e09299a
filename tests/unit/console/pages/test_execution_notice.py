"""What the card at the top of an execution rests on, who must act and what helps."""

from dataclasses import replace
from datetime import timedelta

import pytest

from console.pages import words
from console.pages.execution_notice import beside, evidence, what_helps, who_must_act, wrong
from operations.diagnosis.advice import ADVICE
from operations.queries.execution_views import StartView
from operations.statuses import Cause, CloseReason, CommandState, Health, Status
from tests.unit.console.pages.test_words import ID, NOW, RETRYING, RUNNING, SOON, detail, failing

LATER = NOW + timedelta(hours=1)
WAITING = StartView(state=CommandState.QUEUED, tries=3, next_try_at=LATER, error=None)
STUCK = replace(RETRYING, health=Health.STUCK, health_since=SOON, steps_done=1)


def test_a_failing_step_rests_on_facts_with_their_age() -> None:
    told = {fact.label: fact.value for fact in evidence(detail(STUCK, replace(failing(27), tried_at=LATER)))}

    assert told == {
        "Stuck since": SOON,
        "Step": "Create schema, 2 of 6",
        "Tries": "27",
        "Latest try": LATER,
        "Next try": SOON,
        "Last progress": NOW,
    }
    assert [fact.label for fact in evidence(detail(STUCK, failing(27))) if fact.is_due] == ["Next try"]
    assert who_must_act(STUCK) == "Whoever runs the installation must act."
    assert what_helps(STUCK) == ADVICE[Cause.STEP_RETRYING].action


def test_a_start_that_waits_says_its_error_once_when_its_cause_is_known_too() -> None:
    refused = replace(WAITING, error="TemporalUnavailable: Temporal does not answer.")
    cause = "Its start was tried 3 times. Temporal does not answer."
    run = replace(RUNNING, status=Status.PENDING, cause=Cause.TEMPORAL_UNREACHABLE, cause_detail=cause)
    known = replace(detail(run), start=refused)

    assert words.headline(known).text.count("Temporal does not answer.") == 1
    assert beside(words.headline(known), wrong(known)) == ""


def test_without_a_worker_the_queue_and_the_number_of_its_workers_are_told() -> None:
    run = replace(RUNNING, cause=Cause.NO_WORKER, health_since=NOW, evidence={"queue": "tenantry", "workers": 0})

    assert [(fact.label, fact.value) for fact in evidence(detail(run))] == [
        ("Since", NOW),
        ("Queue", "tenantry, no workers"),
    ]


@pytest.mark.parametrize(
    ("cause", "label"),
    [(Cause.WORKFLOW_FAILING, "Build whose code fails"), (Cause.WRONG_BUILD, "Build that it needs")],
)
def test_a_build_is_told_as_what_fails_or_as_what_is_missing(cause: Cause, label: str) -> None:
    run = replace(RUNNING, cause=cause, health_since=NOW, evidence={"build": "one"})

    assert (label, "one") in [(fact.label, fact.value) for fact in evidence(detail(run))]


def test_a_difference_leads_to_the_finding() -> None:
    run = replace(RUNNING, cause=Cause.DRIFTED, health=Health.DRIFT, health_since=NOW, evidence={"finding": "ended"})

    found = list(evidence(detail(run)))[-1]

    assert found.href == "/reconciliation?q=tenant-provision-acme"


def test_what_is_well_or_was_called_off_rests_on_nothing_and_needs_nobody() -> None:
    off = replace(RUNNING, status=Status.FAILED, close_reason=CloseReason.CANCELED, completed_at=LATER)

    for well in (RUNNING, off, replace(off, status=Status.COMPLETED, close_reason=None)):
        assert list(evidence(detail(well))) == []
        assert (who_must_act(well), what_helps(well)) == (None, None)


def test_a_failure_that_stands_says_what_helps_and_one_that_was_superseded_does_not() -> None:
    failed = replace(RUNNING, status=Status.FAILED, close_reason=CloseReason.ERROR, completed_at=LATER)

    assert what_helps(failed) == "Mend what the error says, then retry: that begins a new attempt."
    assert what_helps(replace(failed, superseded_by=ID)) is None
    assert [fact.label for fact in evidence(detail(failed))] == ["Failed"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("Temporal does not answer.", "Temporal does not answer."),
        ("The search attribute OperationUUID is not there", "The search attribute OperationUUID is not there."),
        ('OSError: connection to server at "db" failed', "The database server cannot be reached."),
    ],
)
def test_the_error_of_a_start_that_waits_is_said_once(error: str, said: str) -> None:
    queued = replace(RUNNING, status=Status.PENDING, cause=Cause.NOT_STARTED, cause_detail=error)
    headline = words.headline(replace(detail(queued), start=replace(WAITING, error=error)))

    assert headline.text == f"Queued: {said} The start was tried 3 times; it is tried again by itself."
    assert beside(headline, error) == ""
    assert beside(headline, "another one since then") == "Another one since then"
