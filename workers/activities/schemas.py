"""A tenant's schema: made, marked as the tenant's own, migrated, verified."""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from psycopg import AsyncConnection, sql
from temporalio.exceptions import ApplicationError

from operations import connections, contracts
from workers.activities import sessions

# A schema is only touched when this COMMENT says whose it is; the name alone proves nothing.
MARK = "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s"
BUILT = """
    SELECT obj_description(n.oid, 'pg_namespace'), t.schema_version IS NOT NULL
    FROM pg_namespace n, public.tenants t WHERE n.nspname = %s AND t.id = %s
"""
WHOLE = """
    SELECT obj_description(n.oid, 'pg_namespace'), t.schema_version, ARRAY(
        SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p'))
    FROM pg_namespace n, public.tenants t WHERE n.nspname = %s AND t.id = %s
"""
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('tenantry:schema:' || %s, 0))"

# What a migration set must not reach the next tenant; its author may have meant the transaction and said the session.
FORGET = sql.Composed(
    [
        sql.SQL("RESET ALL; RESET SESSION AUTHORIZATION; RESET ROLE; "),
        connections.setting(connections.SESSION | sessions.SETTINGS),
    ]
)
VERSIONS = sql.SQL(
    "CREATE TABLE IF NOT EXISTS schema_migrations"
    " (version text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
)
NOTES = "schema_migrations"
MADE = re.compile(r"^\s*CREATE TABLE (?:IF NOT EXISTS )?(\w+)", re.IGNORECASE | re.MULTILINE)
DROPPED = re.compile(r"^\s*DROP TABLE (?:IF EXISTS )?(\w+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Migration:
    """One numbered SQL file of `migrations/tenant`."""

    version: str
    statements: str

    def tables_after(self, before: frozenset[str]) -> frozenset[str]:
        """A test compares with what the files really leave."""
        return before - frozenset(DROPPED.findall(self.statements)) | frozenset(MADE.findall(self.statements))

    def script(self) -> sql.Composed:
        """The file's statements, and the one that notes it: sent together, they cost one trip to the server."""
        note = sql.SQL("\n;\nINSERT INTO schema_migrations (version) VALUES ({});").format(sql.Literal(self.version))
        return sql.Composed([sql.SQL(self.statements), note])


@cache
def migrations() -> tuple[Migration, ...]:
    """All migrations of a tenant's schema, in order."""
    found = sorted(
        (file for file in files("migrations").joinpath("tenant").iterdir() if file.name.endswith(".sql")),
        key=lambda file: file.name,
    )
    return tuple(
        Migration(version=file.name.removesuffix(".sql"), statements=file.read_text(encoding="utf-8")) for file in found
    )


def latest_version() -> str:
    return migrations()[-1].version


def tables(version: str) -> frozenset[str]:
    """Those of a schema that was migrated up to `version`, as far as this worker knows the migrations."""
    there = frozenset({NOTES})
    for migration in migrations():
        if migration.version <= version:
            there = migration.tables_after(there)
    return there


async def create(connection: AsyncConnection, schema: str, tenant_id: str) -> bool:
    """Make the schema and mark it; False when it was there and is this tenant's own.

    Raises a non-retryable error when a schema of this name belongs to somebody else: it is left alone.
    """
    await connection.execute(LOCK, (schema,))
    row = await (await connection.execute(MARK, (schema,))).fetchone()
    if row is None:
        name, mark = sql.Identifier(schema), sql.Literal(contracts.SCHEMA_MARK + tenant_id)
        await connection.execute(
            sql.SQL("CREATE SCHEMA {name}; COMMENT ON SCHEMA {name} IS {mark}").format(name=name, mark=mark)
        )
        return True
    _check_mark(row[0], schema, tenant_id)
    return False


async def migrate(connection: AsyncConnection, schema: str, tenant_id: str) -> list[str]:
    """Apply what is missing, all in the caller's transaction, and return the versions applied now."""
    await connection.execute(LOCK, (schema,))
    row = await (await connection.execute(MARK, (schema,))).fetchone()
    if row is None:
        raise ApplicationError(f"The schema {schema} does not exist yet.", type="SchemaMissing")
    _check_mark(row[0], schema, tenant_id)
    await connection.execute(sql.SQL("SET LOCAL search_path TO {}; {}").format(sql.Identifier(schema), VERSIONS))
    there = {row[0] async for row in await connection.execute("SELECT version FROM schema_migrations", prepare=False)}
    missing = [migration for migration in migrations() if migration.version not in there]
    await connection.execute(sql.SQL("\n").join([*(each.script() for each in missing), FORGET]))
    return [migration.version for migration in missing]


async def verify(connection: AsyncConnection, schema: str, tenant_id: str) -> str:
    """The version to which the schema was migrated. Raises a non-retryable error that names what it lacks.

    Held against the version that the migrating worker wrote down: this one may know more migrations, or fewer. The
    tables stay until the caller's transaction ends; it holds nothing else yet, as a drop takes them first, too.
    """
    row = await (await connection.execute(WHOLE, (schema, tenant_id))).fetchone()
    if row is None:
        raise _incomplete(f"The schema {schema} is not there")
    mark, version, there = row
    _check_mark(mark, schema, tenant_id)
    if version is None:
        raise _incomplete(f"The schema {schema} was never migrated")
    expected = tables(version)
    if missing := sorted(expected - set(there)):
        raise _incomplete(f"The schema {schema} lacks {_listed('table', missing)}")
    names = [sql.Identifier(schema, name) for name in sorted(expected)]
    await connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(sql.SQL(", ").join(names)))
    noted = sql.SQL("SELECT version FROM {}").format(sql.Identifier(schema, NOTES))
    applied = {row[0] async for row in await connection.execute(noted, prepare=False)}
    wanted = {version, *(each.version for each in migrations() if each.version <= version)}
    if missing := sorted(wanted - applied):
        raise _incomplete(f"The schema {schema} lacks {_listed('migration', missing)}")
    return str(version)


