"""What the line of time of a customer says, entry by entry."""

from dataclasses import replace

import pytest

from console.pages.tenant_history import event
from console.pages.tenant_trouble import needs_somebody
from operations.queries.customer_histories import Entry, Happening
from operations.queries.execution_views import ExecutionView
from operations.statuses import Cause, CloseReason, Health, Status
from tests.unit.console.pages.test_words import ID, NOW, RETRYING, RUNNING

ENTRY = Entry(
    id=ID,
    at=NOW,
    kind=Happening.RUN,
    word="requested",
    status=None,
    execution_id=ID,
    workflow_type="tenant_provisioning",
    attempt=2,
    tries=None,
    actor="ada@example.com",
    reason=None,
    error=None,
)
FAILED = replace(RUNNING, status=Status.FAILED, close_reason=CloseReason.ERROR)


@pytest.mark.parametrize(
    ("entry", "title", "text"),
    [
        (ENTRY, "Provisioning, attempt 2: requested", ""),
        (
            replace(ENTRY, word="timed_out", error="OSError: disk full"),
            "Provisioning, attempt 2: timed out",
            "Disk full",
        ),
        (
            replace(ENTRY, kind=Happening.STEP, word="create_schema", status="retrying", tries=27, error="disk full"),
            "Provisioning, attempt 2: “Create schema” failed 27 times",
            "Disk full",
        ),
        (
            replace(ENTRY, kind=Happening.STEP, word="create_schema", status="completed", tries=3),
            "Provisioning, attempt 2: “Create schema” succeeded at try 3",
            "",
        ),
        (
            replace(ENTRY, kind=Happening.DECISION, word="approved", reason="paid"),
            "Provisioning, attempt 2: approved",
            "paid",
        ),
        (
            replace(ENTRY, kind=Happening.BULK, word="retry", status="done", reason="quota raised", bulk_id=ID),
            "Provisioning, attempt 2: chosen for a bulk operation: retry",
            "quota raised",
        ),
        (
            replace(ENTRY, kind=Happening.DEED, word="terminate", status="delivered", reason="wrong plan"),
            "Provisioning, attempt 2: termination delivered to Temporal",
            "wrong plan",
        ),
        (
            replace(ENTRY, kind=Happening.NOTE, word="note", reason="rang twice"),
            "Provisioning, attempt 2: note",
            "rang twice",
        ),
        (replace(ENTRY, kind=Happening.NOTE, word="note", workflow_type=None, reason="rang"), "Note", "rang"),
        (
            replace(ENTRY, kind=Happening.FINDING, word="ended", workflow_type=None, status="open"),
            "Finding: Run had ended",
            "",
        ),
    ],
)
def test_an_entry_says_of_which_run_it_is_and_what_happened(entry: Entry, title: str, text: str) -> None:
    told = event(entry)

    assert (told.title, told.text) == (title, text)


def test_a_finding_leads_to_itself_and_the_rest_to_its_run() -> None:
    assert event(ENTRY).href == f"/executions/{ID}"
    assert event(replace(ENTRY, kind=Happening.FINDING, word="ended")).href == f"/reconciliation?finding={ID}"


@pytest.mark.parametrize(
    ("run", "needs"),
    [
        (RUNNING, False),
        (RETRYING, True),
        (replace(RUNNING, health=Health.SLOW), True),
        (replace(RUNNING, cause=Cause.SLEEPING), False),
        (FAILED, True),
        (replace(FAILED, superseded_by=ID), False),
        (replace(FAILED, close_reason=CloseReason.CANCELED), False),
        (replace(FAILED, status=Status.COMPLETED, close_reason=None), False),
    ],
)
def test_what_needs_somebody_stands_on_top(run: ExecutionView, needs: bool) -> None:
    assert needs_somebody(run, is_newest=True) is needs
    if run.status.is_final:
        assert not needs_somebody(run, is_newest=False)
