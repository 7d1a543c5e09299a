"""Removals that wait since before the due time was kept in the tenant's row are due when they would have been."""

import asyncio
from uuid import UUID

from psycopg import AsyncConnection

from migrations.__main__ import upgrade
from operations.statuses import Status, TenantStatus
from tests.factories import add_execution, add_tenant

BEFORE = "0016"  #: the revision before the due time was kept
KEPT = """
    SELECT t.slug, t.former_status, t.due_at - coalesce(e.started_at, e.created_at)
    FROM tenants t JOIN workflow_executions e ON e.entity_id = t.id AND e.status <> 'failed'
"""


async def test_who_leaves_when_rows_begin_to_decide_is_due_as_before(empty_database_url: str) -> None:
    await asyncio.to_thread(upgrade, empty_database_url, BEFORE)
    async with await AsyncConnection.connect(empty_database_url, autocommit=True) as connection:

        async def leaving(slug: str, wait: float, status: Status, **more: int) -> UUID:
            tenant = await add_tenant(connection, slug=slug, status=TenantStatus.DEPROVISIONING)
            await removal(tenant, "failed", wait, status, **more)
            return tenant

        async def removal(tenant: UUID, former: str, wait: float, status: Status, attempt: int = 1) -> None:
            await add_execution(
                connection,
                status=status,
                workflow_type="tenant_deprovisioning",
                entity_id=tenant,
                arguments=(str(tenant), former, wait),
                attempt=attempt,
            )

        await leaving("waiting", 600, Status.RUNNING)
        again = await leaving("tried-again", 600, Status.FAILED)
        await removal(again, "active", 60, Status.PENDING, attempt=2)
        staying = await add_tenant(connection, slug="staying", status=TenantStatus.ACTIVE)
        await removal(staying, "active", 600, Status.COMPLETED)

        await asyncio.to_thread(upgrade, empty_database_url)

        kept = {row[0]: row[1:] for row in await (await connection.execute(KEPT)).fetchall()}
    assert {slug: (former, left and left.total_seconds()) for slug, (former, left) in kept.items()} == {
        "waiting": ("failed", 600),
        "tried-again": ("active", 60),
        "staying": (None, None),
    }
