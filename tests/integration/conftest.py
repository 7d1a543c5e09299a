"""A database for a whole module, where each test works with rows of its own: a copy takes longer than most tests."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from workbench.servers import Databases


@pytest.fixture(scope="module")
async def shared_database_url(databases: Databases) -> AsyncIterator[str]:
    """A module uses it by a fixture `database_url` of its own that returns it."""
    url = await asyncio.to_thread(databases.create)
    yield url
    await asyncio.to_thread(databases.drop, url)
