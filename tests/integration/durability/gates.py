"""Holds something that one step of one tenant needs, so that the step waits in the middle of its work."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

from psycopg import AsyncConnection, sql

from operations import contracts
from workers.activities import schemas

#: What to hold for a step that can be stopped by holding something.
HELD = {
    contracts.LOAD_TENANT: "SELECT FROM tenants WHERE id = {id} FOR UPDATE",
    contracts.SETTLE_APPROVAL: "SELECT FROM tenants WHERE id = {id} FOR UPDATE",  # once the run waits for it
    contracts.CREATE_SCHEMA: "SELECT pg_advisory_xact_lock(hashtextextended('tenantry:schema:' || {schema_name}, 0))",
    contracts.MIGRATE_SCHEMA: "CREATE TABLE {schema}.schema_migrations ()",
    contracts.VERIFY_SCHEMA: "LOCK TABLE {schema}.documents IN ACCESS EXCLUSIVE MODE",
    contracts.ADD_OWNER: "LOCK TABLE {schema}.accounts IN EXCLUSIVE MODE",
    contracts.SEED_DEFAULTS: "LOCK TABLE {schema}.settings IN EXCLUSIVE MODE",
    contracts.DROP_SCHEMA: "LOCK TABLE {schema}.documents IN ACCESS SHARE MODE",
    contracts.ANNOUNCE_DEPARTURE: "SELECT FROM tenants WHERE id = {id} FOR UPDATE",
    contracts.RESTORE_TENANT: "SELECT FROM tenants WHERE id = {id} FOR UPDATE",
    contracts.DELETE_TENANT: "LOCK TABLE {schema}.documents IN ACCESS SHARE MODE",  # as somebody who reads it, or dumps
}
#: Steps that hold tables of the schema need it made; the run finds what it would have made, and goes on.
NEED_SCHEMA = (
    contracts.MIGRATE_SCHEMA,
    contracts.VERIFY_SCHEMA,
    contracts.ADD_OWNER,
    contracts.SEED_DEFAULTS,
    contracts.DROP_SCHEMA,
)

#: For the others: the table they write to, and by what a trigger knows their write.
TRIGGERED = {
    contracts.ACTIVATE_TENANT: ("tenants", "NEW.status = 'active' AND NEW.id = {id}"),
    contracts.REQUEST_APPROVAL: (
        "workflow_executions",
        "NEW.cause = 'awaiting_approval' AND NEW.entity_id = {id}",
    ),
}
TENANT = "OLD.status <> NEW.status AND NEW.status = {status} AND NEW.id = {id}"
STATUS = "OLD.status <> NEW.status AND NEW.status = {status} AND NEW.entity_id = {id}"
KEY = "SELECT pg_advisory_xact_lock({key})"

WAIT_FOR_KEY = """
    CREATE OR REPLACE FUNCTION wait_for_key() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock_shared(TG_ARGV[0]::bigint);
        RETURN NEW;
    END $$
"""
BLOCKED = """
    SELECT count(*) FROM pg_stat_activity
    WHERE application_name <> '' AND %s = ANY (pg_blocking_pids(pid))
"""


@dataclass(kw_only=True, slots=True)
class Gate:
    """Closed until `open`; whoever comes waits, as long as its own time limits let it."""

    connection: AsyncConnection
    dsn: str

    async def is_waited_for(self) -> bool:
        pid = self.connection.info.backend_pid
        async with await AsyncConnection.connect(self.dsn, autocommit=True) as other:
            row = await (await other.execute(BLOCKED, (pid,))).fetchone()
        return row is not None and row[0] > 0

    async def open(self) -> None:
        if not self.connection.closed:
            await self.connection.close()


@dataclass(kw_only=True, slots=True)
class Gates:
    """Makes gates in one database, and opens all that are left at the end."""

    dsn: str
    _made: int = 0
    _held: AsyncExitStack = field(default_factory=AsyncExitStack)

    @classmethod
    @asynccontextmanager
    async def at(cls, dsn: str) -> AsyncIterator[Self]:
        gates = cls(dsn=dsn)
        async with gates._held:
            yield gates

    async def close(self, step: str, tenant_id: str) -> Gate:
        """Close the way for one step of one tenant, before its run has come that far."""
        if step in TRIGGERED:
            table, when = TRIGGERED[step]
            return await self._hold_trigger(table, when, id=tenant_id)
        schema = f"tenant_{tenant_id.replace('-', '')}"
        if step in NEED_SCHEMA:
            await self._make(schema, tenant_id, migrated=step != contracts.MIGRATE_SCHEMA)
        return await self._hold(HELD[step], id=tenant_id, schema_name=schema, schema=sql.Identifier(schema))

    async def close_status(self, status: str, tenant_id: str) -> Gate:
        """Close the way for the report of a run's end."""
        return await self._hold_trigger("workflow_executions", STATUS, status=status, id=tenant_id)

    async def close_table(self, name: str) -> Gate:
        """Read a table, and so keep anybody from dropping it; `schema.table`."""
        return await self._hold("LOCK TABLE {table} IN ACCESS SHARE MODE", table=sql.Identifier(*name.split(".")))

    async def close_tenant(self, status: str, tenant_id: str) -> Gate:
        """Close the way of a tenant to a status: what its step did before is done by then, and not committed."""
        return await self._hold_trigger("tenants", TENANT, status=status, id=tenant_id)

    async def open_all(self) -> None:
        await self._held.aclose()

    async def _make(self, schema: str, tenant_id: str, *, migrated: bool) -> None:
        async with await AsyncConnection.connect(self.dsn) as connection:
            await schemas.create(connection, schema, tenant_id)
            if migrated:
                await schemas.migrate(connection, schema, tenant_id)

    async def _hold_trigger(self, table: str, when: str, **values: str) -> Gate:
        self._made += 1
        async with await AsyncConnection.connect(self.dsn) as connection:
            await connection.execute(WAIT_FOR_KEY)
            await connection.execute(
                sql.SQL(
                    "CREATE TRIGGER {} BEFORE UPDATE ON {} FOR EACH ROW WHEN ({}) EXECUTE FUNCTION wait_for_key({})"
                ).format(
                    sql.Identifier(f"gate_{self._made}"),
                    sql.Identifier(table),
                    sql.SQL(when).format(**{name: sql.Literal(value) for name, value in values.items()}),
                    sql.Literal(str(self._made)),
                )
            )
        return await self._hold(KEY, key=self._made)

    async def _hold(self, statement: str, **values: object) -> Gate:
        connection = await AsyncConnection.connect(self.dsn)
        gate = Gate(connection=connection, dsn=self.dsn)
        self._held.push_async_callback(gate.open)
        literals = {
            name: value if isinstance(value, sql.Composable) else sql.Literal(value) for name, value in values.items()
        }
        await connection.execute(sql.SQL(statement).format(**literals))
        return gate
