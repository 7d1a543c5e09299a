"""The difference between what the database and what Temporal say of a run, read aloud."""

from dataclasses import replace

import pytest

from operations.queries.differences import SETTLES, Truth, differences
from operations.statuses import CloseReason, Status
from tests.unit.console.pages.test_words import RUNNING

OURS = Truth(status="running", execution_id="mark", run_id="run", step="create_schema", tries=27)
THEIRS = replace(OURS)
FAILED = replace(RUNNING, status=Status.FAILED, close_reason=CloseReason.TERMINATED)


@pytest.mark.parametrize(
    ("theirs", "told"),
    [
        (THEIRS, ()),
        (None, (f"The database says that it runs, and Temporal does not know it any more. {SETTLES}",)),
        (
            replace(THEIRS, status="terminated"),
            (f"In Temporal it has ended (terminated), and the database says running. {SETTLES}",),
        ),
        (
            replace(THEIRS, run_id="another"),
            ("Another run goes on under the same workflow id, as after a reset in Temporal.",),
        ),
        (
            replace(THEIRS, execution_id="somebody"),
            ("The run in Temporal under this workflow id is not that of this execution: somebody else started it.",),
        ),
        (replace(THEIRS, tries=29), ("Temporal counts 29 tries, the database 27 tries.",)),
        (
            replace(THEIRS, step="add_owner"),
            ("Temporal is at “Add owner”, the database knows of “Create schema”.",),
        ),
        (
            replace(THEIRS, status="paused", is_paused=True, is_untaken=True, failures=3),
            (
                "In Temporal the run is paused.",
                "In Temporal the workflow's code has failed 3 times, one after the other.",
                "In Temporal there is work that no worker has taken.",
            ),
        ),
    ],
)
def test_of_a_running_row_every_difference_is_told(theirs: Truth | None, told: tuple[str, ...]) -> None:
    assert differences(RUNNING, OURS, theirs) == told


def test_what_has_ended_in_both_agrees_when_both_say_how() -> None:
    assert differences(FAILED, OURS, replace(THEIRS, status="terminated")) == ()
    assert differences(FAILED, OURS, None) == ()

    [told] = differences(FAILED, OURS, replace(THEIRS, status="completed"))
    assert told == f"Both say that it has ended, the database as terminated and Temporal as completed. {SETTLES}"


def test_what_still_runs_in_temporal_has_not_ended() -> None:
    [told] = differences(FAILED, OURS, THEIRS)

    assert told == f"The database says that it has ended, and in Temporal it still runs. {SETTLES}"


def test_a_pending_row_may_be_late() -> None:
    pending = replace(RUNNING, status=Status.PENDING, run_id=None)
    ours = replace(OURS, run_id=None, step=None, tries=None)

    assert differences(pending, ours, None) == ("Temporal has no such run yet; its start is still on the way.",)
    assert differences(pending, ours, replace(THEIRS, step=None)) == (
        "In Temporal it runs already, and the database has not heard of it yet.",
    )
