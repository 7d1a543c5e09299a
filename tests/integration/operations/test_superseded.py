"""A failure of which a newer attempt took the place: noted in the transaction that makes or settles that attempt."""

from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection

from operations import tracking
from operations.access import Actor
from operations.actions.registration import Registration
from operations.bootstrap import Services
from operations.database import Database
from operations.statuses import CloseReason, Role, Status
from operations.transitions import Correction, Transition
from tests.factories import add_execution, add_tenant

OTTO = Actor(name="otto@example.com", role=Role.OPERATOR)
SETTLED = [
    (Status.RUNNING, Status.COMPLETED, True),
    (Status.RUNNING, Status.FAILED, False),
    (Status.PENDING, Status.FAILED, False),
    (Status.PENDING, Status.RUNNING, True),
]


async def superseded_by(connection: AsyncConnection, *executions: UUID) -> list[UUID | None]:
    found = await connection.execute("SELECT id, superseded_by FROM workflow_executions")
    by: dict[UUID, UUID | None] = dict(await found.fetchall())
    return [by[each] for each in executions]


async def settle(database: Database, execution: UUID, to: Status) -> bool:
    reason = CloseReason.ERROR if to is Status.FAILED else None
    async with database.transaction() as connection:
        return await tracking.move(
            connection, Transition(execution_id=execution, to=to, actor="test", run_id="run", close_reason=reason)
        )


async def correct(database: Database, execution: UUID, from_: Status, to: Status) -> bool:
    correction = Correction(
        execution_id=execution,
        from_status=from_,
        from_run_id=None,
        to=to,
        run_id=None,
        actor="test",
        reason="seen in Temporal",
        close_reason=CloseReason.TERMINATED if to is Status.FAILED else None,
    )
    async with database.transaction() as connection:
        return await tracking.correct(connection, correction)


async def attempts(connection: AsyncConnection, *statuses: Status) -> list[UUID]:
    """One tenant's attempts, as if nobody had looked at the older ones when the newer ones began."""
    tenant = await add_tenant(connection)
    return [
        await add_execution(connection, status=status, entity_id=tenant, attempt=number)
        for number, status in enumerate(statuses, start=1)
    ]


async def test_a_retry_supersedes_the_failures_before_it(services: Services, connection: AsyncConnection) -> None:
    slug = f"again-{uuid4().hex[:8]}"
    first = await services.tenants.register(OTTO, Registration(slug=slug, name="A", owner_email=f"{slug}@example.com"))
    await settle(services.database, first.execution_id, Status.FAILED)
    assert await superseded_by(connection, first.execution_id) == [None]

    second = (await services.executions.retry(OTTO, first.execution_id, "again")).attempt
    assert await superseded_by(connection, first.execution_id) == [second]

    await settle(services.database, second, Status.FAILED)
    assert await superseded_by(connection, first.execution_id, second) == [None, None]

    third = (await services.executions.retry(OTTO, second, "again")).attempt
    assert await superseded_by(connection, first.execution_id, second) == [third, third]


@pytest.mark.parametrize(("from_", "to", "supersedes"), SETTLED)
async def test_an_attempt_that_is_settled_says_so_of_the_ones_before(
    database: Database, connection: AsyncConnection, from_: Status, to: Status, supersedes: bool
) -> None:
    first, second = await attempts(connection, Status.FAILED, from_)
    await connection.execute("UPDATE workflow_executions SET superseded_by = %s WHERE id = %s", (second, first))

    assert await settle(database, second, to)

    assert await superseded_by(connection, first, second) == [second if supersedes else None, None]


@pytest.mark.parametrize("to", [Status.RUNNING, Status.COMPLETED])
async def test_a_correction_of_the_newer_attempt_supersedes(
    database: Database, connection: AsyncConnection, to: Status
) -> None:
    first, second = await attempts(connection, Status.FAILED, Status.FAILED)

    assert await correct(database, second, Status.FAILED, to)
    assert await superseded_by(connection, first, second) == [second, None]

    assert await correct(database, second, to, Status.FAILED)
    assert await superseded_by(connection, first, second) == [None, None]


async def test_a_correction_of_the_older_attempt_is_seen_against_the_newer(
    database: Database, connection: AsyncConnection
) -> None:
    first, second = await attempts(connection, Status.COMPLETED, Status.COMPLETED)

    assert await correct(database, first, Status.COMPLETED, Status.FAILED)
    assert await superseded_by(connection, first, second) == [second, None]

    assert await correct(database, first, Status.FAILED, Status.COMPLETED)
    assert await superseded_by(connection, first, second) == [None, None]


async def test_other_kinds_and_other_tenants_supersede_nothing(database: Database, connection: AsyncConnection) -> None:
    tenant = await add_tenant(connection)
    failed = await add_execution(connection, status=Status.FAILED, entity_id=tenant)
    await add_execution(connection, status=Status.COMPLETED, entity_id=tenant, attempt=2, workflow_type="backup")
    running = await add_execution(connection, status=Status.RUNNING, attempt=2)

    await settle(database, running, Status.COMPLETED)
    await correct(database, failed, Status.FAILED, Status.FAILED)

    assert await superseded_by(connection, failed) == [None]
