"""What pages say of an execution, read aloud."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from console.pages import execution_table, words
from operations.contracts import REQUEST_APPROVAL, SETTLE_APPROVAL
from operations.kinds import known
from operations.phrases import REQUESTS
from operations.queries.execution_views import EventView, ExecutionDetail, ExecutionView, StepView
from operations.queries.intents import CommandView
from operations.statuses import (
    Cause,
    CloseReason,
    CommandKind,
    CommandState,
    Health,
    Status,
    StepStatus,
    TenantStatus,
)

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
SOON = NOW + timedelta(seconds=30)
ID = UUID(int=1)
RUNNING = ExecutionView(
    id=ID,
    workflow_id="tenant-provision-acme",
    workflow_type="tenant_provisioning",
    entity_type="tenant",
    entity_id=ID,
    entity_slug="acme",
    entity_name="Acme Inc.",
    entity_status=TenantStatus.PROVISIONING,
    due_at=None,
    status=Status.RUNNING,
    close_reason=None,
    attempt=1,
    retry_of=None,
    started_at=NOW,
    completed_at=None,
    created_at=NOW,
    updated_at=NOW,
    error_message=None,
    current_step=None,
    steps_done=0,
    steps_total=6,
    last_progress_at=NOW,
    health=Health.OK,
    cause=None,
    cause_detail=None,
    health_since=None,
    cause_since=None,
    requested_by="ada@example.com",
    run_id="run",
    build_id=None,
    verified_at=None,
)
RETRYING = replace(RUNNING, current_step="create_schema", cause=Cause.STEP_RETRYING, cause_detail="OSError: disk full")


def detail(execution: ExecutionView, *steps: StepView) -> ExecutionDetail:
    return ExecutionDetail(execution=execution, steps=steps, events=(), attempts=(), start=None, approval_request=None)


def failing(tries: int) -> StepView:
    return StepView(
        ordinal=2,
        name="create_schema",
        status=StepStatus.RETRYING,
        attempts=tries,
        started_at=NOW,
        tried_at=NOW,
        next_try_at=SOON,
        completed_at=None,
        error="OSError: disk full",
        progress=None,
    )


@pytest.mark.parametrize(
    ("cause", "detail_", "evidence", "said"),
    [
        (
            Cause.WORKFLOW_FAILING,
            "KeyError: no region is known",
            {"tries": 4, "build": "one"},
            "The workflow's code fails. It was tried 4 times so far.",
        ),
        (
            Cause.WORKFLOW_FAILING,
            "no such activity",
            {"build": "one", "is_contradiction": True},
            "The code of build one does not match this run's history.",
        ),
        (Cause.NO_WORKER, None, {"queue": "eu", "workers": 0}, "No worker takes work from the queue “eu”."),
        (Cause.STEP_HANGING, None, {"step": "create_schema"}, "“Create schema” has begun and says nothing."),
        (Cause.GONE, None, {"finding": "gone"}, "Temporal does not know the run any more."),
        (Cause.UNKNOWN, "Nobody has looked.", {}, "Nobody has looked."),
    ],
)
@pytest.mark.parametrize("step", [None, "create_schema"])
def test_a_run_that_stands_still_says_why_and_not_what_it_would_do(
    cause: Cause, detail_: str | None, evidence: dict[str, object], said: str, step: str | None
) -> None:
    run = replace(RUNNING, cause=cause, cause_detail=detail_, evidence=evidence, current_step=step)

    assert words.headline(detail(run)).text == said


def test_a_run_without_a_worker_says_what_it_waits_for_and_since_when() -> None:
    said = words.headline(detail(RUNNING))

    assert (said.text, said.lead, said.since) == ("Waiting for a worker to pick it up", ", for ", NOW)
    assert words.cause(RUNNING) == "Waiting for a worker to pick it up."


@pytest.mark.parametrize(
    ("tries", "text"),
    [
        (1, "Create schema keeps failing (1 try since the last retry)."),
        (3, "Create schema keeps failing (3 tries since the last retry)."),
    ],
)
def test_tries_that_are_counted_anew_say_since_when(tries: int, text: str) -> None:
    again = replace(failing(tries), reset_at=NOW, tried_at=NOW)
    not_yet = replace(failing(27), reset_at=SOON)

    assert words.headline(detail(RETRYING, again)).text == text
    assert words.headline(detail(RETRYING, not_yet)).text == "Create schema keeps failing (27 tries)."


@pytest.mark.parametrize(
    ("tries", "text"),
    [
        (1, "Create schema failed once."),
        (27, "Create schema keeps failing (27 tries)."),
        (1200, "Create schema keeps failing (1,200 tries)."),
    ],
)
def test_a_step_that_fails_says_how_often_and_when_it_is_tried_again(tries: int, text: str) -> None:
    said = words.headline(detail(RETRYING, failing(tries)))

    assert (said.text, said.lead, said.until) == (text, " Next try ", SOON)
    assert words.cause(RETRYING) == "Disk full"


def test_the_line_of_a_failing_step_says_its_root_in_words_and_how_often_it_failed() -> None:
    evidence = {"step": "create_schema", "tries": 27}
    error = 'DiskFull: could not extend file "base/16384/2619": No space left on device\nHINT:  Check free disk space.'
    failing = replace(RETRYING, cause_detail=error, signature="Could not extend file …", evidence=evidence)

    assert words.cause(failing) == "No space left on the database server"
    assert words.tries(failing) == "27 tries"
    assert words.tries(replace(failing, evidence={"tries": 1})) == "1 try"
    assert words.tries(replace(failing, status=Status.COMPLETED)) == ""


def test_what_people_said_is_not_taken_for_an_error() -> None:
    why = "Terminated by ops@example.com: “DiskFull: No space left on device”"
    ended = replace(RUNNING, status=Status.FAILED, close_reason=CloseReason.TERMINATED, error_message=why)

    assert words.cause(ended) == why


def test_what_was_waited_for_before_is_said_again() -> None:
    assert words.cause(replace(RUNNING, cause=Cause.AWAITING_APPROVAL)).startswith("Waiting for an operator")


def test_a_removal_says_until_when_it_can_be_kept_also_while_it_sleeps() -> None:
    leaving = replace(
        RUNNING, cause=Cause.SLEEPING, cause_detail="It sleeps.", due_at=SOON, entity_status=TenantStatus.DEPROVISIONING
    )

    assert words.cause(leaving) == "Waiting until 2026-01-31 12:00 UTC, then all data is deleted."


@pytest.mark.parametrize(
    ("health", "cause", "title"),
    [
        ("ok", "step_retrying", "A step keeps failing"),
        ("stuck", "no_worker", "Found stuck: No worker"),
        ("ok", None, "It goes on"),
        (None, "of a newer version", "It goes on"),
    ],
)
def test_the_event_of_a_diagnosis_says_why_and_how_bad_it_is(health: str | None, cause: str | None, title: str) -> None:
    event = EventView(
        seq=1,
        at=NOW,
        kind="diagnosis",
        from_status=None,
        to_status=None,
        actor="system:diagnosis",
        reason=None,
        error=None,
        health=health,
        cause=cause,
    )

    assert words.event_title(event) == title


@pytest.mark.parametrize("reason", CloseReason)
def test_an_end_is_a_sentence_spelled_in_one_way(reason: CloseReason) -> None:
    ended = replace(RUNNING, status=Status.FAILED, close_reason=reason, current_step="create_schema")

    for execution in (ended, replace(ended, current_step=None)):
        said = words.headline(detail(execution)).text
        assert said.endswith(".")
        assert "canceled" not in said.lower()


def test_an_end_names_its_step() -> None:
    cancelled = replace(RUNNING, status=Status.FAILED, close_reason=CloseReason.CANCELED, current_step="create_schema")

    assert words.headline(detail(cancelled)).text == "Cancelled at the step “Create schema”."
    undecided = replace(cancelled, current_step="request_approval")
    assert words.headline(detail(undecided)).text == "Cancelled while it waited for a decision."


@pytest.mark.parametrize(
    ("tenant", "says"),
    [
        (TenantStatus.ACTIVE, "Cancelled; the tenant is kept and active again."),
        (TenantStatus.FAILED, "Cancelled; the tenant is kept, and failed as it was before."),
        (TenantStatus.PROVISIONING, "Cancelled; the tenant is kept."),
        (TenantStatus.DEPROVISIONING, "Cancelled at the step “Restore tenant”."),
    ],
)
def test_a_tenant_that_was_kept_is_told_as_what_was_wanted(tenant: TenantStatus, says: str) -> None:
    kept = replace(
        RUNNING,
        workflow_type="tenant_deprovisioning",
        entity_status=tenant,
        status=Status.FAILED,
        close_reason=CloseReason.CANCELED,
        current_step="restore_tenant",
    )

    assert words.headline(detail(kept)).text == says


def test_what_ended_between_two_steps_is_not_said_to_have_ended_at_one() -> None:
    cancelled = replace(RUNNING, status=Status.FAILED, close_reason=CloseReason.CANCELED, current_step="create_schema")
    done = replace(failing(1), status=StepStatus.COMPLETED)

    assert words.headline(detail(cancelled, done)).text == "Cancelled after the step “Create schema”."


def between(done: str, next_: str | None, *, steps_done: int = 2) -> ExecutionView:
    return replace(RUNNING, done_step=done, current_step=next_, steps_done=steps_done, steps_total=9)


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (
            between(REQUEST_APPROVAL, SETTLE_APPROVAL),
            "“Ask for approval” is done; next is “Wait for decision”, step 3 of 9.",
        ),
        (between("activate_tenant", None, steps_done=9), "“Activate tenant” is done, the last of 9 steps."),
        (between("load_tenant", None), "“Load tenant” is done; the next step has not begun."),
    ],
)
def test_between_two_steps_neither_is_said_to_run(run: ExecutionView, said: str) -> None:
    assert words.headline(detail(run)).text == said


def test_a_step_that_has_failed_does_not_run_while_its_run_cleans_up() -> None:
    failed = replace(failing(3), status=StepStatus.FAILED, completed_at=NOW)
    cleaning = replace(failing(1), ordinal=3, name="drop_schema", status=StepStatus.RUNNING)
    run = replace(RUNNING, current_step="create_schema")

    assert words.headline(detail(run, failed)).text == "“Create schema” failed; the run has not ended yet."
    assert words.headline(detail(run, failed, cleaning)).text == "“Create schema” failed. Running: Drop schema."


def test_the_event_of_a_cancel_does_not_say_failed() -> None:
    event = EventView(
        seq=1,
        at=NOW,
        kind="status",
        from_status=Status.RUNNING,
        to_status=Status.FAILED,
        actor="system:worker",
        reason=None,
        error=None,
    )

    assert words.event_title(event, how="cancelled") == "Status: running → cancelled"


@pytest.mark.parametrize("kind", CommandKind)
@pytest.mark.parametrize("state", CommandState)
def test_every_request_has_words(kind: CommandKind, state: CommandState) -> None:
    command = _command(kind, state)

    assert words.command_title(command).startswith(REQUESTS[kind])


def test_a_request_on_its_way_names_who_asked_and_where_it_is() -> None:
    waiting = _command(CommandKind.CANCEL, CommandState.QUEUED)

    said = words.pending_command([replace(waiting, error="Temporal cannot be reached: its name is unknown.")])

    assert said == (
        "Cancellation requested by ops@example.com; it has not reached Temporal yet and is sent again by itself. "
        "Temporal cannot be reached: its name is unknown."
    )


def test_a_step_is_called_by_what_it_waits_for() -> None:
    assert known().step_title(SETTLE_APPROVAL) == "Wait for decision"
    assert known().step_title("create_schema") == "Create schema"


def _command(kind: CommandKind, state: CommandState) -> CommandView:
    return CommandView(
        id=ID,
        kind=kind,
        execution_id=ID,
        state=state,
        requested_by="ops@example.com",
        reason="customer came back",
        tries=0,
        error=None,
        created_at=NOW,
        settled_at=None,
    )


def test_a_row_that_does_not_go_on_as_it_should_says_who_must_act() -> None:
    slow, stuck = (replace(RETRYING, health=each) for each in (Health.SLOW, Health.STUCK))
    asks = replace(stuck, cause=Cause.AWAITING_APPROVAL)
    sleeps = replace(stuck, cause=Cause.SLEEPING)

    said = [execution_table.row(each)["owner"] for each in (slow, stuck, asks, sleeps)]

    assert said == [
        "Whoever runs the installation",
        "Whoever runs the installation",
        "An operator",
        "Nobody: it goes on by itself",
    ]


def test_nobody_is_named_who_need_not_act() -> None:
    ended = replace(RETRYING, health=Health.STUCK, status=Status.FAILED)
    unknown_to_us = replace(RUNNING, health=Health.STUCK, cause="of_a_newer_version")

    assert [execution_table.row(each)["owner"] for each in (RUNNING, RETRYING, ended, unknown_to_us)] == [""] * 4