def _listed(what: str, names: list[str]) -> str:
    return f"the {what}{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _incomplete(fact: str) -> ApplicationError:
    return ApplicationError(f"{fact}; the tenant is not switched on.", type="SchemaIncomplete", non_retryable=True)


async def check_built(connection: AsyncConnection, schema: str, tenant_id: str) -> None:
    """Raises a non-retryable error unless the schema is this tenant's, and migrated.

    That the steps before have said so proves nothing: whoever may write in the namespace can say it for them. Tables of
    the schema are not looked into: a drop that is under way may hold them.
    """
    row = await (await connection.execute(BUILT, (schema, tenant_id))).fetchone()
    if row is None or not row[1]:
        raise ApplicationError(
            f"The schema {schema} is not there, or was never migrated; the tenant is not switched on.",
            type="NotBuilt",
            non_retryable=True,
        )
    _check_mark(row[0], schema, tenant_id)


async def drop(connection: AsyncConnection, schema: str, tenant_id: str) -> bool:
    """Drop the schema and everything in it; False when there is none. A schema without this tenant's mark stays."""
    await connection.execute(LOCK, (schema,))
    row = await (await connection.execute(MARK, (schema,))).fetchone()
    if row is None:
        return False
    _check_mark(row[0], schema, tenant_id)
    await connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))
    return True


async def drop_part(connection: AsyncConnection, schema: str, tenant_id: str, most: int) -> int:
    """Drop up to `most` tables and the like, and return how many; the schema itself stays, with its mark."""
    await connection.execute(LOCK, (schema,))
    row = await (await connection.execute(MARK, (schema,))).fetchone()
    if row is None:
        return 0
    _check_mark(row[0], schema, tenant_id)
    statements = [each[0] async for each in await connection.execute(PARTS, (schema, most))]
    for statement in statements:
        await connection.execute(statement.encode())
    return len(statements)


# Each takes with it what belongs to it. Partitions come before their tables, so that no single statement takes many;
# sequences come last: most have gone with their tables by then.
PARTS = """
    SELECT format('DROP %%s IF EXISTS %%I.%%I CASCADE', CASE c.relkind
        WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'S' THEN 'SEQUENCE'
        ELSE 'TABLE' END, n.nspname, c.relname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    ORDER BY c.relkind = 'S', c.relkind = 'p', NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid), c.oid
    LIMIT %s
"""


def _check_mark(mark: str | None, schema: str, tenant_id: str) -> None:
    if mark != contracts.SCHEMA_MARK + tenant_id:
        raise ApplicationError(
            f"A schema named {schema} exists and does not carry this tenant's mark ({mark or 'it has none'}); it was "
            "left alone.",
            type="ForeignSchema",
            non_retryable=True,
        )
