"""Failures from before the note are noted as superseded where a newer attempt is open or has completed."""

import asyncio
from uuid import UUID

from psycopg import AsyncConnection

from migrations.__main__ import upgrade
from operations.statuses import Status
from tests.factories import add_execution, add_tenant


async def superseded_by(connection: AsyncConnection, *executions: UUID) -> list[UUID | None]:
    found = await connection.execute("SELECT id, superseded_by FROM workflow_executions")
    by: dict[UUID, UUID | None] = dict(await found.fetchall())
    return [by[each] for each in executions]


async def attempts(connection: AsyncConnection, *statuses: Status) -> list[UUID]:
    tenant = await add_tenant(connection)
    return [
        await add_execution(connection, status=status, entity_id=tenant, attempt=number)
        for number, status in enumerate(statuses, start=1)
    ]


async def test_what_failed_before_there_was_a_note_is_noted(empty_database_url: str) -> None:
    await asyncio.to_thread(upgrade, empty_database_url, "0020")
    async with await AsyncConnection.connect(empty_database_url, autocommit=True) as connection:
        one = await attempts(connection, Status.FAILED, Status.FAILED, Status.COMPLETED)
        two = await attempts(connection, Status.FAILED, Status.RUNNING)
        three = await attempts(connection, Status.COMPLETED, Status.FAILED, Status.FAILED)

        await asyncio.to_thread(upgrade, empty_database_url)

        assert await superseded_by(connection, *one) == [one[2], one[2], None]
        assert await superseded_by(connection, *two) == [two[1], None]
        assert await superseded_by(connection, *three) == [None, None, None]
