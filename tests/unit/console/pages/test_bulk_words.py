"""What pages say of bulk operations."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from console.pages import bulk_words
from operations.kinds import Deed
from operations.phrases import RESULTS, outcome_of_all
from operations.queries.bulk_views import BulkView
from operations.statuses import BulkResult, BulkState

NOW = datetime(2026, 11, 28, 3, tzinfo=UTC)
ID = UUID("00000000-0000-4000-8000-000000000001")
BULK = BulkView(
    id=ID,
    action=Deed.RETRY,
    state=BulkState.FINISHED,
    requested_by="susan@example.com",
    reason="quota raised",
    released_by=None,
    selection={"by": "group", "cause": "step_retrying", "signature": "Quota of … is full"},
    total=40,
    left=0,
    sent=0,
    done=40,
    failed=0,
    skipped=0,
    results={BulkResult.MOVED_ON: 37, BulkResult.NO_WORKER: 1, BulkResult.FAILED_AGAIN: 2},
    rate=0,
    first_alone=False,
    canary_id=None,
    canary_name=None,
    canary_result=None,
    created_at=NOW,
    finished_at=NOW,
)
ALONE = replace(
    BULK,
    state=BulkState.PAUSED,
    left=39,
    done=1,
    canary_id=ID,
    canary_name="Acme",
    canary_result=BulkResult.WATCHED,
    finished_at=None,
)


def test_the_outcome_of_all_is_one_sentence() -> None:
    assert bulk_words.outcome(BULK) == "37 moved on, 2 failed again the same way, 1 has no worker."
    assert BULK.is_verified
    watched = replace(BULK, results={BulkResult.MOVED_ON: 37, BulkResult.WATCHED: 3})
    assert bulk_words.outcome(watched) == "37 moved on, 3 are still watched."
    assert not watched.is_verified


def test_each_result_has_its_words() -> None:
    assert list(RESULTS) == [*dict.fromkeys(RESULTS)]
    assert set(RESULTS) == set(BulkResult)
    assert outcome_of_all(dict.fromkeys(BulkResult, 1)).count(",") == len(BulkResult) - 1


def test_what_did_nothing_is_not_called_done() -> None:
    assert bulk_words.outcome(replace(BULK, total=0, done=0, results={})) == bulk_words.NO_MATCH
    skipped = replace(BULK, done=0, skipped=40, results={BulkResult.SKIPPED: 40})
    assert bulk_words.outcome(skipped) == bulk_words.NOTHING_DONE
    alone = replace(skipped, results={BulkResult.WENT_ON: 40})
    assert bulk_words.outcome(alone) == "40 went on by themselves."


@pytest.mark.parametrize(
    ("found", "sentence", "is_good"),
    [
        (BulkResult.SENT, "Acme went first; what comes of it is watched. The other 39 wait.", False),
        (BulkResult.WATCHED, "Acme went first; what comes of it is watched. The other 39 wait.", False),
        (BulkResult.MOVED_ON, "Acme went first and moved on. The other 39 wait for you.", True),
        (
            BulkResult.FAILED_AGAIN,
            "Acme went first and failed again the same way. The other 39 stay as they are.",
            False,
        ),
        (
            BulkResult.NO_WORKER,
            "Acme went first and has no worker yet. The other 39 wait for what becomes of it.",
            False,
        ),
    ],
)
def test_what_became_of_the_one_that_went_first_decides_about_the_others(
    found: BulkResult, sentence: str, is_good: bool
) -> None:
    bulk = replace(ALONE, canary_result=found)

    assert bulk_words.standing(bulk) == sentence
    assert bulk_words.is_good(bulk) is is_good
    assert bulk_words.follow_up(bulk) == "Retry the other 39"


def test_what_is_paused_later_is_resumed() -> None:
    later = replace(ALONE, left=20, done=20)

    assert not later.waits_for_canary
    assert bulk_words.follow_up(later) == "Resume"
    assert bulk_words.standing(later) == "Paused; nothing more is done until somebody resumes it."


def test_it_says_by_what_they_were_chosen() -> None:
    by, where = bulk_words.chosen(BULK)

    assert by == "Group: A step keeps failing, “Quota of … is full”"
    assert where == "/groups/step_retrying?signature=Quota+of+%E2%80%A6+is+full"
    assert bulk_words.chosen(replace(BULK, selection={"by": "filter", "statuses": "['failed']"}))[1] is None
    assert bulk_words.chosen(replace(BULK, selection={"by": "ids"})) == ("Chosen one by one", None)
