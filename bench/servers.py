"""Servers of a benchmark's own: PostgreSQL and Temporal from their wheels, gone when it ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from embedded.postgres import EmbeddedPostgres
from embedded.temporal import EmbeddedTemporal
from migrations.__main__ import upgrade
from tests.servers import passable_directory

#: A server as one would set it up for this much data, but for `fsync`: no benchmark here is about disks.
SETTINGS = {
    "fsync": "off",
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "work_mem": "16MB",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Postgres:
    """A running server."""

    url: str

    async def database(self, name: str) -> str:
        """The URL of a new, migrated database."""
        url = urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))
        await asyncio.to_thread(self._create, name)
        await asyncio.to_thread(upgrade, url)
        return url

    def _create(self, name: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


@asynccontextmanager
async def postgres() -> AsyncIterator[Postgres]:
    with passable_directory() as directory:
        async with EmbeddedPostgres(directory=directory, settings=SETTINGS) as server:
            yield Postgres(url=server.url)


@asynccontextmanager
async def temporal() -> AsyncIterator[str]:
    """The address of a running server."""
    with passable_directory() as directory:
        async with EmbeddedTemporal(directory=directory) as server:
            yield server.address
