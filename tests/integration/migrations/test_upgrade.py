"""The control plane's schema: there and back, many migrators at once, and what the models say of it."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from psycopg import AsyncConnection
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from migrations.__main__ import LOCK, configuration, upgrade
from operations.connections import connect_blocking
from operations.database import HEAD, Database
from operations.errors import SchemaBehind
from workbench.servers import environment, eventually

ROOT = Path(__file__).parents[3]

# Everything that a migration can make, one line per thing, in words that do not depend on the order of making.
DESCRIBE = """
    SELECT concat_ws(' ', 'table', c.oid::regclass, c.relkind, c.reloptions, pg_get_expr(c.relpartbound, c.oid))
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S')
    UNION ALL
    SELECT concat_ws(' ', 'column', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                     a.attidentity, a.attgenerated, a.attcollation::regcollation, pg_get_expr(d.adbin, d.adrelid))
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
         LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid), t.tgenabled)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal
    UNION ALL
    SELECT 'function ' || pg_get_functiondef(p.oid) FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    ORDER BY 1
"""


def description(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute(DESCRIBE)]


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    engine = create_engine("postgresql+psycopg://", creator=lambda: connect_blocking(url), poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


async def migrator(url: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "migrations", cwd=ROOT, env=environment(TENANTRY_DATABASE_URL=url), stderr=PIPE
    )


def test_down_and_up_again_leaves_the_same_schema(empty_database_url: str) -> None:
    upgrade(empty_database_url)
    first = description(empty_database_url)

    with connected(empty_database_url) as connection:
        command.downgrade(configuration(connection), "base")
    bare = description(empty_database_url)
    upgrade(empty_database_url)

    assert [line for line in bare if "alembic_version" not in line] == []
    assert len(first) > 300
    assert description(empty_database_url) == first


def test_the_models_say_what_the_migrations_made(empty_database_url: str) -> None:
    upgrade(empty_database_url)

    with connected(empty_database_url) as connection:
        command.check(configuration(connection))  # raises when it would write a migration, warns when it cannot tell


def test_the_version_that_the_program_asks_for_is_the_latest_migration(empty_database_url: str) -> None:
    with connected(empty_database_url) as connection:
        scripts = ScriptDirectory.from_config(configuration(connection))

    assert scripts.get_heads() == [HEAD]


async def test_four_migrators_at_once_all_succeed(empty_database_url: str) -> None:
    async with await AsyncConnection.connect(empty_database_url, autocommit=True) as connection:
        await connection.execute(LOCK.text.encode())
        migrators = [await migrator(empty_database_url) for _ in range(4)]

        async def waiting() -> int:
            answer = await connection.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            return len(await answer.fetchall())

        await eventually(waiting, lambda number: number == 4, within=60)
    answers = await asyncio.gather(*(each.communicate() for each in migrators))

    assert [each.returncode for each in migrators] == [0] * 4, answers
    database = Database.at(empty_database_url, name="test", pool_size=1)
    await database.check_schema()
    await database.close()


@pytest.mark.parametrize("revision", [None, "0001", "0008"])
async def test_a_database_that_lacks_migrations_is_refused(empty_database_url: str, revision: str | None) -> None:
    if revision is not None:
        await asyncio.to_thread(upgrade, empty_database_url, revision)
    database = Database.at(empty_database_url, name="test", pool_size=1)

    with pytest.raises(SchemaBehind):
        await database.check_schema()

    await database.close()


async def test_a_database_taken_down_to_nothing_is_refused(database: Database) -> None:
    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connection:
        await connection.execute("DELETE FROM alembic_version")

    with pytest.raises(SchemaBehind):
        await database.check_schema()


async def test_newer_migrations_do_not_stop_an_older_program(database: Database) -> None:
    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connection:
        await connection.execute("UPDATE alembic_version SET version_num = '9999'")

    await database.check_schema()


async def test_a_server_that_cannot_be_reached_is_named_in_one_sentence() -> None:
    asked = await migrator("postgresql://user:topsecret@127.0.0.1:1/nowhere")
    _, said = await asked.communicate()

    assert asked.returncode == 1
    assert said.startswith(b"The database could not be migrated")
    assert b"Traceback" not in said
    assert b"topsecret" not in said
