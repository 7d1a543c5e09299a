"""Where removals take two, nothing is deleted before another person than whoever asked has approved it."""

from dataclasses import replace

import pytest

from operations import contracts
from operations.access import Actor
from operations.errors import NotWaiting
from operations.settings import FourEyes
from operations.statuses import CloseReason, Decision, Role, StepStatus, TenantStatus
from tests.integration.durability.conftest import OPERATOR, TABLES, Provisioning, Working
from tests.integration.durability.test_departures import SOON, Departure

OTHER = Actor(name="other@example.com", role=Role.OPERATOR)


@pytest.fixture
def takes_two(provisioning: Provisioning) -> Provisioning:
    services = provisioning.services
    rule = frozenset({FourEyes.DEPROVISION})
    return replace(
        provisioning,
        services=replace(
            services,
            tenants=replace(services.tenants, four_eyes=rule, deprovision_wait=SOON),
            executions=replace(services.executions, four_eyes=rule),
        ),
    )


async def asked(provisioning: Provisioning, working: Working, slug: str) -> Departure:
    """A removal that is due, and stands before the deletion."""
    registered = await provisioning.register(slug)
    async with working():
        await provisioning.ended(registered.execution_id)
        execution_id = await provisioning.services.tenants.deprovision(OPERATOR, slug, "contract ended")
        departure = Departure(
            provisioning=provisioning, slug=slug, tenant_id=registered.tenant_id, execution_id=execution_id
        )
        await departure.at_step(contracts.DELETE_TENANT, StepStatus.RETRYING)
    return departure


async def test_a_removal_waits_for_somebody_else_and_then_goes_on(takes_two: Provisioning, working: Working) -> None:
    departure = await asked(takes_two, working, "removed-by-two")
    before = await departure.detail()
    executions = takes_two.services.executions

    with pytest.raises(NotWaiting, match="takes another person to approve"):
        await executions.decide(OPERATOR, departure.execution_id, Decision.APPROVED, "I am sure")
    tables = await takes_two.tables(departure.slug)
    await executions.decide(OTHER, departure.execution_id, Decision.APPROVED, "the contract has ended")

    assert (before.execution.cause, before.execution.health) == ("awaiting_approval", "ok")
    assert "another person to approve the removal" in (before.execution.cause_detail or "")
    assert before.steps[-1].error is None
    assert tables == TABLES
    async with working():
        await departure.assert_deleted()


async def test_a_removal_that_somebody_rejects_gives_the_tenant_back(takes_two: Provisioning, working: Working) -> None:
    departure = await asked(takes_two, working, "kept-by-two")

    await takes_two.services.executions.decide(OPERATOR, departure.execution_id, Decision.REJECTED, "wrong customer")

    async with working():
        await departure.assert_stays()


async def test_a_removal_that_nobody_approves_in_time_gives_the_tenant_back(
    takes_two: Provisioning, working: Working
) -> None:
    departure = await asked(takes_two, working, "kept-in-the-end")
    await takes_two.execute(
        "UPDATE approval_requests SET expires_at = now() WHERE execution_id = %s", departure.execution_id
    )

    async with working():
        end = await takes_two.ended(departure.execution_id)

    assert end.execution.close_reason is CloseReason.REJECTED
    assert await departure.status() is TenantStatus.ACTIVE
    assert await takes_two.tables(departure.slug) == TABLES


async def test_another_attempt_of_a_removal_asks_anew(takes_two: Provisioning, working: Working) -> None:
    departure = await asked(takes_two, working, "asked-anew")
    await takes_two.services.executions.decide(OTHER, departure.execution_id, Decision.APPROVED, "contract has ended")
    await departure.terminate()
    async with working():
        await takes_two.ended(departure.execution_id)

    again = replace(departure, execution_id=await departure.retry())

    assert (await again.detail()).awaits_decision
    assert await takes_two.tables(departure.slug) == TABLES
