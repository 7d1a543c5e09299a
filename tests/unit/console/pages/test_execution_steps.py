"""What the timeline of an execution makes of what is known."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from console.pages.execution_steps import timeline
from operations.contracts import REQUEST_APPROVAL, SETTLE_APPROVAL
from operations.diagnosis.advice import advice
from operations.queries.approval_views import ApprovalRequestView
from operations.queries.execution_views import EventView, ExecutionDetail, StepView
from operations.statuses import Cause, Status, StepStatus
from tests.unit.console.pages.test_words import NOW, RETRYING, RUNNING, SOON, detail, failing

LATER = NOW + timedelta(hours=1)
MINUTES = [NOW + timedelta(minutes=number) for number in range(20)]
LOADED = StepView(
    ordinal=1,
    name="load_tenant",
    status=StepStatus.COMPLETED,
    attempts=1,
    started_at=NOW,
    tried_at=NOW,
    next_try_at=None,
    completed_at=SOON,
    error=None,
    progress=None,
)


def asked(*, is_open: bool) -> ExecutionDetail:
    run = replace(RUNNING, current_step=REQUEST_APPROVAL, cause=Cause.AWAITING_APPROVAL if is_open else None)
    request = ApprovalRequestView(
        requested_at=SOON, expires_at=LATER, is_open=is_open, decided_at=None if is_open else MINUTES[12]
    )
    return replace(detail(run, LOADED), approval_request=request, planned=(SETTLE_APPROVAL, "create_schema"))


def test_the_wait_for_a_decision_is_what_lasts_now_and_its_limit_is_told() -> None:
    drawn = timeline(asked(is_open=True), {"create_schema": 2.5, SETTLE_APPROVAL: 0.05})

    _, wait, schema = drawn.steps
    assert (wait.name, wait.status, wait.started) == ("Wait for decision", "waiting", None)
    assert wait.usual is None  # that of the step, not that of people
    assert [(each.text, each.began, each.ended) for each in wait.waits] == [("Waiting for approval", SOON, None)]
    assert (schema.status, schema.started, schema.usual) == ("pending", None, 2.5)
    assert [each.at for each in drawn.deadlines] == [LATER]


def test_a_decision_that_was_made_has_no_limit_any_more() -> None:
    drawn = timeline(asked(is_open=False), {})

    assert [each.text for step in drawn.steps for each in step.waits] == ["Waiting for approval", "Nothing ran"]
    assert drawn.deadlines == ()


def test_a_decided_wait_stays_in_the_line_although_its_step_took_a_moment() -> None:
    settled = replace(LOADED, ordinal=3, name=SETTLE_APPROVAL, started_at=LATER, tried_at=LATER, completed_at=LATER)

    [_, wait] = timeline(detail(RUNNING, LOADED, settled), {}).steps

    assert [(each.text, each.began, each.ended) for each in wait.waits] == [("Waiting for approval", SOON, LATER)]


APPROVED = [("Waiting for approval", SOON, MINUTES[12]), ("No worker", MINUTES[12], MINUTES[14])]


def test_a_wait_for_a_decision_ends_with_it_and_what_keeps_the_run_then_does_so_since_then() -> None:
    events = (found(Cause.AWAITING_APPROVAL, SOON), found(None, MINUTES[12]), found(Cause.NO_WORKER, MINUTES[13]))
    decided = replace(asked(is_open=False), events=events)
    stranded = replace(decided, execution=replace(decided.execution, cause=Cause.NO_WORKER, cause_since=MINUTES[12]))
    settled = replace(
        LOADED, ordinal=2, name=SETTLE_APPROVAL, started_at=MINUTES[14], tried_at=MINUTES[14], completed_at=MINUTES[14]
    )
    done = replace(decided, steps=(LOADED, settled), execution=RUNNING)

    _, now, *_ = timeline(stranded, {}).steps
    _, then, *_ = timeline(done, {}).steps
    _, not_looked_yet, *_ = timeline(replace(decided, events=events[:2]), {}).steps

    assert [(each.text, each.began, each.ended) for each in then.waits] == APPROVED
    assert [(each.text, each.began) for each in now.waits] == [(text, began) for text, began, _ in APPROVED]
    assert [each.text for each in not_looked_yet.waits] == ["Waiting for approval", "Nothing ran"]


@pytest.mark.parametrize("cause", [Cause.SLEEPING, Cause.WAITING, Cause.STEP_PAUSED, Cause.RUN_PAUSED])
def test_other_waits_end_as_well_and_no_later_cause_takes_their_time(cause: Cause) -> None:
    events = (found(cause, SOON), found(None, MINUTES[5]), found(Cause.NO_WORKER, MINUTES[6]))
    run = replace(RUNNING, cause=Cause.NO_WORKER, cause_since=MINUTES[5])
    stranded = replace(detail(run, LOADED), events=events, planned=("load_tenant", "create_schema"))
    late = replace(LOADED, ordinal=2, name="create_schema", started_at=MINUTES[9], tried_at=MINUTES[9])

    _, now = timeline(stranded, {}).steps
    _, then = timeline(replace(stranded, steps=(LOADED, late), execution=RUNNING), {}).steps

    assert [(each.began, each.ended) for each in now.waits] == [(SOON, MINUTES[5]), (MINUTES[5], None)]
    assert [(each.began, each.ended) for each in then.waits] == [(SOON, MINUTES[5]), (MINUTES[5], MINUTES[9])]
    assert [each.text for each in now.waits] == [each.text for each in then.waits] == [advice(cause).title, "No worker"]


def test_a_step_whose_tries_are_counted_anew_was_tried_before() -> None:
    schema = replace(failing(1), status=StepStatus.COMPLETED, reset_at=SOON, tried_at=SOON, completed_at=LATER)

    drawn, *_ = timeline(detail(RETRYING, schema), {}).steps

    assert drawn.counted == "1 try since the last retry"
    assert (drawn.started, drawn.tried) == (SOON, (SOON,))
    assert [(wait.text, wait.began, wait.ended, wait.is_of_tries) for wait in drawn.waits] == [
        ("Tries before the last retry", NOW, SOON, True)
    ]


def test_the_tries_since_a_retry_begin_with_it_and_those_before_are_told_apart() -> None:
    latest = LATER + timedelta(minutes=5)
    again = replace(failing(3), reset_at=LATER, tried_at=latest)

    [drawn] = timeline(detail(RETRYING, again), {}).steps

    assert (drawn.started, drawn.tried, drawn.counted) == (LATER, (latest,), "3 tries since the last retry")
    assert [(wait.began, wait.ended, wait.is_of_tries) for wait in drawn.waits] == [(NOW, LATER, True)]


def test_until_the_try_that_was_asked_for_begins_the_tries_are_those_before() -> None:
    asked_for = replace(failing(27), reset_at=LATER, tried_at=SOON)

    [drawn] = timeline(detail(RETRYING, asked_for), {}).steps

    assert (drawn.started, drawn.tried, drawn.waits) == (NOW, (NOW, SOON), ())


def test_a_failing_step_shows_the_tries_that_are_known_and_when_the_next_one_is() -> None:
    [schema] = timeline(detail(RETRYING, replace(failing(27), tried_at=LATER)), {}).steps

    assert (schema.tries, schema.tried, schema.next_try) == (27, (NOW, LATER), SOON)
    assert (schema.started, schema.ended) == (NOW, None)


def test_of_a_step_that_succeeded_after_all_only_the_last_try_is_work() -> None:
    healed = replace(failing(3), status=StepStatus.COMPLETED, tried_at=SOON, completed_at=LATER)

    [schema] = timeline(detail(RUNNING, healed), {}).steps[:1]

    assert (schema.started, schema.ended) == (SOON, LATER)
    assert [(each.began, each.ended) for each in schema.waits] == [(NOW, SOON)]


def test_a_step_that_could_not_begin_waited_for_what_was_found_to_be_wrong() -> None:
    late = replace(LOADED, started_at=LATER, tried_at=LATER, completed_at=LATER)
    minutes = [NOW + timedelta(minutes=number) for number in range(5)]
    causes = (Cause.UNKNOWN, Cause.NO_WORKER, Cause.NO_WORKER, Cause.WORKFLOW_FAILING, None)
    events = tuple(found(cause, at) for cause, at in zip(causes, minutes, strict=True))

    [drawn] = timeline(replace(detail(RUNNING, late), events=events), {}).steps

    assert [(each.text, each.began, each.ended) for each in drawn.waits] == [
        ("No worker", NOW, minutes[3]),
        ("The workflow's code fails", minutes[3], LATER),
    ]


def test_between_two_steps_it_is_said_why_nothing_ran_where_that_was_found() -> None:
    late = replace(LOADED, ordinal=2, name="create_schema", started_at=LATER, tried_at=LATER, completed_at=LATER)
    broken = replace(detail(RUNNING, LOADED, late), events=(found(Cause.WORKFLOW_FAILING, SOON),))

    [_, schema] = timeline(broken, {}).steps

    assert [(each.text, each.began, each.ended) for each in schema.waits] == [
        ("The workflow's code fails", SOON, LATER)
    ]


def found(cause: Cause | None, at: datetime) -> EventView:
    return EventView(
        seq=1,
        at=at,
        kind="diagnosis",
        from_status=None,
        to_status=None,
        actor="system:watcher",
        reason=None,
        error=None,
        health="slow",
        cause=cause,
    )


def test_without_a_worker_the_next_step_waits_for_one_since_the_last_one_ended() -> None:
    stranded = replace(
        detail(replace(RUNNING, cause=Cause.NO_WORKER), LOADED), planned=("load_tenant", "create_schema")
    )

    [_, schema] = timeline(stranded, {}).steps

    assert [(each.text, each.began) for each in schema.waits] == [("No worker", SOON)]


def test_a_run_of_a_kind_without_a_plan_says_what_it_waits_for() -> None:
    [_, wait] = timeline(detail(replace(RUNNING, cause=Cause.WAITING), LOADED), {}).steps

    assert (wait.name, wait.status) == ("Waiting", "waiting")


def test_what_temporal_never_had_waits_since_it_was_requested() -> None:
    queued = replace(RUNNING, status=Status.PENDING, started_at=None, cause=Cause.TEMPORAL_UNREACHABLE)

    [start] = timeline(detail(queued), {}).steps

    assert (start.name, start.status) == ("Start", "waiting")
    assert [(each.text, each.began) for each in start.waits] == [("Temporal does not answer", NOW)]


def test_what_has_ended_ends_its_timeline_and_has_nothing_to_come() -> None:
    ended = replace(RUNNING, status=Status.FAILED, completed_at=LATER)
    left_running = replace(LOADED, status=StepStatus.RUNNING, completed_at=None)

    drawn = timeline(replace(detail(ended, left_running), planned=("load_tenant", "create_schema")), {})

    assert drawn.ended == LATER
    assert [(step.name, step.ended) for step in drawn.steps] == [("Load tenant", LATER)]
