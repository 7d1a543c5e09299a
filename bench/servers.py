"""Servers of a benchmark's own: PostgreSQL and Temporal from their wheels, gone when it ends."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
from psycopg import sql

from embedded import ports
from embedded.postgres import EmbeddedPostgres
from embedded.temporal import EmbeddedTemporal
from migrations.__main__ import upgrade
from workbench.consoles import Servers, run_console
from workbench.servers import environment, eventually, passable_directory
from workbench.tabs import Site

ROOT = Path(__file__).parents[1]
SESSIONS = 20  #: that share the tabs of a console

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


@asynccontextmanager
async def process(*words: str, url: str, path: str) -> AsyncIterator[None]:
    """`python -m` with these words, once `url` answers under `path`; ended with the block."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *words, cwd=ROOT, env=environment(), stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        async with httpx.AsyncClient(base_url=url) as client:

            async def look() -> int:
                if child.returncode is not None:
                    raise RuntimeError(f"{words[0]} ended")
                try:
                    return (await client.get(path)).status_code
                except httpx.TransportError:
                    return 0

            await eventually(look, lambda status: status == 200, within=30)
        yield
    finally:
        with suppress(ProcessLookupError):
            child.terminate()
        await child.wait()


@asynccontextmanager
async def naive(database_url: str) -> AsyncIterator[str]:
    """The URL of the peer."""
    port = ports.any_free()
    url = f"http://localhost:{port}"
    async with process("bench.naive", str(port), database_url, url=url, path="/empty"):
        yield url


@asynccontextmanager
async def console(database_url: str, temporal_address: str) -> AsyncIterator[Site]:
    """The executions page of a console, with the cookie of somebody who is logged in."""
    given = Servers(database_url=database_url, temporal_address=temporal_address, task_queue="bench")
    with passable_directory() as logs:
        async with run_console(given, logs) as running:
            session, *colleagues = [await running.accounts.session() for _ in range(SESSIONS)]
            yield Site(
                url=running.url, path="/executions", cookie=(running.cookie, session), colleagues=tuple(colleagues)
            )
