"""What Temporal's core says of a contradiction, as people read it."""

import pytest

from operations import contradictions

DUMPED = (
    'Failing workflow task run_id=01a2 failure=Failure { failure: Some(Failure { message: "[TMPRL1100] Nondeterminism '
    "error: Activity type of scheduled event \\'seed_defaults\\' does not match activity type of activity command "
    '\\\'welcome_owner\\\'", source: "", stack_trace: "" }) }'
)
PLAIN = "[TMPRL1100] Nondeterminism error: Timer machine does not handle this event: HistoryEvent(id: 36, TimerFired)"


def test_the_words_are_without_number_and_dump() -> None:
    assert contradictions.words(DUMPED) == (
        "Activity type of scheduled event 'seed_defaults' does not match activity type of activity command "
        "'welcome_owner'"
    )


def test_a_wedged_run_names_whose_code_does_not_fit() -> None:
    assert contradictions.sentence("b7", PLAIN).startswith(
        "The code of build b7 does not match this run's history: Timer machine does not handle"
    )
    assert contradictions.sentence(None, PLAIN).startswith("The workers' code does not match")
    assert contradictions.sentence("b7", None) == "The code of build b7 does not match this run's history."


@pytest.mark.parametrize(
    ("said", "helps"),
    [
        (PLAIN, "behind workflow.patched"),
        ("Non-deprecated patch marker encountered for change v2, but there is no command", "keep workflow.patched"),
        ("Workflow class HelloWorkflow is not registered on this worker", "Install the package"),
    ],
)
def test_what_helps_follows_from_what_is_said(said: str, helps: str) -> None:
    assert helps in contradictions.advice(said)


def test_the_event_is_found_where_it_is_named() -> None:
    assert contradictions.place(PLAIN, []) == 36
    assert contradictions.place("Missing associated machine for LocalActivity(8)", []) is None
