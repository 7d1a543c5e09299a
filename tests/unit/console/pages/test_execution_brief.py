"""The brief for a ticket: all that somebody without access needs, and nothing that may not leave."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from console.pages.execution_brief import brief
from console.pages.known_execution import Known
from operations.queries.execution_views import AttemptView, ExecutionView, StartView, StepView
from operations.queries.intents import CommandView
from operations.queries.triage_views import TriageView
from operations.statuses import Cause, CloseReason, CommandKind, CommandState, Health, Outcome, Status
from tests.unit.console.pages.test_words import ID, NOW, RETRYING, RUNNING, detail, failing

STUCK = replace(
    RETRYING,
    health=Health.STUCK,
    health_since=NOW,
    signature="Disk full",
    evidence={"step": "create_schema", "tries": 27},
    attempt=2,
)
TRIED = CommandView(
    id=ID,
    kind=CommandKind.RETRY_STEP,
    execution_id=ID,
    state=CommandState.DELIVERED,
    requested_by="ada@example.com",
    reason="space was freed",
    tries=1,
    error=None,
    created_at=NOW + timedelta(minutes=5),
    settled_at=None,
    outcome=Outcome.FAILED_AGAIN,
)
BEFORE = AttemptView(
    id=UUID(int=2),
    workflow_id="tenant-provision-acme",
    attempt=1,
    status=Status.FAILED,
    close_reason=CloseReason.TIMED_OUT,
    created_at=NOW,
)


def known(run: ExecutionView, *steps: StepView, commands: tuple[CommandView, ...] = ()) -> Known:
    now = replace(BEFORE, id=run.id, attempt=2, status=run.status, close_reason=None)
    return Known(detail=replace(detail(run, *steps), attempts=(BEFORE, now)), commands=commands, decisions=(), usual={})


def test_the_error_of_a_start_that_waits_is_told_once() -> None:
    error = "The search attribute OperationUUID is not there."
    queued = replace(RUNNING, status=Status.PENDING, cause=Cause.NOT_STARTED, cause_detail=error)
    start = StartView(state=CommandState.QUEUED, tries=3, next_try_at=NOW, error=error)
    waiting = known(queued)

    [wrong] = [
        line
        for line in brief(replace(waiting, detail=replace(waiting.detail, start=start))).splitlines()
        if "What is wrong" in line
    ]

    assert wrong.count("OperationUUID") == 1


def test_what_people_have_said_is_told_too() -> None:
    seen = TriageView(
        acknowledged_by="ada@example.com",
        acknowledged_at=NOW,
        snoozed_by=None,
        snoozed_until=None,
        assignee="_sue_@example.com",
    )

    lines = brief(known(replace(STUCK, triage=seen))).splitlines()

    assert (
        "- **Triage:** Acknowledged by ada@example.com on 2026-01-31 12:00 UTC. Assigned to \\_sue\\_@example.com."
        in lines
    )


def test_a_stuck_run_is_told_with_cause_since_tries_and_what_was_tried() -> None:
    assert brief(known(STUCK, failing(27), commands=(TRIED,))).splitlines() == [
        "**Acme Inc.** (acme): Provisioning, attempt 2",
        "",
        "- **Status:** running, stuck",
        "- **What is wrong:** Create schema keeps failing (27 tries). Disk full",
        "- **Since:** 2026-01-31 12:00 UTC",
        "- **Step:** Create schema, 27 tries, the latest 2026-01-31 12:00 UTC",
        "- **Last progress:** 2026-01-31 12:00 UTC",
        "- **What helps:** Whoever runs the installation must act. "
        "Mend what the error says. The step is tried again by itself.",
        "- **What was tried:**",
        "  - 2026-01-31 12:05 UTC: Try of the step delivered to Temporal, asked for by ada@example.com: "
        "“space was freed” (failed again with the same error)",
        "- **Attempts:** 1 timed out, 2 running",
        "- **Workflow id:** tenant-provision-acme",
        "- **Page:** ",
    ]


def test_of_a_run_that_goes_on_nothing_is_made_up() -> None:
    told = brief(known(replace(RUNNING, current_step="create_schema")))

    assert "- **What is wrong:** Running: Create schema, step 1 of 6." in told.splitlines()
    assert "- **What was tried:** nothing yet" in told.splitlines()
    assert "Since" not in told
    assert "What helps" not in told


def test_nothing_that_was_typed_becomes_markdown_or_another_line() -> None:
    hostile = replace(STUCK, entity_name="![x](http://evil.example/p.png)\n# Title <script>`", cause_detail="y" * 900)

    told = brief(known(hostile, failing(1)))

    assert "\n# Title" not in told
    assert r"\!\[x\](http://evil.example/p.png) \# Title \<script\>\`" in told
    assert max(map(len, told.splitlines())) < 500
