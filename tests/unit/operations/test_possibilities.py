import pytest

from operations import contracts
from operations.possibilities import cancel_problem, retry_problem
from operations.statuses import TenantStatus

PROVISIONING, DEPROVISIONING = (kind.stored_name for kind in contracts.KINDS)
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
