"""Where it takes two, whoever asked approves nothing, however many other people have retried it since."""

from dataclasses import replace
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from operations.access import Actor
from operations.actions.registration import Registration
from operations.bootstrap import Services
from operations.bulk.selections import ByIds
from operations.database import Database
from operations.errors import NotWaiting
from operations.kinds import Deed
from operations.possibilities import possibility
from operations.settings import FourEyes
from operations.statuses import BulkResult, CloseReason, Decision, Role, Status
from operations.temporal import Temporal
from tests import factories
from tests.conftest import SECRET_KEY

OTTO = Actor(name="otto@example.com", role=Role.OPERATOR)
OLGA = Actor(name="olga@example.com", role=Role.OPERATOR)
SUSAN = Actor(name="susan@example.com", role=Role.SUPPORT)
RULE = frozenset({FourEyes.APPROVE, FourEyes.DEPROVISION})
LATEST = "SELECT id FROM workflow_executions WHERE entity_id = %s ORDER BY created_at DESC LIMIT 1"
ASK = "INSERT INTO approval_requests (execution_id, expires_at) VALUES (%s, now() + interval '7 days')"
FORGET = "DELETE FROM workflow_executions WHERE entity_id = %s AND requested_by = %s"
ACTIVE = "UPDATE tenants SET status = 'active', activated_at = now(), due_at = NULL WHERE id = %s"


@pytest.fixture
def services(database: Database, temporal: Temporal, task_queue: str) -> Services:
    return Services.assemble(
        database, temporal, name="test", task_queue=task_queue, secret_key=SECRET_KEY, four_eyes=RULE
    )


async def registered(services: Services, slug: str) -> tuple[UUID, UUID]:
    """Otto's tenant, and the execution that makes it."""
    registration = Registration(
        slug=slug, name="Acme", owner_email=f"ada@{slug}.example", owner_name=None, plan="enterprise"
    )
    made = await services.tenants.register(OTTO, registration)
    return made.tenant_id, made.execution_id


async def latest(connection: AsyncConnection, tenant: UUID) -> UUID:
    row = await (await connection.execute(LATEST, (tenant,))).fetchone()
    assert row is not None
    return UUID(str(row[0]))


async def fail(connection: AsyncConnection, tenant: UUID) -> UUID:
    """The latest attempt, which was cancelled."""
    id_ = await latest(connection, tenant)
    await factories.set_status(connection, id_, Status.RUNNING)
    await factories.set_status(connection, id_, Status.FAILED, close_reason=CloseReason.CANCELED)
    await connection.execute("UPDATE tenants SET status = 'failed' WHERE id = %s", (tenant,))
    return id_


async def assert_another_approves(services: Services, id_: UUID) -> None:
    """Otto cannot by any door, and is told so before; Olga can."""
    detail = await services.reads.executions.detail(id_)
    with pytest.raises(NotWaiting, match="in this attempt or before; it takes another person"):
        await services.executions.decide(OTTO, id_, Decision.APPROVED, "I know them")
    planned = await services.bulks.preview(OTTO, Deed.APPROVE, ByIds(ids=(id_,)))
    hurried = replace(planned, rows=tuple(replace(row, problem=None) for row in planned.rows))
    bulk = await services.bulks.begin(OTTO, hurried, "I know them")
    await services.bulks.runner.advance()
    (row,) = (await services.reads.bulks.rows(bulk)).items

    assert possibility(Deed.APPROVE, detail.facts(), OTTO).problem is not None
    assert possibility(Deed.REJECT, detail.facts(), OTTO).problem is None
    assert possibility(Deed.APPROVE, detail.facts(), OLGA).problem is None
    assert planned.acting == 0
    assert (row.result, "another person" in (row.why or "")) == (BulkResult.SKIPPED, True)
    assert await services.executions.decide(OLGA, id_, Decision.APPROVED, "I asked them") is Decision.APPROVED


@pytest.mark.parametrize("how", ["itself", "retry", "bulk retry", "two retries", "row lost"])
async def test_whoever_registered_a_tenant_approves_no_attempt_at_it(
    services: Services, connection: AsyncConnection, how: str
) -> None:
    tenant, first = await registered(services, f"laundered-{how.replace(' ', '-')}")
    if how == "bulk retry":
        await fail(connection, tenant)
        planned = await services.bulks.preview(SUSAN, Deed.RETRY, ByIds(ids=(first,)))
        await services.bulks.begin(SUSAN, planned, "the customer waits")
        await services.bulks.runner.advance()
    for _ in range({"itself": 0, "bulk retry": 0, "two retries": 2}.get(how, 1)):
        await services.executions.retry(SUSAN, await fail(connection, tenant), "the customer waits")
    if how == "row lost":
        await connection.execute("UPDATE workflow_executions SET retry_of = NULL WHERE entity_id = %s", (tenant,))
        await connection.execute(FORGET, (tenant, OTTO.name))

    waiting = await latest(connection, tenant)
    await factories.set_status(connection, waiting, Status.RUNNING)
    await connection.execute(ASK, (waiting,))

    assert (waiting == first) is (how == "itself")
    await assert_another_approves(services, waiting)


async def test_whoever_asked_for_a_removal_approves_no_attempt_at_it(
    services: Services, connection: AsyncConnection
) -> None:
    tenant = await factories.add_tenant(connection, slug="leaves-by-two")
    await connection.execute(ACTIVE, (tenant,))
    first = await services.tenants.deprovision(OTTO, "leaves-by-two", "contract ended")
    await factories.set_status(connection, first, Status.RUNNING)
    await factories.set_status(connection, first, Status.FAILED, close_reason=CloseReason.TERMINATED)

    await services.executions.retry(Actor(name="pia@example.com", role=Role.OPERATOR), first, "it was ended by force")

    await assert_another_approves(services, await latest(connection, tenant))


async def test_a_removal_that_somebody_else_asks_for_anew_is_approved_by_whoever_asked_before(
    services: Services, connection: AsyncConnection
) -> None:
    tenant = await factories.add_tenant(connection, slug="leaves-after-all")
    await connection.execute(ACTIVE, (tenant,))
    first = await services.tenants.deprovision(OTTO, "leaves-after-all", "contract ended")
    await factories.set_status(connection, first, Status.RUNNING)
    await factories.set_status(connection, first, Status.FAILED, close_reason=CloseReason.CANCELED)
    await connection.execute(ACTIVE, (tenant,))

    again = await services.tenants.deprovision(OLGA, "leaves-after-all", "contract ended after all")

    with pytest.raises(NotWaiting, match="another person"):
        await services.executions.decide(OLGA, again, Decision.APPROVED, "I am sure")
    assert await services.executions.decide(OTTO, again, Decision.APPROVED, "so am I") is Decision.APPROVED
