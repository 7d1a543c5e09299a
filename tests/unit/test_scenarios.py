"""What an operations console must survive when runs stand still and people act on them, and which tests try it.

The numbers are those by which the scenarios are known to whoever accepts the product.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """One that has to end well; `tests` are `path::name`, from here."""

    given: str
    then: str
    tests: tuple[str, ...]


DETECTION: Mapping[int, Scenario] = {
    21: Scenario(
        given="no worker for longer than the limit",
        then="rows say that they wait for a worker, and finish when one comes",
        tests=(
            "integration/diagnosis/test_watcher.py::test_without_a_worker_no_run_is_described",
            "integration/diagnosis/test_watcher.py::test_what_waited_for_a_worker_goes_on_when_one_comes",
            "e2e/test_demo.py::test_a_stopped_worker_is_told_on_every_page_and_runs_wait_for_it",
        ),
    ),
    22: Scenario(
        given="an activity that keeps failing for longer than the limit",
        then="stuck, with the number of tries and the latest failure",
        tests=(
            "integration/diagnosis/test_causes.py::test_a_run_that_stands_still_is_looked_at_and_named",
            "integration/diagnosis/test_in_time.py::test_each_cause_is_named_within_the_promised_time",
            "e2e/test_stuck.py::test_a_step_that_failed_27_times_is_tried_now_and_it_is_said_that_this_helped",
        ),
    ),
    23: Scenario(
        given="a slow run that makes progress",
        then="not stuck",
        tests=(
            "integration/workers/test_progress.py::test_progress_of_a_long_step_is_shown_while_it_runs",
            "integration/diagnosis/test_watcher.py::test_a_slow_step_that_says_something_new_is_never_stuck",
            "unit/operations/diagnosis/test_verdicts.py"
            "::test_a_step_that_usually_takes_an_hour_does_not_hang_after_ten_minutes",
        ),
    ),
    24: Scenario(
        given="a console whose clock is ten minutes off",
        then="none is called stuck that is not, and none is missed",
        tests=(
            "integration/console/test_clocks.py"
            "::test_what_has_just_begun_to_fail_is_not_stuck_and_what_fails_for_long_is",
        ),
    ),
    25: Scenario(
        given="10,000 running rows",
        then="all are looked at within an interval, and pages answer meanwhile",
        tests=(
            "integration/diagnosis/test_watcher.py"
            "::test_of_ten_thousand_running_rows_those_that_stand_still_are_named_and_lists_answer_meanwhile",
        ),
    ),
}
ACTIONS: Mapping[int, Scenario] = {
    26: Scenario(
        given="Retry of a failed tenant",
        then="one new attempt, linked to the old one; the tenant is provisioned and becomes active",
        tests=(
            "integration/workers/test_lifecycle.py::test_a_rejected_plan_ends_as_rejected_and_can_be_retried",
            "integration/diagnosis/test_clicks.py"
            "::test_two_clicks_at_once_begin_one_new_attempt_and_the_second_is_told_which",
            "e2e/test_deeds.py::test_double_clicks_in_two_browsers_begin_one_attempt_and_one_of_them_is_told_so",
            "e2e/test_stuck.py::test_an_end_by_force_says_what_it_leaves_and_a_run_takes_that_away",
        ),
    ),
    27: Scenario(
        given="Terminate of a running run, with a reason",
        then="terminated in Temporal with reason and actor; row and tenant failed",
        tests=(
            "integration/workers/test_lifecycle.py::test_a_terminated_run_is_failed_with_reason_and_actor",
            "e2e/test_deeds.py::test_an_end",
        ),
    ),
    28: Scenario(
        given="Terminate on a page whose run a newer one has replaced",
        then="the newer one is untouched, and the person is told",
        tests=(
            "integration/diagnosis/test_clicks.py::test_a_page_that_shows_another_run_does_nothing_and_says_why",
            "integration/diagnosis/test_clicks.py"
            "::test_a_run_that_is_replaced_after_the_click_is_left_alone_and_that_is_said",
            "e2e/test_dialogs.py::test_nothing_is_done_but_what_the_person_has_read",
        ),
    ),
    29: Scenario(
        given="Terminate of a run that has closed already",
        then="a sentence says so, and the row is brought up to date",
        tests=(
            "integration/diagnosis/test_clicks.py"
            "::test_a_run_that_had_ended_at_the_click_is_said_to_have_and_its_row_is_brought_up_to_date",
            "e2e/test_dialogs.py::test_a_dialog_says_that_its_run_has_ended",
        ),
    ),
    30: Scenario(
        given="Retry or Terminate while Temporal is away",
        then="answered at once, visibly waiting, nothing by halves, done once",
        tests=(
            "integration/diagnosis/test_clicks.py"
            "::test_while_temporal_is_away_a_click_is_answered_at_once_waits_visibly_and_is_done_once",
        ),
    ),
    31: Scenario(
        given="a run that waits is approved",
        then="one decision with workflow, decision, person of the session and time, and the run goes on",
        tests=(
            "integration/workers/test_lifecycle.py::test_an_enterprise_plan_creates_nothing_before_it_is_approved",
            "e2e/test_deeds.py::test_a_decision",
        ),
    ),
    32: Scenario(
        given="the signal fails after the decision, or no worker is there",
        then="it is delivered later, once",
        tests=(
            "integration/diagnosis/test_clicks.py"
            "::test_while_temporal_is_away_a_click_is_answered_at_once_waits_visibly_and_is_done_once",
            "integration/diagnosis/test_causes.py"
            "::test_whoever_waits_for_a_decision_is_told_that_no_worker_is_there_and_can_have_one",
        ),
    ),
    33: Scenario(
        given="an approval that nobody gives in time",
        then="recorded as a rejection by the time limit, not as a crash",
        tests=(
            "integration/workers/test_lifecycle.py"
            "::test_an_approval_that_nobody_gives_in_time_is_recorded_as_a_rejection_and_not_as_a_crash",
            "integration/durability/test_consents.py"
            "::test_a_removal_that_nobody_approves_in_time_gives_the_tenant_back",
        ),
    ),
}
SCENARIOS = {**DETECTION, **ACTIONS}


@pytest.mark.parametrize("number", SCENARIOS)
def test_the_tests_of_a_scenario_are_there(number: int) -> None:
    missing = [
        each for each in SCENARIOS[number].tests if each.partition("::")[2] not in names(each.partition("::")[0])
    ]

    assert SCENARIOS[number].tests
    assert missing == []


def test_no_scenario_is_left_out() -> None:
    assert list(SCENARIOS) == list(range(21, 34))


@cache
def names(path: str) -> frozenset[str]:
    """Of the tests in a module."""
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(function.name for function in functions if function.name.startswith("test_"))
