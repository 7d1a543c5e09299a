"""Runs that waited for an approval before requests were rows of their own can be decided afterwards."""

import asyncio
from uuid import UUID

from psycopg import AsyncConnection

from migrations.__main__ import upgrade
from operations.statuses import Status
from tests.factories import add_execution, set_status

REQUESTED = """
    INSERT INTO execution_steps (execution_id, ordinal, name, status, attempts, completed_at)
    VALUES (%s, 2, 'request_approval', 'completed', 1, now() - interval '1 day')
"""
BEFORE = "0013"  #: the revision before requests were kept
DECIDED = "INSERT INTO approvals (execution_id, decision, decided_by, reason) VALUES (%s, 'approved', 'otto', 'fine')"


async def test_whoever_waits_when_requests_become_rows_gets_one(empty_database_url: str) -> None:
    await asyncio.to_thread(upgrade, empty_database_url, BEFORE)
    async with await AsyncConnection.connect(empty_database_url, autocommit=True) as connection:

        async def execution(*, requested: bool = False, cause: str | None = None, decided: bool = False) -> UUID:
            id_ = await add_execution(connection, status=Status.RUNNING)
            await connection.execute("UPDATE workflow_executions SET cause = %s WHERE id = %s", (cause, id_))
            if requested:
                await connection.execute(REQUESTED, (id_,))
            if decided:
                await connection.execute(DECIDED, (id_,))
            return id_

        by_cause = await execution(cause="awaiting_approval")
        by_step = await execution(requested=True, cause="step_retrying")
        await execution(requested=True, decided=True)
        await execution(cause="step_retrying")
        ended = await execution(requested=True)
        await set_status(connection, ended, Status.FAILED)

        await asyncio.to_thread(upgrade, empty_database_url)

        found = await connection.execute(
            "SELECT execution_id, expires_at - requested_at = '7 days', requested_at < now() - interval '1 hour'"
            " FROM approval_requests"
        )
        assert set(await found.fetchall()) == {(by_cause, True, False), (by_step, True, True)}
