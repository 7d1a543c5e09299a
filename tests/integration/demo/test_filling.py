"""What a demo writes, and that it writes nothing into a database that was not made for one."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from demo import scene
from embedded.errors import MadeForAnother
from embedded.postgres import EmbeddedPostgres
from operations.contracts import DEMO_MARK
from operations.errors import ConfigurationError
from operations.faults import IS_MARKED
from workbench.servers import environment, passable_directory

ROOT = Path(__file__).parents[3]
FILLED_WITHIN = 60  #: seconds, as is promised to whoever waits before an audience
EVERYTHING = """
    SELECT (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_namespace), (SELECT count(*) FROM tenants),
           (SELECT count(*) FROM users), (SELECT count(*) FROM workflow_executions), (SELECT count(*) FROM changes),
           (SELECT count(*) FROM audit_log), (SELECT count(*) FROM pg_event_trigger)
"""


def ask(url: str, question: str) -> tuple[object, ...]:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(question.encode()).fetchone()
        assert row is not None
        return row


async def demo(url: str, *words: str) -> tuple[int | None, str]:
    """Its exit code, and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "demo",
        *words,
        cwd=ROOT,
        env=environment(
            TENANTRY_DATABASE_URL=url,
            TEMPORAL_ADDRESS="127.0.0.1:1",
            TENANTRY_SECRET_KEY="a key for a demo that is long enough",
        ),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def migrate(url: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "migrations", cwd=ROOT, env=environment(TENANTRY_DATABASE_URL=url)
    )
    assert await process.wait() == 0


@pytest.fixture(scope="module")
async def stage() -> AsyncIterator[str]:
    """A database that was made for a demo, migrated and filled."""
    with passable_directory() as directory:
        async with EmbeddedPostgres(directory=directory, settings={"fsync": "off"}, is_demo=True) as server:
            await migrate(server.url)
            async with asyncio.timeout(FILLED_WITHIN):
                code, said = await demo(server.url)
            assert code == 0, said
            yield server.url


@pytest.mark.parametrize("words", [(), ("reset",)])
async def test_a_database_without_the_mark_is_neither_filled_nor_reset(database_url: str, words: tuple[str]) -> None:
    before = ask(database_url, EVERYTHING)

    code, said = await demo(database_url, *words)

    assert code == 1
    assert said == (
        "This database was not made for a demo: nothing was written to it. `tenantry up --demo` makes its own.\n"
    )
    assert ask(database_url, EVERYTHING) == before
    assert ask(database_url, "SELECT to_regnamespace('demo') IS NULL") == (True,)


@pytest.mark.parametrize(
    "forgery",
    [
        "CREATE SCHEMA demo; COMMENT ON SCHEMA demo IS '{mark}'",
        "ALTER DATABASE {name} SET tenantry.demo = 'on'; ALTER DATABASE {name} SET application_name = '{mark}'",
        "CREATE TABLE demo (mark text); INSERT INTO demo VALUES ('{mark}')",
        "COMMENT ON DATABASE {name} IS '{mark} no'",
    ],
)
def test_nothing_but_the_mark_itself_is_taken_for_it(database_url: str, forgery: str) -> None:
    (name,) = ask(database_url, "SELECT current_database()")
    with psycopg.connect(database_url, autocommit=True) as connection:
        for statement in forgery.format(mark=DEMO_MARK, name=name).split("; "):
            connection.execute(statement.encode())

        with pytest.raises(ConfigurationError, match="was not made for a demo"):
            scene.require_mark(connection)


async def test_the_mark_is_set_when_a_database_is_made_and_at_no_other_time(cluster: Path) -> None:
    async with EmbeddedPostgres(directory=cluster) as server:
        assert ask(server.url, IS_MARKED) == (False,)

    with pytest.raises(MadeForAnother, match="not made for a demo; nothing in it was changed"):
        async with EmbeddedPostgres(directory=cluster, is_demo=True):
            pass

    async with EmbeddedPostgres(directory=cluster) as server:
        assert ask(server.url, IS_MARKED) == (False,)


