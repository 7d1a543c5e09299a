"""A decision can be given as long as nobody has decided, whatever else is wrong with the run meanwhile."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection

from operations import contracts
from operations.access import Actor
from operations.actions.registration import Registration
from operations.bootstrap import Services
from operations.errors import NotWaiting
from operations.queries.execution_views import ExecutionDetail
from operations.statuses import Cause, CommandKind, Decision, Status
from tests.factories import add_execution, add_tenant
from workbench.servers import eventually

pytestmark = pytest.mark.usefixtures("worker", "delivering")


@pytest.fixture
async def connection(services: Services) -> AsyncIterator[AsyncConnection]:
    """Each statement commits."""
    async with await AsyncConnection.connect(services.database.dsn, autocommit=True) as opened:
        yield opened


@pytest.fixture
async def asking(services: Services, admin: Actor) -> UUID:
    """An execution that waits for an approval."""
    slug = f"globex-{uuid4().hex[:8]}"
    registration = Registration(slug=slug, name="Globex", owner_email=f"hank@{slug}.example", plan="enterprise")
    registered = await services.tenants.register(admin, registration)
    await eventually(
        lambda: services.reads.executions.detail(registered.execution_id), lambda detail: detail.awaits_decision
    )
    return registered.execution_id


async def test_a_run_that_asks_says_since_when_and_until_when(services: Services, admin: Actor, asking: UUID) -> None:
    asked = (await services.reads.executions.detail(asking)).approval_request
    await services.executions.decide(admin, asking, Decision.APPROVED, "contract signed")

    decided = (await services.reads.executions.detail(asking)).approval_request
    assert asked is not None
    assert asked.expires_at - asked.requested_at == contracts.APPROVAL_LIMIT == timedelta(days=7)
    assert decided is not None
    assert (asked.is_open, decided.is_open, decided.requested_at) == (True, False, asked.requested_at)


async def test_a_decision_can_be_given_after_a_look_at_it_has_failed(
    services: Services, admin: Actor, asking: UUID, connection: AsyncConnection
) -> None:
    run = (await services.reads.executions.detail(asking)).execution

    async def look() -> ExecutionDetail:
        return await services.reads.executions.detail(asking)

    async with await AsyncConnection.connect(services.database.dsn) as holder:
        await holder.execute("SELECT FROM tenants FOR UPDATE")
        await services.temporal.signal(run.workflow_id, run.run_id or "", contracts.DECIDED)  # and there is none
        failing = await eventually(look, lambda detail: detail.execution.cause == Cause.STEP_RETRYING)
    again = await eventually(look, lambda detail: detail.execution.cause != Cause.STEP_RETRYING)

    assert failing.awaits_decision
    assert (again.execution.cause, again.execution.cause_detail) == (Cause.AWAITING_APPROVAL, None)
    await connection.execute("UPDATE workflow_executions SET cause = 'unknown'")
    await services.executions.decide(admin, asking, Decision.APPROVED, "contract signed")
    done = await eventually(look, lambda detail: detail.execution.status.is_final)
    assert (done.execution.status, done.execution.cause) == (Status.COMPLETED, None)


async def test_what_a_cause_says_permits_no_decision(
    services: Services, admin: Actor, connection: AsyncConnection
) -> None:
    tenant = await add_tenant(connection)
    execution = await add_execution(connection, status=Status.RUNNING, entity_id=tenant)
    await connection.execute("UPDATE workflow_executions SET cause = %s", (Cause.AWAITING_APPROVAL.value,))

    with pytest.raises(NotWaiting):
        await services.executions.decide(admin, execution, Decision.APPROVED, "contract signed")

    commands = await services.reads.intents.commands(execution)
    assert CommandKind.DECIDE not in {command.kind for command in commands}
    assert not (await services.reads.executions.detail(execution)).awaits_decision
