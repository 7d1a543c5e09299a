"""Retry is one word for three things; which one, and what it means, is said before it is pressed."""

from dataclasses import replace

import pytest

from operations.access import Actor
from operations.deed_facts import Facts, Remains
from operations.kinds import Deed
from operations.possibilities import possibility
from operations.statuses import Cause, CommandKind, Health, RetryKind, Role, Status, TenantStatus

OPERATOR = Actor(name="ops@example.com", role=Role.OPERATOR)
SUPPORT = Actor(name="support@example.com", role=Role.SUPPORT)


def facts(
    *,
    status: Status = Status.RUNNING,
    cause: Cause | None = None,
    health: Health = Health.STUCK,
    asked: frozenset[CommandKind] = frozenset(),
) -> Facts:
    return Facts(
        workflow_type="tenant_provisioning",
        status=status,
        attempt=1,
        latest_attempt=1,
        tenant=TenantStatus.PROVISIONING,
        cause=cause,
        health=health,
        step="create_schema",
        asked=asked,
    )


def test_a_step_that_waits_for_its_next_try_is_tried_now_by_support_too() -> None:
    seen = facts(cause=Cause.STEP_RETRYING, health=Health.OK)

    possible = possibility(Deed.RETRY, seen, SUPPORT)

    assert (seen.retry, possible.problem) == (RetryKind.STEP, None)
    assert possible.effects[0].startswith("Tries “Create schema” now")


@pytest.mark.parametrize("cause", [Cause.WORKFLOW_FAILING, Cause.WRONG_BUILD, Cause.STEP_HANGING])
def test_a_wedged_run_is_replaced_by_operators_alone(cause: Cause) -> None:
    seen = facts(cause=cause)

    assert (seen.retry, possibility(Deed.RETRY, seen, OPERATOR).problem) == (RetryKind.REPLACE, None)
    assert "role operator" in (possibility(Deed.RETRY, seen, SUPPORT).problem or "")


def test_what_only_began_to_fail_is_not_wedged() -> None:
    assert facts(cause=Cause.WORKFLOW_FAILING, health=Health.SLOW).retry is RetryKind.NONE


@pytest.mark.parametrize("cause", [each for each in Cause if each is not Cause.STEP_RETRYING])
def test_an_open_run_says_what_helps_it_where_retry_does_not(cause: Cause) -> None:
    seen = facts(cause=cause, health=Health.OK)

    problem = possibility(Deed.RETRY, seen, OPERATOR).problem or ""

    assert seen.retry is RetryKind.NONE
    assert problem.startswith("The execution is open. ")
    assert problem.endswith(".")


def test_an_ended_run_gets_a_new_attempt() -> None:
    seen = facts(status=Status.FAILED)

    assert (seen.retry, possibility(Deed.RETRY, seen, SUPPORT).problem) == (RetryKind.ATTEMPT, None)


@pytest.mark.parametrize(
    ("cause", "kind"),
    [(Cause.STEP_RETRYING, CommandKind.RETRY_STEP), (Cause.WORKFLOW_FAILING, CommandKind.REPLACE)],
)
def test_what_was_asked_for_already_is_not_offered_again(cause: Cause, kind: CommandKind) -> None:
    assert possibility(Deed.RETRY, facts(cause=cause, asked=frozenset({kind})), OPERATOR).problem is not None


def test_terminating_says_what_was_done_and_what_stays() -> None:
    remains = Remains(schema_name="tenant_01", tables=2, rows=1340)
    seen = replace(facts(), done=("load_tenant", "create_schema"), remains=remains)

    possible = possibility(Deed.TERMINATE, seen, OPERATOR)

    assert possible.done == (
        "Steps done: “Load tenant”, “Create schema”.",
        "The schema tenant_01 exists, with 2 tables and about 1,340 records.",
    )
    assert "No clean-up runs: what the steps made stays." in possible.effects
    assert not set(possible.done) & set(possible.effects)
    assert possibility(Deed.TERMINATE, facts(), OPERATOR).done == ("The tenant has no schema.",)


@pytest.mark.parametrize(
    ("who", "takes_two", "may"),
    [("ops@example.com", True, False), ("ops@example.com", False, True), ("other@example.com", True, True)],
)
def test_where_it_takes_two_whoever_asked_may_reject_and_not_approve(who: str, takes_two: bool, may: bool) -> None:
    seen = replace(
        facts(), awaits_decision=True, asked_by=frozenset({"somebody@example.com", who}), takes_two=takes_two
    )

    assert (possibility(Deed.APPROVE, seen, OPERATOR).problem is None) is may
    assert possibility(Deed.REJECT, seen, OPERATOR).problem is None


@pytest.mark.parametrize(("who", "may"), [("ops@example.com", False), ("other@example.com", True)])
def test_a_removal_that_waits_for_a_second_person_is_not_approved_by_the_first(who: str, may: bool) -> None:
    seen = replace(facts(), workflow_type="tenant_deprovisioning", tenant=TenantStatus.DEPROVISIONING)
    seen = replace(seen, awaits_decision=True, asked_by=frozenset({"somebody@example.com", who}))

    approve, reject = possibility(Deed.APPROVE, seen, OPERATOR), possibility(Deed.REJECT, seen, OPERATOR)

    assert (approve.problem is None, reject.problem) == (may, None)
    assert "another person" in (approve.problem or "another person")
    assert "The tenant is kept" in reject.effects[0]


def test_a_paused_step_can_be_resumed_and_another_can_be_paused() -> None:
    paused, running = facts(cause=Cause.STEP_PAUSED), facts(cause=Cause.STEP_RETRYING)

    assert possibility(Deed.RESUME_STEP, paused, OPERATOR).problem is None
    assert possibility(Deed.PAUSE_STEP, paused, OPERATOR).problem is not None
    assert possibility(Deed.PAUSE_STEP, running, OPERATOR).problem is None
    assert possibility(Deed.RESUME_STEP, running, OPERATOR).problem is not None
    assert "time limits go on" in possibility(Deed.PAUSE_STEP, running, OPERATOR).not_undone[0]
    assert "role operator" in (possibility(Deed.PAUSE_STEP, running, SUPPORT).problem or "")
