"""A database to look at with plain SQL, and one that no migration has touched."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from psycopg import AsyncConnection

from workbench.servers import Databases


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[AsyncConnection]:
    """To a migrated database; each statement commits."""
    async with await AsyncConnection.connect(database_url, autocommit=True) as opened:
        yield opened


@pytest.fixture
async def empty_database_url(databases: Databases) -> AsyncIterator[str]:
    url = await asyncio.to_thread(databases.create, empty=True)
    yield url
    await asyncio.to_thread(databases.drop, url)
