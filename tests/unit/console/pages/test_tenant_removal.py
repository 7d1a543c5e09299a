"""What the page of a tenant makes of what is known."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from console.pages.tenant_removal import removal_facts
from operations.access import Actor
from operations.kinds import Deed
from operations.possibilities import possibility
from operations.queries.tenants import TenantView
from operations.statuses import CloseReason, Health, Plan, Role, Status, TenantStatus

OPERATOR = Actor(name="ops@example.com", role=Role.OPERATOR)
REMOVING = "tenant_deprovisioning"
KEPT = TenantView(
    id=UUID(int=1),
    slug="acme",
    name="Acme Inc.",
    plan=Plan.STARTER,
    status=TenantStatus.ACTIVE,
    schema_name="tenant_1",
    owner_email=None,
    created_at=datetime(2026, 1, 31, tzinfo=UTC),
    activated_at=None,
    due_at=None,
    execution_id=UUID(int=2),
    execution_type=REMOVING,
    execution_status=Status.FAILED,
    execution_close_reason=CloseReason.CANCELED,
    execution_ending="Cancelled by ada@example.com: “customer came back”",
    execution_health=Health.OK,
)


def test_a_tenant_that_was_kept_says_by_whom() -> None:
    possible = possibility(Deed.CANCEL, removal_facts(KEPT, REMOVING), OPERATOR)

    assert possible.problem == "The run has ended. Cancelled by ada@example.com: “customer came back”."
    assert possible.effects == ()


def test_another_run_says_nothing_of_the_removal() -> None:
    facts = removal_facts(replace(KEPT, execution_type="tenant_provisioning"), REMOVING)

    assert (facts.status, facts.close_reason, facts.ending) == (Status.FAILED, None, None)


def test_the_latest_run_of_a_tenant_that_leaves_is_what_removes_it() -> None:
    leaving = replace(KEPT, status=TenantStatus.DEPROVISIONING, execution_status=Status.RUNNING, execution_type="older")

    assert removal_facts(leaving, REMOVING).status is Status.RUNNING
