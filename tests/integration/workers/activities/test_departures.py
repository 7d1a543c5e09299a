"""The steps of a removal: what they do is decided by the tenant's row, whatever run or repetition calls them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import pytest
from psycopg import AsyncConnection, errors, sql
from temporalio.exceptions import ApplicationError

from operations import contracts, tenant_kinds
from operations.contracts import SCHEMA_MARK, TenantStep
from operations.database import Database
from operations.phrases import REQUESTS
from operations.statuses import CommandKind, Plan, Status, TenantStatus
from tests.factories import add_execution, add_tenant
from tests.stand_in_runs import StandInRun
from workers.activities import schemas
from workers.activities.admission import Refused
from workers.activities.departures import DepartureActivities
from workers.activities.held_tenant import TenantRow, check_approved
from workers.activities.sessions import Sessions

ResultT = TypeVar("ResultT")

STAYING = [TenantStatus.PROVISIONING, TenantStatus.ACTIVE, TenantStatus.FAILED]
GONE = [TenantStatus.DROPPING, TenantStatus.DELETED]
HOUR = timedelta(hours=1)


@pytest.fixture
def database_url(shared_database_url: str) -> str:
    return shared_database_url


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[AsyncConnection]:
    async with await AsyncConnection.connect(database.dsn, autocommit=True) as opened:
        yield opened


@pytest.fixture
def departures(sessions: Sessions) -> DepartureActivities:
    return DepartureActivities(sessions=sessions)


async def leaving(connection: AsyncConnection, *, due_in: timedelta, was: str = "active") -> TenantStep:
    """A tenant with a schema, whose removal was asked for."""
    tenant = await add_tenant(connection, status=TenantStatus(was))
    async with connection.transaction():
        await schemas.create(connection, f"tenant_{tenant.hex}", str(tenant))
        await schemas.migrate(connection, f"tenant_{tenant.hex}", str(tenant))
    await connection.execute(
        "UPDATE tenants SET status = 'deprovisioning', due_at = clock_timestamp() + %s WHERE id = %s", (due_in, tenant)
    )
    return TenantStep(tenant_id=str(tenant))


async def take(
    connection: AsyncConnection, activity: Callable[[TenantStep], Awaitable[ResultT]], step: TenantStep
) -> ResultT:
    """Run a step as a worker does, for the tenant's latest removal."""
    run = await StandInRun.about(connection, UUID(step.tenant_id), tenant_kinds.DEPROVISIONING)
    return await run.take(activity, step, name=contracts.DELETE_TENANT, ordinal=2)


