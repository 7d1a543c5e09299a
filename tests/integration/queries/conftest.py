"""Databases with executions in them, made once, and a link that can fall silent."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from operations.database import Database
from operations.queries.executions import ExecutionQueries
from workbench import dataset
from workbench.servers import Databases
from workbench.views import Landmarks, landmarks

MANY, FEW = 30_000, 1_500  # executions
TENANTS = 6_000


@pytest.fixture(scope="package")
async def filled(databases: Databases) -> AsyncIterator[Database]:
    """Enough executions that PostgreSQL has to choose its plans well. Tests only read it."""
    async for database in _filled(databases, MANY, TENANTS):
        yield database


@pytest.fixture(scope="package")
async def place(filled: Database) -> Landmarks:
    return await landmarks(filled)


@pytest.fixture(scope="package")
async def few(databases: Databases) -> AsyncIterator[Database]:
    """As many executions as one can page through, many of them begun or ended in the same moment."""
    async for database in _filled(databases, FEW, FEW):
        async with database.transaction() as connection:
            await connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            await connection.exec_driver_sql(
                "UPDATE workflow_executions SET created_at = date_trunc('week', created_at), "
                "started_at = CASE WHEN mod(hashtext(workflow_id), 3) = 0 THEN date_trunc('week', created_at) "
                "- mod(abs(hashtext(run_id)), 4) * interval '9 days' END, "
                "completed_at = date_trunc('week', completed_at), "
                "cause = CASE WHEN completed_at IS NULL AND mod(hashtext(workflow_id), 3) = 1 THEN 'awaiting_approval' "
                "ELSE cause END, last_progress_at = date_trunc('week', created_at)"
            )
        yield database


async def _filled(databases: Databases, rows: int, tenants: int) -> AsyncIterator[Database]:
    url = await asyncio.to_thread(databases.create)
    await asyncio.to_thread(dataset.load, url, rows, tenants=tenants)
    database = Database.at(url, name="test")
    yield database
    await database.close()
    await asyncio.to_thread(databases.drop, url)


@pytest.fixture
def executions(few: Database) -> ExecutionQueries:
    return ExecutionQueries(database=few)
