"""The database of a test, looked at and prepared with plain SQL."""

from collections.abc import AsyncIterator

import pytest
from psycopg import AsyncConnection

from operations.database import Database


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[AsyncConnection]:
    """Each statement commits."""
    async with await AsyncConnection.connect(database.dsn, autocommit=True) as opened:
        yield opened
