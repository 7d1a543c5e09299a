"""What the history of an execution tells, and in which order."""

from dataclasses import replace
from datetime import timedelta

from console.pages.execution_history import entries
from console.pages.known_execution import Known
from operations.kinds import Deed
from operations.queries.bulk_views import BulkMention
from operations.queries.execution_views import AttemptView, EventView, ExecutionDetail
from operations.statuses import BulkRowState, CloseReason, Status
from tests.unit.console.pages.test_words import ID, NOW, RUNNING, detail


def event(seq: int) -> EventView:
    return EventView(
        seq=seq,
        at=NOW + timedelta(minutes=seq),
        kind=f"happening_{seq}",
        from_status=None,
        to_status=None,
        actor="ada@example.com",
        reason=None,
        error=None,
    )


def known(run: ExecutionDetail) -> Known:
    return Known(detail=run, commands=(), decisions=(), usual={})


BEFORE = AttemptView(
    id=ID.__class__(int=2),
    workflow_id="before",
    attempt=1,
    status=Status.FAILED,
    close_reason=CloseReason.TERMINATED,
    created_at=NOW,
)


def test_what_happened_last_comes_first() -> None:
    told = entries(known(replace(detail(RUNNING), events=(event(1), event(2)), attempts=(BEFORE,))))

    assert [each.title for each in told] == ["Happening 2", "Happening 1", "Attempt 1: terminated"]


def test_what_was_done_to_it_among_others_leads_to_the_whole() -> None:
    mention = BulkMention(
        bulk_id=ID,
        action=Deed.RETRY,
        total=40,
        at=NOW,
        requested_by="susan@example.com",
        reason="quota raised",
        state=BulkRowState.DONE,
        why=None,
    )
    skipped = replace(mention, state=BulkRowState.SKIPPED, why="The execution completed; there is nothing to retry.")

    told = entries(replace(known(detail(RUNNING)), bulks=(mention, skipped)))

    assert [(each.title, each.text, each.who, each.href) for each in told] == [
        ("Part of a bulk operation: Retry 40 runs", "quota raised", "susan@example.com", f"/bulk/{ID}"),
        (
            "Part of a bulk operation: Retry 40 runs",
            "The execution completed; there is nothing to retry.",
            "susan@example.com",
            f"/bulk/{ID}",
        ),
    ]


def test_nothing_is_told_from_before_what_is_not_read_yet() -> None:
    cut = known(replace(detail(RUNNING), events=(event(3),), attempts=(BEFORE,)))

    assert [each.title for each in entries(cut, is_whole=False)] == ["Happening 3"]
    assert len(entries(cut, (event(1), event(2)), is_whole=False)) == 3