async def tables(connection: AsyncConnection, step: TenantStep) -> int:
    schema = f"tenant_{UUID(step.tenant_id).hex}"
    row = await (await connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = %s", (schema,))).fetchone()
    assert row is not None
    return int(row[0])


async def tenant(connection: AsyncConnection, step: TenantStep) -> tuple[object, ...]:
    """Status, former status, and whether a due time is known."""
    row = await (
        await connection.execute(
            "SELECT status, former_status, due_at IS NOT NULL FROM tenants WHERE id = %s", (step.tenant_id,)
        )
    ).fetchone()
    assert row is not None
    return row


async def test_a_removal_taken_twice_removes_once_and_keeps_the_row(
    connection: AsyncConnection, departures: DepartureActivities
) -> None:
    step = await leaving(connection, due_in=-HOUR)

    dropped = [await take(connection, departures.delete_tenant, step) for _ in range(2)]

    assert dropped == [True, False]
    assert await tables(connection, step) == 0
    assert await tenant(connection, step) == ("deleted", None, False)


@pytest.mark.parametrize("status", STAYING)
async def test_no_step_of_a_removal_touches_a_tenant_that_does_not_leave(
    connection: AsyncConnection, departures: DepartureActivities, status: TenantStatus
) -> None:
    step = await leaving(connection, due_in=-HOUR)
    await connection.execute("UPDATE tenants SET status = %s WHERE id = %s", (status, step.tenant_id))

    for activity in (departures.announce_departure, departures.announce_deprovisioning, departures.delete_tenant):
        with pytest.raises(ApplicationError, match=f"is {status}: this run deletes nothing") as refused:
            await take(connection, activity, step)
        assert refused.value.non_retryable
    assert await take(connection, departures.restore_tenant, step)

    assert await tenant(connection, step) == (status, None, False)
    assert await tables(connection, step) == 5


async def test_nothing_is_deleted_before_it_is_due_by_the_databases_clock(
    connection: AsyncConnection, departures: DepartureActivities
) -> None:
    step = await leaving(connection, due_in=HOUR / 2)

    left = await take(connection, departures.announce_departure, step)
    with pytest.raises(ApplicationError, match="is not due before") as refused:
        await take(connection, departures.delete_tenant, step)

    assert 1700 < left <= 1800
    assert not refused.value.non_retryable
    assert refused.value.next_retry_delay is not None
    assert timedelta(seconds=1700) < refused.value.next_retry_delay <= HOUR / 2
    assert await tables(connection, step) == 5
    assert await tenant(connection, step) == ("deprovisioning", "active", True)


async def test_a_tenant_whose_due_time_nobody_wrote_is_not_deleted(
    connection: AsyncConnection, departures: DepartureActivities
) -> None:
    step = await leaving(connection, due_in=-HOUR)
    await connection.execute("UPDATE tenants SET due_at = NULL WHERE id = %s", (step.tenant_id,))

    with pytest.raises(ApplicationError, match="not recorded when"):
        await take(connection, departures.delete_tenant, step)

    assert await tables(connection, step) == 5


async def test_a_console_of_the_version_before_wrote_the_waiting_time_into_the_execution(
    connection: AsyncConnection, departures: DepartureActivities
) -> None:
    step = await leaving(connection, due_in=-HOUR)
    await connection.execute("UPDATE tenants SET due_at = NULL WHERE id = %s", (step.tenant_id,))
    await add_execution(
        connection,
        status=Status.RUNNING,
        workflow_type="tenant_deprovisioning",
        entity_id=UUID(step.tenant_id),
        arguments=(step.tenant_id, "active", 600.0),
    )

    left = await take(connection, departures.announce_departure, step)

    assert 590 < left <= 600


@pytest.mark.parametrize(
    ("kind", "state"), [("cancel", "queued"), ("cancel", "delivered"), ("cancel", "failed"), ("terminate", "queued")]
)
async def test_whoever_asked_for_the_run_to_end_keeps_the_tenant(
    connection: AsyncConnection, departures: DepartureActivities, kind: str, state: str
) -> None:
    step = await leaving(connection, due_in=-HOUR)
    execution = await add_execution(
        connection, status=Status.RUNNING, workflow_type="tenant_deprovisioning", entity_id=UUID(step.tenant_id)
    )
    await connection.execute(
        "INSERT INTO commands (kind, execution_id, requested_by, state, settled_at)"
        " VALUES (%s, %s, 'ada', %s, CASE WHEN %s <> 'queued' THEN now() END)",
        (kind, execution, state, state),
    )

    with pytest.raises(
        ApplicationError, match=f"{REQUESTS[CommandKind(kind)]} was requested by ada, so nothing is deleted"
    ) as refused:
        await take(connection, departures.delete_tenant, step)

    assert not refused.value.non_retryable
    assert await tables(connection, step) == 5
    assert await tenant(connection, step) == ("deprovisioning", "active", True)


@pytest.mark.parametrize("was", ["active", "failed"])
async def test_a_tenant_is_restored_to_what_its_row_says(
    connection: AsyncConnection, departures: DepartureActivities, was: str
) -> None:
    step = await leaving(connection, due_in=HOUR, was=was)
    forged = TenantStep(tenant_id=step.tenant_id, previous_status="provisioning")

    assert [await take(connection, departures.restore_tenant, forged) for _ in range(2)] == [True, True]

    assert await tenant(connection, step) == (was, None, False)


@pytest.mark.parametrize("status", GONE)
async def test_what_is_gone_is_not_restored(
    connection: AsyncConnection, departures: DepartureActivities, status: TenantStatus
) -> None:
    step = await leaving(connection, due_in=-HOUR)
    await connection.execute("UPDATE tenants SET status = %s WHERE id = %s", (status, step.tenant_id))

    assert not await take(connection, departures.restore_tenant, step)
    assert await take(connection, departures.announce_departure, step) == 0

    assert (await tenant(connection, step))[0] == status


async def test_an_active_tenant_whose_schema_is_gone_is_not_active_again(
    connection: AsyncConnection, departures: DepartureActivities
) -> None:
    step = await leaving(connection, due_in=HOUR)
    schema = sql.Identifier(f"tenant_{UUID(step.tenant_id).hex}")
    await connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(schema))

    assert not await take(connection, departures.restore_tenant, step)
    await take(connection, departures.delete_tenant, step)

    assert await tenant(connection, step) == ("deleted", None, False)


