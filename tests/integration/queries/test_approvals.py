"""What waits for a decision is listed with what is asked for, the oldest first, and no longer than it waits."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from operations.database import Database
from operations.queries.approvals import ApprovalQueries
from operations.statuses import Plan, Status
from tests.factories import add_execution, add_tenant, set_status


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[AsyncConnection]:
    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connected:
        yield connected


async def waiting(connection: AsyncConnection, *, hours: int, attempt: int = 1) -> UUID:
    """A run that has waited for so long."""
    id_ = await add_execution(
        connection, status=Status.RUNNING, entity_id=await add_tenant(connection), attempt=attempt
    )
    await connection.execute(
        "INSERT INTO approval_requests (execution_id, requested_at, expires_at)"
        " VALUES (%(id)s, now() - %(ago)s, now() - %(ago)s + interval '7 days')",
        {"id": id_, "ago": timedelta(hours=hours)},
    )
    return id_


async def test_the_oldest_come_first_and_page_by_page(database: Database, connection: AsyncConnection) -> None:
    ids = [await waiting(connection, hours=hours) for hours in (2, 5, 1, 4, 3)]
    approvals = ApprovalQueries(database=database)

    first = await approvals.waiting(limit=2)
    second = await approvals.waiting(limit=2, cursor=first.next)
    third = await approvals.waiting(limit=2, cursor=second.next)

    found = [view.execution_id for page in (first, second, third) for view in page.items]
    assert found == [ids[1], ids[3], ids[4], ids[0], ids[2]]
    assert (first.total, second.preceding, third.preceding, third.next) == (5, 2, 4, None)


async def test_what_is_decided_or_over_waits_no_more(database: Database, connection: AsyncConnection) -> None:
    left, decided, ended = [await waiting(connection, hours=hours) for hours in (3, 2, 1)]
    await connection.execute(
        "INSERT INTO approvals (execution_id, decision, decided_by, reason) VALUES (%s, 'approved', 'ada', 'paid')",
        (decided,),
    )
    await set_status(connection, ended, Status.FAILED)

    page = await ApprovalQueries(database=database).waiting()

    assert ([view.execution_id for view in page.items], page.total) == ([left], 1)


async def test_it_says_what_is_asked_for_by_whom_and_until_when(
    database: Database, connection: AsyncConnection
) -> None:
    id_ = await waiting(connection, hours=24, attempt=2)
    await connection.execute("UPDATE tenants SET name = 'Acme Inc.', slug = 'acme', plan = 'enterprise'")

    (view,) = (await ApprovalQueries(database=database).waiting()).items

    assert (view.execution_id, view.entity_name, view.entity_slug, view.plan) == (
        id_,
        "Acme Inc.",
        "acme",
        Plan.ENTERPRISE,
    )
    assert (view.workflow_type, view.attempt, view.requested_by) == ("tenant_provisioning", 2, "test")
    assert view.expires_at - view.requested_at == timedelta(days=7)
