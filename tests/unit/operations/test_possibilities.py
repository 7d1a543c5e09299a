from dataclasses import replace
from datetime import UTC, datetime

import pytest

from operations import tenant_kinds
from operations.access import Actor
from operations.deed_facts import Facts
from operations.errors import AlreadyEnded, CannotRetry, NotPermitted, NotWaiting, OperationsError, TooLateToCancel
from operations.kinds import Deed, Purpose
from operations.possibilities import OFFERED_TO, possibility
from operations.queries.intents import RetryOffer
from operations.statuses import Cause, CloseReason, CommandKind, Role, Status, TenantStatus
from operations.tenant_rules import adoption_problem, cancel_problem, retry_problem

SUPPORT, OPERATOR = (Actor(name="test", role=role) for role in (Role.SUPPORT, Role.OPERATOR))

PROVISIONING, DEPROVISIONING = tenant_kinds.PROVISIONING.stored_name, tenant_kinds.DEPROVISIONING.stored_name
GONE = {TenantStatus.DROPPING, TenantStatus.DELETED}


@pytest.mark.parametrize("status", [None, *TenantStatus])
def test_a_removal_can_be_cancelled_until_something_is_dropped(status: TenantStatus | None) -> None:
    assert (cancel_problem(DEPROVISIONING, status) is not None) == (status in GONE)
    assert cancel_problem(PROVISIONING, status) is None


@pytest.mark.parametrize("status", TenantStatus)
def test_a_removal_is_tried_again_only_while_there_is_something_to_remove(status: TenantStatus) -> None:
    possible = status in (TenantStatus.DEPROVISIONING, TenantStatus.DROPPING)

    assert (retry_problem(DEPROVISIONING, status) is None) == possible


@pytest.mark.parametrize("status", TenantStatus)
def test_a_tenant_that_leaves_is_not_provisioned_again(status: TenantStatus) -> None:
    assert (retry_problem(PROVISIONING, status) is not None) == status.leaves


def test_what_leaves_includes_what_is_gone() -> None:
    assert {status for status in TenantStatus if status.is_gone} == GONE
    assert {status for status in TenantStatus if status.leaves} == {*GONE, TenantStatus.DEPROVISIONING}


def removal(tenant: TenantStatus, status: Status) -> Facts:
    return Facts(workflow_type=DEPROVISIONING, status=status, attempt=1, latest_attempt=1, tenant=tenant)


@pytest.mark.parametrize(
    ("tenant", "status", "says"),
    [
        (TenantStatus.DEPROVISIONING, Status.RUNNING, "stays deprovisioning, with all its data"),
        (TenantStatus.DEPROVISIONING, Status.PENDING, "gets its former status back"),
        (TenantStatus.DROPPING, Status.RUNNING, "stays half deleted"),
        (TenantStatus.DELETED, Status.RUNNING, "deleted already"),
    ],
)
def test_a_terminate_says_what_becomes_of_the_tenant(tenant: TenantStatus, status: Status, says: str) -> None:
    assert says in " ".join(possibility(Deed.TERMINATE, removal(tenant, status), OPERATOR).effects)


@pytest.mark.parametrize(
    ("tenant", "kind", "says"),
    [
        (TenantStatus.DEPROVISIONING, "attempt", "Starts attempt 2"),
        (TenantStatus.DROPPING, "attempt", "deletes the rest of the tenant"),
        (TenantStatus.DELETED, "none", "nothing left to delete"),
        (TenantStatus.ACTIVE, "none", "The tenant is active again"),
    ],
)
def test_retry_is_offered_only_where_the_action_would_do_it(tenant: TenantStatus, kind: str, says: str) -> None:
    facts = removal(tenant, Status.FAILED)

    offer = RetryOffer.of(possibility(Deed.RETRY, facts, OPERATOR), facts.retry)

    assert offer.kind == kind
    assert says in offer.explanation


def test_to_retry_a_removal_takes_an_operator() -> None:
    facts = removal(TenantStatus.DEPROVISIONING, Status.FAILED)

    assert possibility(Deed.RETRY, facts, SUPPORT).problem == "It takes the role operator; yours is support."
    assert possibility(Deed.RETRY, facts, OPERATOR).problem is None


def test_a_retry_says_when_it_deletes_the_tenant() -> None:
    due = datetime(2026, 12, 4, 23, 19, tzinfo=UTC)
    facts = replace(removal(TenantStatus.DEPROVISIONING, Status.FAILED), due_at=due)

    assert "not before 2026-12-04 23:19 UTC" in " ".join(possibility(Deed.RETRY, facts, OPERATOR).effects)


@pytest.mark.parametrize("deed", [Deed.CANCEL, Deed.TERMINATE])
def test_what_was_asked_for_is_not_offered_again_while_it_is_on_its_way(deed: Deed) -> None:
    facts = removal(TenantStatus.DEPROVISIONING, Status.RUNNING)

    assert possibility(deed, facts, OPERATOR).problem is None
    asked = replace(facts, asked=frozenset({CommandKind(deed.value)}))
    assert "on its way" in (possibility(deed, asked, OPERATOR).problem or "")


@pytest.mark.parametrize("deed", Deed)
@pytest.mark.parametrize("status", Status)
def test_what_can_be_done_says_what_it_does(deed: Deed, status: Status) -> None:
    waits = replace(removal(TenantStatus.FAILED, status), workflow_type=PROVISIONING, awaits_decision=True)
    paused = replace(waits, awaits_decision=False, cause=Cause.STEP_PAUSED, step="create_schema")
    facts, when = {
        Deed.RETRY: (waits, status is Status.FAILED),
        Deed.PAUSE_STEP: (replace(paused, cause=None), status is Status.RUNNING),
        Deed.RESUME_STEP: (paused, status is Status.RUNNING),
        Deed.CLEAN_UP: (waits, status.is_final),
    }.get(deed, (waits, not status.is_final))

    possible = possibility(deed, facts, OPERATOR)

    assert possible.problem or possible.effects
    assert (possible.problem is None) == when


