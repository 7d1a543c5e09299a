"""What tests and measurements start, and how they wait: by looking again until a deadline, never by sleeping."""

import asyncio
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql
from temporalio.client import Client
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.worker import Worker, WorkerDeploymentConfig

from embedded.application import Application
from migrations.__main__ import upgrade
from operations.bootstrap import Services
from operations.database import Database
from operations.errors import DatabaseLocked, PassRunning
from operations.kinds import Kinds
from workers.activation import Allows
from workers.main import build

ValueT = TypeVar("ValueT")

MEMORY = Path("/dev/shm")
ROOM = 4 * 1024**3  # bytes


async def eventually(
    look: Callable[[], Awaitable[ValueT]], is_so: Callable[[ValueT], bool], *, within: float = 45.0
) -> ValueT:
    """Look again and again until it is so; fails with what was seen last."""
    deadline = asyncio.get_running_loop().time() + within
    while True:
        seen = await look()
        if is_so(seen):
            return seen
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not so within {within:g} s; seen last: {seen!r}")
        await asyncio.sleep(0.03)


async def insisting(act: Callable[[], Awaitable[ValueT]], *, within: float = 45.0) -> ValueT:
    """Do as refusals say, and try again: a report of a run may hold its row for longer than an action waits, and a pass
    of the schedule may be under way.
    """
    deadline = asyncio.get_running_loop().time() + within
    while True:
        try:
            return await act()
        except (DatabaseLocked, PassRunning):
            if asyncio.get_running_loop().time() > deadline:
                raise


@contextmanager
def passable_directory(*, in_memory: bool = False) -> Iterator[Path]:
    """A new directory that a server running as another user can reach; `in_memory` where there is enough of it.

    A copy of a database is a thousand files: a quarter of a second on a disk, and a tenth of that in memory.
    """
    parent = MEMORY if in_memory and _has_room(MEMORY) else None
    directory = Path(tempfile.mkdtemp(prefix="tenantry-test-", dir=parent))
    directory.chmod(0o711)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _has_room(memory: Path) -> bool:
    """For the servers of two processes and all else that runs; containers have 64 MB there as a rule."""
    if not os.access(memory, os.W_OK):
        return False
    installed = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return shutil.disk_usage(memory).free > ROOM and installed > 2 * ROOM


@dataclass(frozen=True, kw_only=True, slots=True)
class GivenServer:
    """A PostgreSQL that somebody else started; `url` names any database in which others may be made."""

    url: str


@dataclass(frozen=True, slots=True)
class Databases:
    """Copies of a migrated database on one server; whoever shares the server names a template of its own."""

    server_url: str
    template: str = "tenantry_template"

    def make_template(self) -> None:
        self._run(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(self.template)))
        self._run(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self.template)))
        upgrade(self.url_of(self.template))

    def create(self, *, empty: bool = False) -> str:
        """The URL of a new database."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        copy = sql.Composed([]) if empty else sql.SQL(" TEMPLATE {}").format(sql.Identifier(self.template))
        self._run(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)) + copy)
        return self.url_of(name)

    def drop(self, url: str) -> None:
        name = urlsplit(url).path.removeprefix("/")
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def put_in_place_of(self, url: str, other: str) -> None:
        """Whoever was connected finds the other one when it connects again."""
        self.drop(url)
        names = [urlsplit(each).path.removeprefix("/") for each in (other, url)]
        self._run(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*map(sql.Identifier, names)))

    def url_of(self, name: str) -> str:
        return urlunsplit(urlsplit(self.server_url)._replace(path=f"/{name}"))

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.server_url, autocommit=True) as connection:
            connection.execute(statement)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningWorker:
    """A worker in this process and the client it uses."""

    worker: Worker
    client: Client


@cache
def beating() -> Runtime:
    """Workers that others see within a second; of its own accord the SDK sends heartbeats every minute."""
    return Runtime(telemetry=TelemetryConfig(), worker_heartbeat_interval=timedelta(seconds=1))


@asynccontextmanager
async def run_worker(
    services: Services,
    address: str,
    task_queue: str,
    *,
    runs: Kinds | None = None,
    allows: Allows | None = None,
    reports: Database | None = None,
    deployment: WorkerDeploymentConfig | None = None,
) -> AsyncIterator[RunningWorker]:
    """`runs` are other kinds than the installed ones; `reports` is another way to say something of runs."""
    client = await Client.connect(address, runtime=beating())
    worker = build(services, client, task_queue, runs=runs, allows=allows, reports=reports, deployment=deployment)
    async with worker:
        yield RunningWorker(worker=worker, client=client)


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without what would leak settings of the machine into a child."""
    prefixes = ("PYTEST_", "NICEGUI_", "TENANTRY_", "TEMPORAL_", "PG")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    return {**inherited, **variables}


@asynccontextmanager
async def sleeper() -> AsyncIterator[Application]:
    """A server that does nothing until it is ended."""
    with tempfile.TemporaryDirectory() as directory:
        command = (sys.executable, "-I", "-S", "-c", "import signal; signal.pause()")
        log, record = Path(directory) / "sleeper.log", Path(directory) / "sleeper.json"
        async with Application(name="sleeper", command=command, environment={}, log=log, record=record) as server:
            yield server
