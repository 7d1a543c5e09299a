"""Every meeting of a row with what Temporal says of it, and what is done about it."""

import re
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from operations.reconciliation.decisions import Action, Row, Seen, decide, seen
from operations.statuses import CloseReason, CommandState, FindingKind, Status
from operations.temporal import Run, RunStatus

ID = UUID(int=1)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PENDING, RUNNING, COMPLETED, FAILED = Status


def row(
    status: Status,
    close_reason: CloseReason | None = None,
    *,
    run_id: str | None = "run",
    start: CommandState | None = CommandState.DELIVERED,
    is_ending: bool = False,
    has_begun: bool = True,
    newer_is_open: bool = False,
    was_gone_before: bool = False,
) -> Row:
    return Row(
        id=ID,
        workflow_id="tenant-provision-acme",
        workflow_type="tenant_provisioning",
        entity_id=UUID(int=2),
        status=status,
        close_reason=close_reason,
        run_id=run_id,
        start=start,
        is_ending=is_ending,
        has_begun=has_begun,
        newer_is_open=newer_is_open,
        was_gone_before=was_gone_before,
    )


def run(status: RunStatus, *, run_id: str = "run", execution_id: str | None = str(ID)) -> Run:
    return Run(
        workflow_id="tenant-provision-acme",
        run_id=run_id,
        status=status,
        execution_id=execution_id,
        started_at=NOW,
        closed_at=None if status.is_open else NOW,
    )


STRANGER = run(RunStatus.RUNNING, execution_id="another")
WAITING = row(PENDING, run_id=None, start=CommandState.QUEUED, has_begun=False)
FORGOTTEN = row(PENDING, run_id=None, start=None, has_begun=False)

#: row, run → action, kind, status and close reason that are written
TABLE = (
    # a closed run and an open row
    (row(RUNNING), run(RunStatus.COMPLETED), (Action.CORRECT, FindingKind.ENDED, COMPLETED, None)),
    (row(RUNNING), run(RunStatus.FAILED), (Action.CORRECT, FindingKind.ENDED, FAILED, CloseReason.ERROR)),
    (row(RUNNING), run(RunStatus.TERMINATED), (Action.CORRECT, FindingKind.ENDED, FAILED, CloseReason.TERMINATED)),
    (row(RUNNING), run(RunStatus.CANCELED), (Action.CORRECT, FindingKind.ENDED, FAILED, CloseReason.CANCELED)),
    (row(RUNNING), run(RunStatus.TIMED_OUT), (Action.CORRECT, FindingKind.ENDED, FAILED, CloseReason.TIMED_OUT)),
    (WAITING, run(RunStatus.TERMINATED), (Action.CORRECT, FindingKind.ENDED, FAILED, CloseReason.TERMINATED)),
    # a closed run and a final row
    (row(COMPLETED), run(RunStatus.COMPLETED), (Action.VERIFY, None, None, None)),
    (row(FAILED, CloseReason.ERROR), run(RunStatus.FAILED), (Action.VERIFY, None, None, None)),
    (row(FAILED, CloseReason.REJECTED), run(RunStatus.FAILED), (Action.VERIFY, None, None, None)),
    (row(FAILED, CloseReason.CANCELED), run(RunStatus.CANCELED), (Action.VERIFY, None, None, None)),
    (
        row(COMPLETED),
        run(RunStatus.TERMINATED),
        (Action.CORRECT, FindingKind.CONTRADICTED, FAILED, CloseReason.TERMINATED),
    ),
    (
        row(FAILED, CloseReason.NOT_FOUND),
        run(RunStatus.COMPLETED),
        (Action.CORRECT, FindingKind.CONTRADICTED, COMPLETED, None),
    ),
    (
        row(COMPLETED),
        run(RunStatus.COMPLETED, run_id="after a reset"),
        (Action.CORRECT, FindingKind.CONTRADICTED, COMPLETED, None),
    ),
    # an open run
    (row(PENDING, run_id=None), run(RunStatus.RUNNING), (Action.CORRECT, FindingKind.STARTED, RUNNING, None)),
    (row(RUNNING), run(RunStatus.RUNNING), (Action.LEAVE, None, None, None)),
    (row(RUNNING), run(RunStatus.PAUSED), (Action.LEAVE, None, None, None)),
    (row(RUNNING), run(RunStatus.RUNNING, run_id="next"), (Action.FOLLOW, FindingKind.REPLACED, None, None)),
    (row(COMPLETED), run(RunStatus.RUNNING), (Action.CORRECT, FindingKind.REOPENED, RUNNING, None)),
    (
        row(FAILED, CloseReason.NOT_FOUND),
        run(RunStatus.PAUSED),
        (Action.CORRECT, FindingKind.REOPENED, RUNNING, None),
    ),
    (
        row(FAILED, CloseReason.ERROR, newer_is_open=True),
        run(RunStatus.RUNNING),
        (Action.REPORT, FindingKind.OVERLAPPING, None, None),
    ),
    # no run
    (WAITING, None, (Action.LEAVE, None, None, None)),
    (row(PENDING, start=None, is_ending=True, has_begun=False), None, (Action.LEAVE, None, None, None)),
    (FORGOTTEN, None, (Action.START, FindingKind.NEVER_STARTED, None, None)),
    (row(PENDING, run_id=None, has_begun=False), None, (Action.REPORT, FindingKind.GONE, None, None)),
    (row(RUNNING), None, (Action.REPORT, FindingKind.GONE, None, None)),
    (
        row(RUNNING, was_gone_before=True),
        None,
        (Action.CORRECT, FindingKind.GONE, FAILED, CloseReason.NOT_FOUND),
    ),
    (row(COMPLETED), None, (Action.VERIFY, None, None, None)),
    (row(FAILED, CloseReason.START_REJECTED), None, (Action.VERIFY, None, None, None)),
    # somebody else's run
    (row(RUNNING), STRANGER, (Action.REPORT, FindingKind.FOREIGN, None, None)),
    (row(PENDING), STRANGER, (Action.REPORT, FindingKind.FOREIGN, None, None)),
    (WAITING, STRANGER, (Action.LEAVE, None, None, None)),
    (row(FAILED, CloseReason.START_REJECTED), STRANGER, (Action.VERIFY, None, None, None)),
    (
        row(RUNNING),
        run(RunStatus.TERMINATED, execution_id=None),
        (Action.REPORT, FindingKind.FOREIGN, None, None),
    ),
    # neither open nor closed
    (row(RUNNING), run(RunStatus.CONTINUED_AS_NEW), (Action.LEAVE, None, None, None)),
    (row(RUNNING), run(RunStatus.UNKNOWN), (Action.REPORT, FindingKind.UNKNOWN_STATUS, None, None)),
)
Expected = tuple[Action, FindingKind | None, Status | None, CloseReason | None]


