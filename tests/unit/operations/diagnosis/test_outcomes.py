"""That a retry was accepted is not that it helped."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from operations.diagnosis.outcomes import Before, Now, Retry, outcome
from operations.phrases import OUTCOMES
from operations.statuses import Cause, CommandState, Outcome, Status, StepStatus

ASKED = datetime(2026, 11, 28, 12, tzinfo=UTC)
LATER, EARLIER = ASKED + timedelta(seconds=5), ASKED - timedelta(seconds=5)
STANDS = Now(
    status=Status.RUNNING,
    cause=Cause.STEP_RETRYING,
    signature="Disk full",
    steps_done=2,
    step_status=StepStatus.RETRYING,
    step_tried_at=EARLIER,
)
STEP = Retry(
    state=CommandState.DELIVERED,
    asked_at=ASKED,
    is_new_attempt=False,
    is_over=False,
    before=Before(step="create_schema", signature="Disk full", steps_done=2),
    now=STANDS,
)
ATTEMPT = replace(STEP, is_new_attempt=True, now=replace(STANDS, cause=None, steps_done=0, step_status=None))


@pytest.mark.parametrize(
    ("retry", "what"),
    [
        (STEP, None),
        (replace(STEP, state=CommandState.QUEUED, now=replace(STANDS, steps_done=3)), None),
        (replace(STEP, state=CommandState.FAILED), Outcome.NOT_DONE),
        (replace(STEP, now=replace(STANDS, step_status=StepStatus.COMPLETED)), Outcome.MOVED_ON),
        (replace(STEP, now=replace(STANDS, steps_done=3)), Outcome.MOVED_ON),
        (replace(STEP, now=replace(STANDS, status=Status.COMPLETED)), Outcome.MOVED_ON),
        (replace(STEP, now=replace(STANDS, step_tried_at=LATER)), Outcome.FAILED_AGAIN),
        (replace(STEP, now=replace(STANDS, step_tried_at=LATER, signature="Quota")), Outcome.FAILED_OTHERWISE),
        (replace(STEP, now=replace(STANDS, step_tried_at=LATER, step_status=StepStatus.RUNNING)), None),
        (replace(STEP, is_over=True), Outcome.NOT_IN_TIME),
        (ATTEMPT, None),
        (replace(ATTEMPT, now=replace(ATTEMPT.now, steps_done=3)), Outcome.MOVED_ON),
        (replace(ATTEMPT, now=replace(ATTEMPT.now, cause=Cause.STEP_RETRYING)), Outcome.FAILED_AGAIN),
        (replace(ATTEMPT, now=replace(ATTEMPT.now, status=Status.FAILED)), Outcome.FAILED_AGAIN),
        (replace(ATTEMPT, now=replace(ATTEMPT.now, status=Status.FAILED, signature="Q")), Outcome.FAILED_OTHERWISE),
        (replace(ATTEMPT, now=replace(ATTEMPT.now, cause=Cause.AWAITING_APPROVAL), is_over=True), Outcome.NOT_IN_TIME),
    ],
)
def test_what_became_of_a_retry(retry: Retry, what: Outcome | None) -> None:
    assert outcome(retry) is what


def test_every_outcome_has_words() -> None:
    assert set(OUTCOMES) == set(Outcome)
