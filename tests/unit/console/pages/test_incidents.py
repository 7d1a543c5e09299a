"""The board of incidents, read aloud."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from console.components.badges import Tone
from console.pages import incidents
from console.pages.incidents import Board
from operations.diagnosis.advice import ADVICE, OWNERS
from operations.queries.groups import GroupView
from operations.queries.triage_views import TriageView
from operations.statuses import BulkResult, Cause, Health
from tests.unit.console.pages.test_bulk_words import ALONE, BULK

SINCE = datetime(2026, 11, 28, 23, 5, tzinfo=UTC)
DISK = "Could not extend file …: No space left on device"


def group(cause: Cause, health: Health, count: int, *, signature: str | None = None, detail: str = "") -> GroupView:
    known = ADVICE[cause]
    return GroupView(
        cause=cause,
        signature=signature,
        title=known.title,
        health=health,
        count=count,
        since=SINCE,
        oldest_id=UUID(int=1),
        oldest_name="Acme",
        detail=detail or None,
        owner=known.owner,
        owner_title=OWNERS[known.owner],
        action=known.action,
    )


FULL = group(
    Cause.STEP_RETRYING,
    Health.STUCK,
    40,
    signature=DISK,
    detail='DiskFull: could not extend file "base/16384/2619": No space left on device\nHINT:  Check free disk space.',
)
DRIFTED = group(Cause.DRIFTED, Health.DRIFT, 1, detail="The database and Temporal disagree about it (ended).")
HANGING = group(Cause.STEP_HANGING, Health.SLOW, 90)
MOVED = replace(ALONE, canary_result=BulkResult.MOVED_ON)
QUIET = Board(groups=(), more=0, waiting=0, failed=0, open=0, is_watched=True)


def test_of_runs_that_are_not_all_as_bad_as_the_worst_nothing_worse_is_said() -> None:
    mixed = replace(FULL, is_mixed=True)

    said = incidents.verdict(replace(QUIET, groups=(mixed,), open=60))

    assert said.text == "40 runs are not going on as they should: no space left on the database server."
    assert incidents.of_group(mixed).title == "runs are not going on as they should"


def test_the_first_sentence_says_what_is_wrong_since_when_and_who_must_act() -> None:
    said = incidents.verdict(replace(QUIET, groups=(FULL, DRIFTED), open=60))

    assert said.text == "40 runs are stuck: no space left on the database server."
    assert (said.tone, said.since) == (Tone.STUCK, SINCE)
    assert said.then == "Whoever runs the installation must act. Other runs have one more cause."


def test_an_error_that_is_a_sentence_ends_the_first_sentence_once() -> None:
    refused = group(Cause.NOT_STARTED, Health.SLOW, 1, signature="silent", detail="Temporal did not answer within 5 s.")

    said = incidents.verdict(replace(QUIET, groups=(refused,), open=60))

    assert said.text == "1 run is slow: the latest try of the start failed (Temporal did not answer within 5 s)."


@pytest.mark.parametrize(
    ("board", "text", "tone"),
    [
        (QUIET, "All is well. No run is open.", None),
        (replace(QUIET, open=1), "All is well. 1 run goes on as it should.", None),
        (replace(QUIET, open=1200), "All is well. 1,000+ runs go on as they should.", None),
        (replace(QUIET, waiting=3, open=3), "Nothing is stuck. 3 runs wait for people.", Tone.WAITING),
        (replace(QUIET, failed=1), "Nothing is stuck. 1 run failed and waits for a retry.", Tone.RETRYING),
        (
            replace(QUIET, failed=1, groups=(DRIFTED,)),
            "1 run is in drift: the database and Temporal disagree about it (ended).",
            Tone.DRIFT,
        ),
        (replace(QUIET, groups=(HANGING,)), "90 runs are slow: a step hangs.", Tone.RETRYING),
    ],
)
def test_the_sentence_fits_whatever_there_is(board: Board, text: str, tone: Tone | None) -> None:
    said = incidents.verdict(board)

    assert (said.text, said.tone) == (text, tone)


def test_nothing_is_called_well_while_nobody_looks() -> None:
    said = incidents.verdict(replace(QUIET, is_watched=False))

    assert (said.text[:12], said.tone) == ("Nobody knows", Tone.UNKNOWN)


def test_a_card_says_how_many_why_who_acts_and_leads_to_them() -> None:
    card, failed = incidents.incidents(replace(QUIET, groups=(FULL,), failed=2))

    assert (card.count, card.title, card.since) == ("40", "No space left on the database server", SINCE)
    assert (card.owner, card.action) == ("Whoever runs the installation", FULL.action)
    assert card.detail.startswith("DiskFull: could not extend file")
    assert [link.label for link in card.links] == ["Show all 40", "What helps", "Triage"]
    assert card.links[0].href.startswith("/executions?status=open&cause=step_retrying&signature=Could+not+extend")
    assert card.links[1].href == "/runbook/step_retrying"
    assert card.links[2].href.startswith("/groups/step_retrying?signature=Could+not+extend")
    assert (failed.count, failed.links[0].href) == ("2", "/executions?status=failed")


def test_whoever_may_retry_is_led_to_one_first_and_then_to_the_others() -> None:
    board = replace(QUIET, groups=(FULL,))
    watched = replace(ALONE, canary_result=BulkResult.WATCHED)

    key: tuple[str, str | None] = ("step_retrying", DISK)
    cards = [
        incidents.incidents(replace(board, bulks={} if bulk is None else {key: bulk}), may_retry=True)[0]
        for bulk in (None, watched, MOVED, BULK)
    ]

    assert [card.links[1].label for card in cards] == [
        "Retry one first",
        "Follow the bulk operation",
        "Retry the other 39",
        "Retry one first",
    ]
    assert cards[0].links[1].href.endswith("&do=first")
    assert cards[2].links[1].href == f"/bulk/{MOVED.id}"
    assert [card.done for card in cards] == [
        "",
        "Retry 40 runs: Acme went first; what comes of it is watched. The other 39 wait.",
        "Retry 40 runs: Acme went first and moved on. The other 39 wait for you.",
        "Retry 40 runs: 37 moved on, 2 failed again the same way, 1 has no worker.",
    ]


def test_what_no_retry_helps_offers_none() -> None:
    (card,) = incidents.incidents(replace(QUIET, groups=(DRIFTED,)), may_retry=True)

    assert [link.label for link in card.links] == ["Show it", "What helps", "Triage"]


def test_the_worst_comes_first_then_the_largest() -> None:
    smaller = replace(FULL, count=3)

    assert incidents.worst_first([HANGING, DRIFTED, smaller, FULL]) == [FULL, smaller, DRIFTED, HANGING]


SNOOZED = replace(
    FULL,
    asleep=40,
    asleep_until=SINCE,
    triage=TriageView(acknowledged_by=None, acknowledged_at=None, snoozed_by="ada", snoozed_until=SINCE, assignee=None),
)


def test_what_is_snoozed_is_no_headline_and_stands_folded_behind_the_rest() -> None:
    board = replace(Board.of((SNOOZED, DRIFTED)), failed=1)

    said = incidents.verdict(board)
    cards = incidents.incidents(board)

    assert (said.text, said.tone) == (incidents.verdict(Board.of((DRIFTED,))).text, Tone.DRIFT)
    assert said.then.endswith("must act. 1 more is snoozed.")
    assert [card.key for card in cards] == ["drifted None", "failed", f"asleep step_retrying {DISK}"]
    assert cards[-1].folded == "Snoozed until 2026-11-28 23:05 UTC, or until the cause changes"
    assert (cards[-1].tone, cards[-1].count) == (Tone.PLANNED, "40")
    assert [card.folded for card in cards[:-1]] == ["", ""]


@pytest.mark.parametrize(
    ("board", "text", "tone"),
    [
        (Board.of((SNOOZED,)), "All is well but for 40 runs that are snoozed.", None),
        (
            replace(Board.of((SNOOZED,)), failed=1),
            "Nothing is stuck but what is snoozed. 1 run failed and waits for a retry.",
            Tone.RETRYING,
        ),
        (
            replace(Board.of((SNOOZED,)), waiting=3),
            "Nothing is stuck but what is snoozed. 3 runs wait for people.",
            Tone.WAITING,
        ),
    ],
)
def test_with_nothing_but_what_is_snoozed_nothing_is_red(board: Board, text: str, tone: Tone | None) -> None:
    said = incidents.verdict(board)

    assert (said.text, said.tone) == (text, tone)


def test_of_a_group_the_snoozed_ones_are_counted_apart() -> None:
    some = replace(FULL, asleep=38)
    board = Board.of((some,))

    (card,) = incidents.incidents(board)

    assert incidents.verdict(board).text.startswith("2 runs are stuck")
    assert (card.count, card.said) == ("2", "38 more are snoozed.")
    assert card.links[0].label == "Show all 40"
    assert incidents.worst_first([some, replace(FULL, count=3)])[0].count == 3


@pytest.mark.parametrize("cause", Cause)
def test_a_group_of_each_cause_can_be_told(cause: Cause) -> None:
    one = group(cause, Health.STUCK, 1)

    (card,) = incidents.incidents(replace(QUIET, groups=(one,)))

    assert card.title == ADVICE[cause].title
    assert incidents.verdict(replace(QUIET, groups=(one,))).text.startswith("1 run is stuck: ")


def test_before_anybody_has_looked_nothing_is_said_to_be_well() -> None:
    fresh = replace(QUIET, is_known=False, open=8)

    assert incidents.verdict(fresh).text == "Nobody has looked yet how runs are doing; that takes some seconds."
    assert incidents.verdict(replace(fresh, groups=(FULL,))).text.startswith("40 runs are stuck")
    assert incidents.verdict(replace(fresh, open=0)).text == "All is well. No run is open."
