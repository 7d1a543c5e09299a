"""Tenants whose schema cannot be migrated until somebody mends what is wrong."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

from psycopg import AsyncConnection

from operations.access import Actor
from operations.actions.registration import Registration
from operations.bootstrap import Services

FAULT = """
    CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE 'could not extend file: disk full' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER {name} BEFORE UPDATE OF schema_version ON tenants
        FOR EACH ROW WHEN (NEW.slug = '{slug}' AND NEW.schema_version IS NOT NULL) EXECUTE FUNCTION {name}();
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """A tenant whose schema cannot be migrated until `mend`."""

    slug: str
    execution_id: UUID
    connection: AsyncConnection

    @property
    def fault(self) -> str:
        return f"fault_{self.slug.replace('-', '_')}"

    async def mend(self) -> None:
        await self.connection.execute(f"DROP FUNCTION IF EXISTS {self.fault}() CASCADE".encode())


@asynccontextmanager
async def broken_tenant(beside: Services) -> AsyncIterator[Broken]:
    slug = f"full-{uuid4().hex[:8]}"
    async with await AsyncConnection.connect(beside.database.dsn, autocommit=True) as connection:
        await connection.execute(FAULT.format(name=f"fault_{slug.replace('-', '_')}", slug=slug).encode())
        wanted = Registration(slug=slug, name=slug.capitalize(), owner_email=f"{slug}@stuck.example")
        registered = await beside.tenants.register(Actor.system("test"), wanted)
        made = Broken(slug=slug, execution_id=registered.execution_id, connection=connection)
        yield made
        await made.mend()