async def test_what_holds_a_demo_is_started_as_a_demo_only(cluster: Path) -> None:
    async with EmbeddedPostgres(directory=cluster, is_demo=True) as server:
        assert ask(server.url, IS_MARKED) == (True,)

    with pytest.raises(MadeForAnother, match=r"holds a demo\. Start it with `tenantry up --demo"):
        async with EmbeddedPostgres(directory=cluster):
            pass


async def test_a_database_left_unmarked_by_a_crash_is_made_again(cluster: Path) -> None:
    async with EmbeddedPostgres(directory=cluster, is_demo=True) as server:
        maintenance = server.url.rpartition("/")[0] + "/postgres"
        with psycopg.connect(maintenance, autocommit=True) as connection:
            connection.execute("DROP DATABASE tenantry")
            connection.execute("CREATE DATABASE tenantry_new")

    async with EmbeddedPostgres(directory=cluster, is_demo=True) as server:
        assert ask(server.url, IS_MARKED) == (True,)


async def test_three_weeks_are_behind_it_and_trouble_before_it(stage: str) -> None:
    runs = ask(
        stage,
        """
        SELECT count(*) FILTER (WHERE status = 'pending') > 5, count(*) FILTER (WHERE status = 'completed') > 200,
               count(DISTINCT close_reason), max(created_at) - min(created_at) > interval '19 days',
               bool_and(verified_at IS NOT NULL) FILTER (WHERE status IN ('completed', 'failed'))
        FROM workflow_executions
        """,
    )
    rows = ask(
        stage,
        """
        SELECT (SELECT count(*) FROM tenants t WHERE t.status = 'active' AND NOT EXISTS (
                    SELECT FROM pg_namespace n WHERE n.nspname = t.schema_name
                    AND obj_description(n.oid, 'pg_namespace') = 'tenantry:tenant:' || t.id)),
               (SELECT count(*) FROM tenants WHERE status = 'deprovisioning'),
               (SELECT count(*) > 10000 FROM reconciliation_passes),
               (SELECT count(*) FROM execution_events e WHERE NOT EXISTS (
                    SELECT FROM workflow_executions x WHERE x.id = e.execution_id)),
               (SELECT count(*) FROM execution_events_default),
               (SELECT count(*) FROM workflow_executions e WHERE superseded_by IS DISTINCT FROM (
                    SELECT n.id FROM workflow_executions n WHERE n.retry_of = e.id AND n.status <> 'failed'))
        """,
    )

    assert runs == (True, True, 7, True, True)
    assert rows == (0, 3, True, 0, 0, 0)


async def test_history_written_for_a_demo_is_as_append_only_as_any(stage: str) -> None:
    with psycopg.connect(stage) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("DELETE FROM execution_events")


async def test_filling_twice_changes_nothing(stage: str) -> None:
    before = ask(stage, "SELECT count(*), max(created_at) FROM workflow_executions")

    assert await demo(stage) == (0, "")

    assert ask(stage, "SELECT count(*), max(created_at) FROM workflow_executions") == before


async def test_a_full_disk_stands_in_the_way_of_one_tenant_only(stage: str) -> None:
    (schema,) = ask(stage, "SELECT schema_name FROM tenants JOIN demo.faults USING (slug) WHERE ends_at > now()")

    with psycopg.connect(stage) as connection:
        connection.execute("CREATE SCHEMA tenant_another")
        with pytest.raises(psycopg.errors.DiskFull, match="No space left on device"):
            connection.execute(f"CREATE SCHEMA {schema}".encode())


@pytest.mark.long
async def test_a_reset_begins_anew_and_keeps_who_is_logged_in(stage: str) -> None:
    with psycopg.connect(stage, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO staff (email, role, password_hash) VALUES ('presenter@example.com', 'admin', 'x')"
        )
        connection.execute("UPDATE tenants SET name = 'Changed'")

    code, said = await demo(stage, "reset")

    assert code == 0, said
    assert ask(stage, "SELECT count(*) FROM tenants WHERE name = 'Changed'") == (0,)
    assert ask(stage, "SELECT count(*) FROM staff") == (1,)
    assert ask(stage, IS_MARKED) == (True,)
    assert ask(stage, "SELECT count(*) FROM pg_database WHERE datname LIKE '%next'") == (0,)
