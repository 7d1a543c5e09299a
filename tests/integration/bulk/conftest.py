"""Many executions of one test's own, and bulk operations over them that a test advances by hand."""

from collections.abc import AsyncIterator

import pytest
from psycopg import AsyncConnection

from operations.bootstrap import Services
from operations.database import Database
from tests.integration.bulk.many_runs import Many


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[AsyncConnection]:
    """Each statement commits."""
    async with await AsyncConnection.connect(database.dsn, autocommit=True) as opened:
        yield opened


@pytest.fixture
def many(services: Services, connection: AsyncConnection, task_queue: str) -> Many:
    return Many(services=services, connection=connection, task_queue=task_queue)