@pytest.mark.parametrize("mark", [None, "tenantry:tenant:somebody-else", SCHEMA_MARK, "hands off"])
@pytest.mark.parametrize("status", ["deprovisioning", "dropping"])
async def test_a_strangers_schema_is_left_alone(
    connection: AsyncConnection, departures: DepartureActivities, mark: str | None, status: str
) -> None:
    step = await leaving(connection, due_in=-HOUR)
    await connection.execute("UPDATE tenants SET status = %s WHERE id = %s", (status, step.tenant_id))
    schema = f"tenant_{UUID(step.tenant_id).hex}"
    await connection.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(sql.Identifier(schema), sql.Literal(mark)))

    with pytest.raises(ApplicationError, match="does not carry this tenant's mark") as refused:
        await take(connection, departures.delete_tenant, step)
    with pytest.raises(ApplicationError, match="does not carry this tenant's mark"):
        await schemas.drop_part(connection, schema, step.tenant_id, 1)

    assert refused.value.non_retryable
    assert await tables(connection, step) == 5
    assert (await tenant(connection, step))[0] == status


@pytest.mark.parametrize(
    ("status", "other"),
    [("dropping", "active"), ("dropping", "deprovisioning"), ("deleted", "active"), ("deleted", "dropping")],
)
async def test_the_database_lets_nothing_come_back(connection: AsyncConnection, status: str, other: str) -> None:
    step = await leaving(connection, due_in=-HOUR)
    await connection.execute("UPDATE tenants SET status = %s WHERE id = %s", (status, step.tenant_id))

    with pytest.raises(errors.CheckViolation, match=f"is {status}; it cannot become {other}"):
        await connection.execute("UPDATE tenants SET status = %s WHERE id = %s", (other, step.tenant_id))


@pytest.mark.parametrize("name", [contracts.DELETE_TENANT, contracts.RESTORE_TENANT])
async def test_a_run_of_another_kind_neither_deletes_nor_restores(
    connection: AsyncConnection, departures: DepartureActivities, name: str
) -> None:
    """It may be open beside the removal, in a lane of its own; that nobody cancelled it says nothing of the removal."""
    step = await leaving(connection, due_in=-HOUR)
    execution = await add_execution(connection, workflow_type="tenant_backup", entity_id=UUID(step.tenant_id))
    run = StandInRun.of(execution, f"test-{execution}", temporal_type="tenant_backup")

    with pytest.raises(Refused, match="whose runs do not take this step"):
        await run.take(getattr(departures, name), step)

    assert await tenant(connection, step) == ("deprovisioning", "active", True)
    assert await tables(connection, step) > 0


async def test_an_enterprise_is_not_made_by_a_kind_that_asks_nobody(connection: AsyncConnection) -> None:
    """Nobody could ever approve: to try again would be to try for ever."""
    id_ = await add_tenant(connection)
    big = TenantRow(
        id=id_, slug="big", plan=Plan.ENTERPRISE, status=TenantStatus.PROVISIONING, schema_name=f"tenant_{id_.hex}"
    )
    run = await StandInRun.about(connection, id_, tenant_kinds.DEPROVISIONING)

    async def make(_: TenantStep) -> None:
        await check_approved(connection, big)

    with pytest.raises(ApplicationError, match="asks nobody") as refused:
        await run.take(make, TenantStep(tenant_id=str(id_)))

    assert refused.value.non_retryable
