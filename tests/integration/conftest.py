"""A database for a whole module, where each test works with rows of its own, and a Temporal to be maltreated."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from embedded.temporal import EmbeddedTemporal
from workbench.processes import ServerProcess, running
from workbench.servers import Databases, passable_directory


@pytest.fixture(scope="module")
async def shared_database_url(databases: Databases) -> AsyncIterator[str]:
    """A copy takes longer than most tests. A module uses it by a fixture `database_url` of its own that returns it."""
    url = await asyncio.to_thread(databases.create)
    yield url
    await asyncio.to_thread(databases.drop, url)


@pytest.fixture
async def own_temporal() -> AsyncIterator[ServerProcess]:
    """A Temporal of this test's own, to be maltreated."""
    with passable_directory() as directory:
        part = ServerProcess(server=EmbeddedTemporal(directory=directory))
        async with running(part):
            yield part