@pytest.mark.parametrize("deed", Deed)
def test_a_deed_takes_no_less_than_it_is_offered_to(deed: Deed) -> None:
    facts = replace(removal(TenantStatus.FAILED, Status.RUNNING), workflow_type=PROVISIONING)

    assert possibility(deed, facts, OPERATOR).permission is OFFERED_TO[deed]


@pytest.mark.parametrize(
    ("deed", "tenant", "status", "actor", "refusal"),
    [
        (Deed.APPROVE, TenantStatus.FAILED, Status.FAILED, OPERATOR, NotWaiting),
        (Deed.REJECT, TenantStatus.FAILED, Status.RUNNING, OPERATOR, NotWaiting),
        (Deed.RETRY, TenantStatus.DEPROVISIONING, Status.RUNNING, OPERATOR, CannotRetry),
        (Deed.RETRY, TenantStatus.DEPROVISIONING, Status.FAILED, SUPPORT, NotPermitted),
        (Deed.CANCEL, TenantStatus.DROPPING, Status.FAILED, OPERATOR, AlreadyEnded),
        (Deed.CANCEL, TenantStatus.DROPPING, Status.RUNNING, OPERATOR, TooLateToCancel),
        (Deed.TERMINATE, TenantStatus.DROPPING, Status.FAILED, OPERATOR, AlreadyEnded),
    ],
)
def test_an_action_that_meets_a_problem_raises_it(
    deed: Deed, tenant: TenantStatus, status: Status, actor: Actor, refusal: type[OperationsError]
) -> None:
    possible = possibility(deed, removal(tenant, status), actor)

    with pytest.raises(OperationsError) as raised:
        possible.ensure()

    assert type(raised.value) is refusal
    assert raised.value.message.startswith(possible.problem or "nothing")


@pytest.mark.parametrize("tenant", TenantStatus)
@pytest.mark.parametrize("purpose", Purpose)
def test_a_run_gets_a_row_only_for_a_tenant_that_it_can_be_meant_for(purpose: Purpose, tenant: TenantStatus) -> None:
    meant = {
        Purpose.PROVISION: not tenant.leaves,
        Purpose.REMOVE: tenant in (TenantStatus.DEPROVISIONING, TenantStatus.DROPPING),
        Purpose.CLEAN: tenant is TenantStatus.FAILED,
        Purpose.WORK: tenant is TenantStatus.ACTIVE,
    }

    assert (adoption_problem(purpose, tenant) is None) == meant[purpose]


@pytest.mark.parametrize("deed", Deed)
@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("workflow_type", [PROVISIONING, DEPROVISIONING])
def test_what_cannot_be_done_promises_nothing(deed: Deed, status: Status, workflow_type: str) -> None:
    facts = replace(removal(TenantStatus.ACTIVE, status), workflow_type=workflow_type)

    possible = possibility(deed, facts, OPERATOR)

    assert possible.problem is None or (possible.effects, possible.not_undone) == ((), ())


@pytest.mark.parametrize("deed", [Deed.APPROVE, Deed.REJECT, Deed.CANCEL, Deed.TERMINATE])
@pytest.mark.parametrize(
    ("reason", "ending", "says"),
    [
        (CloseReason.REJECTED, "Rejected by ada@x.test: “unpaid bill”", "Rejected by ada@x.test: “unpaid bill”."),
        (CloseReason.CANCELED, "Cancelled by ada@x.test.", "Cancelled by ada@x.test."),
        (CloseReason.TERMINATED, "Terminated by ada@x.test.", "Terminated by ada@x.test."),
    ],
)
def test_a_run_that_somebody_ended_says_who_and_why(deed: Deed, reason: CloseReason, ending: str, says: str) -> None:
    facts = removal(TenantStatus.FAILED, Status.FAILED)
    facts = replace(facts, workflow_type=PROVISIONING, close_reason=reason, ending=ending)

    assert possibility(deed, facts, OPERATOR).problem == f"The run has ended. {says}"


@pytest.mark.parametrize(
    ("status", "reason", "word"),
    [
        (Status.COMPLETED, None, "completed"),
        (Status.FAILED, CloseReason.ERROR, "failed"),
        (Status.FAILED, CloseReason.CANCELED, "cancelled"),
        (Status.FAILED, CloseReason.TIMED_OUT, "timed out"),
    ],
)
def test_how_a_run_ended_is_said_with_the_word_that_is_shown(
    status: Status, reason: CloseReason | None, word: str
) -> None:
    facts = replace(removal(TenantStatus.ACTIVE, status), close_reason=reason)

    assert possibility(Deed.TERMINATE, facts, OPERATOR).problem == f"The run has ended: {word}."


def test_what_was_decided_already_is_said_with_who_and_when() -> None:
    facts = replace(removal(TenantStatus.PROVISIONING, Status.RUNNING), workflow_type=PROVISIONING)
    decided = "Approved on 2026-12-04 23:19 UTC by ada@x.test: “paid”"

    assert possibility(Deed.REJECT, facts, OPERATOR).problem == "It does not wait for a decision."
    problem = possibility(Deed.REJECT, replace(facts, decided=decided), OPERATOR).problem
    assert problem == f"{decided}. A decision is final."
