from datetime import UTC, datetime
from uuid import UUID

import pytest

from console.pages import words
from operations import contracts
from operations.queries.execution_views import ExecutionView
from operations.queries.intents import retry_offer
from operations.statuses import CloseReason, Health, Status, TenantStatus

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def removal(tenant: TenantStatus, status: Status = Status.RUNNING) -> ExecutionView:
    return ExecutionView(
        id=UUID(int=1),
        workflow_id="tenant-deprovision-acme",
        workflow_type=contracts.DEPROVISIONING.stored_name,
        entity_type="tenant",
        entity_id=UUID(int=2),
        entity_slug="acme",
        entity_name="Acme",
        entity_status=tenant,
        due_at=NOW,
        status=status,
        close_reason=CloseReason.TERMINATED if status is Status.FAILED else None,
        attempt=1,
        retry_of=None,
        started_at=NOW,
        completed_at=NOW if status.is_final else None,
        created_at=NOW,
        updated_at=NOW,
        error_message=None,
        current_step=None,
        steps_done=0,
        steps_total=2,
        last_progress_at=NOW,
        health=Health.OK,
        cause=None,
        cause_detail=None,
        health_since=None,
        requested_by="ada@example.com",
        run_id="run",
        build_id=None,
        verified_at=None,
    )


@pytest.mark.parametrize(
    ("tenant", "status", "says"),
    [
        (TenantStatus.DEPROVISIONING, Status.RUNNING, "stays deprovisioning, with all its data"),
        (TenantStatus.DEPROVISIONING, Status.PENDING, "gets its former status back"),
        (TenantStatus.DROPPING, Status.RUNNING, "stays half dropped"),
        (TenantStatus.DELETED, Status.RUNNING, "deleted already"),
    ],
)
def test_a_terminate_says_what_becomes_of_the_tenant(tenant: TenantStatus, status: Status, says: str) -> None:
    assert says in words.after_terminate(removal(tenant, status))


@pytest.mark.parametrize(
    ("tenant", "kind", "says"),
    [
        (TenantStatus.DEPROVISIONING, "attempt", "Starts attempt 2"),
        (TenantStatus.DROPPING, "attempt", "drops the rest of the schema"),
        (TenantStatus.DELETED, "none", "nothing left to remove"),
        (TenantStatus.ACTIVE, "none", "The tenant is active again"),
    ],
)
def test_retry_is_offered_only_where_the_action_would_do_it(tenant: TenantStatus, kind: str, says: str) -> None:
    offer = retry_offer(removal(tenant, Status.FAILED), 1)

    assert offer.kind == kind
    assert says in offer.explanation
