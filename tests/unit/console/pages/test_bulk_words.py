"""What pages say of bulk operations."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from console.pages import bulk_actions, bulk_words
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
    canary_why=None,
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


def test_one_that_failed_again_speaks_against_the_others_with_what_it_met() -> None:
    failed = replace(
        ALONE, canary_result=BulkResult.FAILED_AGAIN, canary_why="No space left on the database server.", left=1
    )
    met = "Acme went first and failed again the same way: “No space left on the database server”."

    assert bulk_words.standing(failed) == f"{met} The other 1 stays as it is."
    assert bulk_words.against(failed) == (met, "The other one will most likely fail as well.")
    assert bulk_words.against(replace(ALONE, canary_result=BulkResult.MOVED_ON)) == ()
    assert [bulk_words.against(replace(ALONE, canary_result=each))[1] for each in (None, BulkResult.NO_WORKER)] == [
        "The other 39 would not wait for that.",
        "The other 39 will most likely wait for one as well.",
    ]


def test_the_others_follow_such_a_one_only_when_somebody_has_read_that() -> None:
    failed = replace(ALONE, canary_result=BulkResult.FAILED_AGAIN)

    asked, good, gone = (
        bulk_actions.following(bulk)
        for bulk in (failed, replace(ALONE, canary_result=BulkResult.MOVED_ON), replace(failed, left=0, done=40))
    )

    assert (asked.title, asked.action, asked.danger) == ("Retry the other 39?", "Retry the other 39", True)
    assert asked.what_will_happen == (
        *bulk_words.against(failed),
        "39 runs have their turn, each after another look at it.",
    )
    assert (asked.problem, good.problem, good.danger) == (None, None, False)
    assert gone.problem == "It does not wait for anybody any more."


def test_a_bar_says_the_same_numbers_as_the_sentence_in_the_colour_of_each_result() -> None:
    running = replace(
        BULK, results={BulkResult.FAILED_AGAIN: 13, BulkResult.SENT: 12, BulkResult.LEFT: 16, BulkResult.MOVED_ON: 1}
    )

    parts = bulk_words.parts(running)

    assert ", ".join(f"{each.number} {each.word}" for each in parts) + "." == bulk_words.outcome(running)
    assert [each.name for each in parts] == ["done", "failed", "on-its-way", "left"]
    assert set(bulk_words.PARTS) == set(BulkResult)


def test_one_that_went_first_and_one_that_is_to_go_are_told_apart() -> None:
    to_go = replace(ALONE, state=BulkState.RUNNING, first_alone=True, canary_id=None, left=40, done=0)
    followed = replace(ALONE, state=BulkState.RUNNING, first_alone=True)

    assert bulk_words.standing(to_go) == "One goes first. The other 39 wait for what becomes of it."
    assert bulk_words.standing(followed) == "It goes on."


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
