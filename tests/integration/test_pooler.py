"""Behind a real PgBouncer: in session mode all that we ask of a session holds; in the others nothing begins."""

import asyncio
import sys
import uuid
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import pytest
from psycopg import AsyncConnection
from sqlalchemy import text

from embedded import ports
from operations import poolers
from operations.actions.registration import Registration
from operations.bootstrap import Services
from operations.connections import SESSION, connect_directly
from operations.database import Database
from operations.errors import ConfigurationError
from operations.statuses import Status
from operations.temporal import Temporal
from tests.conftest import SECRET_KEY
from tests.poolers import pooler_to
from workbench.consoles import ROOT, SYSTEM, Servers, run_console, run_worker
from workbench.servers import Databases, environment, eventually
from workers.activities.sessions import SETTINGS, Sessions

TO_SAY_SO = 15.0  # seconds; it hung for twenty, and most of this is the start of an interpreter


@asynccontextmanager
async def pooled(url: str, mode: str, *, ignored: str = "options", size: int = 30) -> AsyncIterator[str]:
    """The way to `url` through a pooler."""
    settings = {"default_pool_size": str(size), "ignore_startup_parameters": ignored}
    async with pooler_to(url, mode=mode, **settings) as pooler:
        yield pooler.url(url)


async def settings_of(connection: AsyncConnection) -> dict[str, str]:
    query = "SELECT name, current_setting(name) FROM unnest(%s::text[]) AS wanted(name)"
    return dict(await (await connection.execute(query, (list(SESSION),))).fetchall())


@pytest.mark.parametrize("ignored", ["options", "extra_float_digits"])
async def test_in_session_mode_every_limit_holds_on_every_kind_of_connection(database_url: str, ignored: str) -> None:
    async with pooled(database_url, "session", ignored=ignored) as url:
        directly = await connect_directly(url, name="feed")
        database, sessions = Database.at(url, name="test"), Sessions.at(url)
        async with directly, sessions.running(), sessions.connection() as of_a_step:
            await database.check_schema()
            assert await settings_of(directly) == SESSION
            assert await settings_of(of_a_step) == SESSION | SETTINGS
            async with database.transaction() as connection:
                limit = await connection.scalar(text("SHOW statement_timeout"))
            assert limit == SESSION["statement_timeout"]
        await database.close()


async def test_in_session_mode_the_next_client_does_not_inherit_and_gets_its_own(database_url: str) -> None:
    async with pooled(database_url, "session", size=2) as url:
        for _ in range(3):
            async with await connect_directly(url, name="test", statement_timeout="7s") as connection:
                assert await settings_of(connection) == SESSION | {"statement_timeout": "7s"}
            async with await connect_directly(url, name="test") as connection:
                assert await settings_of(connection) == SESSION


async def test_in_session_mode_a_tenant_is_provisioned(
    database_url: str, temporal_address: str, task_queue: str, tmp_path: Path
) -> None:
    slug = f"pooled-{uuid.uuid4().hex[:8]}"
    async with pooled(database_url, "session") as url:
        servers = Servers(database_url=url, temporal_address=temporal_address, task_queue=task_queue)
        async with run_worker(servers, tmp_path), run_console(servers, tmp_path, database_behind=database_url):
            database = Database.at(url, name="test")
            services = Services.assemble(
                database,
                await Temporal.at(temporal_address),
                name="test",
                task_queue=task_queue,
                secret_key=SECRET_KEY,
            )
            registered = await services.tenants.register(
                SYSTEM, Registration(slug=slug, name="Pooled", owner_email=f"ada@{slug}.example")
            )
            await eventually(
                lambda: services.reads.executions.detail(registered.execution_id),
                lambda seen: seen.execution.status is Status.COMPLETED,
                within=40,
            )
            await database.close()


@pytest.mark.parametrize("mode", ["transaction", "statement"])
async def test_another_mode_is_found_also_while_others_use_the_pool(database_url: str, mode: str) -> None:
    async with pooled(database_url, mode) as url:
        await _is_found(url)
        async with asyncio.TaskGroup() as group:
            busy = [group.create_task(use(url)) for _ in range(4)]
            for _ in range(5):
                await _is_found(url)
            for each in busy:
                each.cancel()


async def _is_found(url: str) -> None:
    with pytest.raises(ConfigurationError):
        await poolers.check(url)


async def use(url: str) -> None:
    async with await AsyncConnection.connect(url, autocommit=True, prepare_threshold=None) as connection:
        while True:
            await connection.execute("SELECT pg_sleep(0.002)")


@pytest.mark.parametrize("size", [1, 30])
async def test_nothing_is_found_where_each_connection_has_its_session(database_url: str, size: int) -> None:
    async with pooled(database_url, "session", size=size) as url:
        await poolers.check(url)
    await poolers.check(database_url)


@pytest.mark.parametrize(
    "command",
    [
        ("-m", "console"),
        ("-m", "workers"),
        ("-m", "migrations"),
        ("-c", "from console.cli import main; main()", "executions", "list"),
    ],
    ids=["console", "worker", "migrate", "command line"],
)
async def test_in_transaction_mode_each_process_ends_with_one_sentence(
    databases: Databases, database_url: str, temporal_address: str, command: tuple[str, ...]
) -> None:
    async with pooled(database_url, "transaction") as url:
        port = str(ports.any_free())
        servers = Servers(database_url=url, temporal_address=temporal_address, task_queue="none")
        variables = servers.variables() | {"TENANTRY_PORT": port, "TENANTRY_PUBLIC_URL": f"http://localhost:{port}"}
        began = monotonic()
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, cwd=ROOT, env=environment(**variables), stdout=PIPE, stderr=STDOUT
        )
        said, _ = await process.communicate()

    assert process.returncode == 1
    assert said.decode() == f"{poolers.FOUND}\n"
    assert monotonic() - began < TO_SAY_SO
