"""What a preview says: how many, what will and will not happen, which are skipped and why."""

from uuid import UUID, uuid4

import pytest

from operations.access import Actor
from operations.bulk.plans import DEEDS, LARGE, Plan, Seen, plan, planned, unknown
from operations.deed_facts import Facts
from operations.errors import InvalidInput
from operations.kinds import Deed
from operations.statuses import RetryKind, Role, Status, TenantStatus

OTTO = Actor(name="otto@example.com", role=Role.OPERATOR)


def seen(status: Status = Status.FAILED, *, attempt: int = 1, latest: int = 1) -> Seen:
    facts = Facts(
        workflow_type="tenant_provisioning",
        status=status,
        attempt=attempt,
        latest_attempt=latest,
        tenant=TenantStatus.FAILED if status is Status.FAILED else TenantStatus.PROVISIONING,
    )
    return Seen(id=uuid4(), workflow_id="tenant-provision-acme", name="Acme", run_id="run", facts=facts)


def of(deed: Deed, *all_: Seen) -> Plan:
    return plan(deed, {"by": "ids"}, [planned(deed, each, OTTO) for each in all_])


def test_rows_that_cannot_take_it_are_counted_apart_and_say_why() -> None:
    made = of(Deed.RETRY, seen(), seen(), seen(latest=2))

    assert (made.acting, made.skipped) == (2, 1)
    assert [(said.count, said.sentence) for said in made.effects] == [
        (2, "Starts attempt 2 from the beginning, once Temporal confirms that this one has ended.")
    ]
    assert [(said.count, "newer attempt" in said.sentence) for said in made.problems] == [(1, True)]


def test_the_kind_of_retry_and_the_run_that_were_seen_are_kept() -> None:
    (row,) = of(Deed.RETRY, seen()).rows

    assert (row.retry_kind, row.seen_run_id) == (RetryKind.ATTEMPT, "run")


def test_an_execution_that_there_is_not_is_skipped() -> None:
    row = unknown(UUID(int=1))

    assert (row.acts, row.problem) == (False, "There is no execution with this id.")


@pytest.mark.parametrize(
    ("deed", "number", "is_weighty"),
    [
        (Deed.RETRY, LARGE, False),
        (Deed.RETRY, LARGE + 1, True),
        (Deed.TERMINATE, 1, True),
        (Deed.CANCEL, 1, True),
        (Deed.CANCEL, 0, False),
    ],
)
def test_what_ends_runs_or_is_large_has_its_number_typed(deed: Deed, number: int, is_weighty: bool) -> None:
    status = Status.FAILED if deed is Deed.RETRY else Status.RUNNING

    assert of(deed, *(seen(status) for _ in range(number))).is_weighty is is_weighty


def test_what_is_done_to_one_alone_is_not_done_to_many() -> None:
    with pytest.raises(InvalidInput, match="The action must be one of"):
        plan(Deed.CLEAN_UP, {}, ())

    assert Deed.CLEAN_UP not in DEEDS
