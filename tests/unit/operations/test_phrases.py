"""Phrases that all doors share."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from operations import phrases
from operations.phrases import Told, ended, reason_and_name, reason_with_name, told, who
from operations.statuses import CloseReason, Decision, Status


def test_how_a_run_ended_names_the_person_and_quotes_the_reason() -> None:
    assert ended("Cancelled", "ops@example.com", "customer came back") == (
        "Cancelled by ops@example.com: “customer came back”"
    )


@pytest.mark.parametrize(
    ("by", "why", "sentence"),
    [
        ("ada@example.com", None, "Rejected by ada@example.com."),
        ("", "typed wrongly", "Rejected: “typed wrongly”"),
        ("", "", "Rejected."),
        ("system:time-limit", "Nobody decided within seven days.", "Rejected: nobody decided within seven days."),
    ],
)
def test_what_is_not_known_is_left_out(by: str, why: str | None, sentence: str) -> None:
    assert ended("Rejected", by, why) == sentence


@pytest.mark.parametrize(
    ("actor", "name"),
    [
        ("ops@example.com", "ops@example.com"),
        ("cli:root", "root (command line)"),
        ("system:console@web-1:4711", "Console"),
        ("system:worker", "Worker"),
        ("system:reconciliation", "Reconciliation"),
        ("system:time-limit", "Time limit"),
        ("system:something-new", "Tenantry"),
    ],
)
def test_parts_of_tenantry_are_named_without_host_and_process(actor: str, name: str) -> None:
    assert who(actor) == name


@pytest.mark.parametrize("why", ["left (for good)", "a\nb", "left (by train)"])
def test_a_reason_comes_back_from_temporal_with_its_name(why: str) -> None:
    assert reason_and_name(reason_with_name(why, "ops@example.com")) == (why, "ops@example.com")


def test_a_strangers_words_have_no_name() -> None:
    assert reason_and_name("by hand") == ("by hand", "")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        ("OSError: disk full", "Disk full"),
        ("InsufficientPrivilege: permission denied for schema acme", "Permission denied for schema acme"),
        ("psycopg.errors.DiskFull: could not extend file", "Could not extend file"),
        (
            'permission denied\nCONTEXT:  SQL statement "CREATE"\nPL/pgSQL function f() line 3',
            "Permission denied",
        ),
    ],
)
def test_classes_and_a_databases_context_fold_into_a_detail(error: str, sentence: str) -> None:
    assert told(error) == Told(sentence=sentence, detail=error)


@pytest.mark.parametrize(
    "error",
    ["KeyError: 'slug'", "Timed out: the time limit of the whole run passed.", "Cancelled: “no more”", "Disk full"],
)
def test_what_people_need_to_understand_it_stays(error: str) -> None:
    assert told(error) == Told(sentence=error)


@pytest.mark.parametrize(
    ("error", "followed"),
    [
        ("Temporal does not answer: connection refused", "Temporal does not answer: connection refused."),
        ("Temporal did not answer within 5 s.", "Temporal did not answer within 5 s."),
        ("Cancelled by ops@example.com: “No more.”", "Cancelled by ops@example.com: “No more.”"),
        ("Cancelled by ops@example.com: “no more”", "Cancelled by ops@example.com: “no more”."),
    ],
)
def test_a_sentence_after_somebody_elses_words_begins_after_a_full_stop(error: str, followed: str) -> None:
    assert told(error).followed == followed


def test_every_ending_has_a_word_spelled_in_one_way() -> None:
    assert set(phrases.ENDINGS) == set(CloseReason)
    assert phrases.shown_status(Status.FAILED, CloseReason.CANCELED) == "cancelled"
    assert phrases.shown_status(Status.RUNNING, None) == "running"


def test_one_side_is_told_in_a_word_or_two() -> None:
    assert phrases.side({}) == "nothing"
    assert phrases.side({"status": "failed", "close_reason": "timed_out"}) == "failed (timed out)"
    assert phrases.side({"tenant": "provisioning"}) == "tenant provisioning"


def test_a_moment_is_said_in_one_zone_wherever_its_server_stands() -> None:
    there = datetime(2026, 12, 5, 0, 19, tzinfo=timezone(timedelta(hours=1)))

    assert phrases.said(there) == "2026-12-04 23:19 UTC"


def test_a_decision_is_told_with_who_when_and_why() -> None:
    at = datetime(2026, 12, 4, 23, 19, tzinfo=UTC)

    by_person = phrases.decided(Decision.APPROVED, "ada@example.com", "paid", at)
    by_time = phrases.decided(Decision.REJECTED, "system:time-limit", "Nobody decided.", at)

    assert by_person == "Approved on 2026-12-04 23:19 UTC by ada@example.com: “paid”"
    assert by_time == "Rejected on 2026-12-04 23:19 UTC: nobody decided."


@pytest.mark.parametrize("decided", ["Rejected by ada@example.com", "Rejected by ada@example.com."])
def test_a_decision_that_was_made_is_said_to_be_final(decided: str) -> None:
    assert phrases.settled(decided) == "Rejected by ada@example.com. A decision is final."


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("DiskFull: could not extend file: No space left on device", "No space left on the database server"),
        ("Could not extend file …: No space left on device", "No space left on the database server"),
        ("psycopg.errors.DiskFull: could not extend file: disk full", "No space left on the database server"),
        ("OSError: [Errno 28] No space left on device", "No space left on a disk"),
        (
            'OperationalError: connection failed: connection to server at "10.0.0.4", port 5432 failed: '
            "FATAL:  sorry, too many clients already",
            "The database server takes no more connections",
        ),
        (
            'OperationalError: connection to server at "10.0.0.4", port 5432 failed: Connection refused',
            "The database server cannot be reached",
        ),
        ("DeadlockDetected: deadlock detected", "Two transactions of the database blocked each other"),
        (
            "QueryCanceled: canceling statement due to statement timeout",
            "A statement in the database took longer than it may",
        ),
        ("InsufficientPrivilege: permission denied for schema acme", "Permission denied for schema acme"),
        ("ValueError: the quota of acme is full", "The quota of acme is full"),
        ("x" * 600 + "DiskFull", "X" + "x" * 599 + "DiskFull"),
        (None, ""),
    ],
)
def test_an_error_comes_down_to_words_that_need_no_knowledge_of_the_database(error: str | None, words: str) -> None:
    assert phrases.root(error) == words