@pytest.mark.parametrize(("row_", "run_", "expected"), TABLE)
def test_a_row_and_a_run_meet(row_: Row, run_: Run | None, expected: Expected) -> None:
    decision = decide(row_, run_)

    assert (decision.action, decision.kind, decision.to, decision.close_reason) == expected


def test_the_table_has_every_status_against_everything_that_can_be_seen() -> None:
    tried = {(row_.status, seen(row_, run_)) for row_, run_, _ in TABLE}

    assert {each for _, each in tried} == set(Seen)
    for each in (Seen.MISSING, Seen.OPEN, Seen.CLOSED):
        assert {status for status, what in tried if what is each} == set(Status)


@pytest.mark.parametrize("run_status", RunStatus)
def test_no_status_of_temporal_is_left_without_an_answer(run_status: RunStatus) -> None:
    for status in Status:
        reason = CloseReason.ERROR if status is FAILED else None
        decide(row(status, reason), run(run_status))


def test_first_sights_of_lost_runs_count_for_the_breaker() -> None:
    assert decide(row(RUNNING), None).is_change
    assert not decide(row(RUNNING), run(RunStatus.RUNNING, run_id="next")).is_change


def test_the_documented_table_is_what_is_decided() -> None:
    text = (Path(__file__).parents[4] / "docs/reconciliation.md").read_text()
    table = text.partition("## What is decided")[2].partition("*Foreign*")[0]
    documented = set(re.findall(r"^\| (\w+) \|[^|]+\| (?:`(\w+)`|–) \| (\w+) \|$", table, re.MULTILINE))

    decided = {
        (seen(row_, run_).value, "" if kind is None else kind.value, action.value)
        for row_, run_, (action, kind, _, _) in TABLE
        if seen(row_, run_) is not Seen.PASSING
    }
    assert documented == decided - {("foreign", "", "leave")}  # a start that will be refused at once
