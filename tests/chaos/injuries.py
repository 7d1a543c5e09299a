"""What is wrong with single customers, past the product: no owner, a disk that is full, a statement that hangs."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import psycopg
from psycopg import AsyncConnection

PAUSE = 0.4  # seconds between two tries


class Injury(StrEnum):
    """Something that a provisioning meets."""

    NO_OWNER = "no_owner"  #: it fails, and is taken back
    FULL = "full"  #: the schema cannot be made, try after try
    HANGS = "hangs"  #: to make the schema takes longer than anybody believes


@dataclass(kw_only=True, slots=True)
class Injuries:
    """Breaks and repairs customers, however long the database is away."""

    database_url: str
    without_owner: set[str]  #: who is so at present
    _open: dict[str, Injury] = field(default_factory=dict)  #: by slug

    async def prepare(self) -> None:
        await self._execute(PREPARE, {})

    async def inflict(self, slug: str, injury: Injury) -> None:
        self._open[slug] = injury
        await self._execute(INFLICT[injury], {"slug": slug, "injury": injury.value})
        if injury is Injury.NO_OWNER:
            self.without_owner.add(slug)

    async def heal(self, slug: str) -> None:
        if (injury := self._open.pop(slug, None)) is not None:
            values = {"slug": slug, "injury": injury.value, "email": f"{slug}@example.com"}
            await self._execute(HEAL[injury], values)
            self.without_owner.discard(slug)

    async def _execute(self, statement: str, values: Mapping[str, str]) -> None:
        while True:
            try:
                async with await AsyncConnection.connect(self.database_url, connect_timeout=3) as connection:
                    await connection.execute(statement.encode(), values or None)
            except psycopg.OperationalError:
                await asyncio.sleep(PAUSE)
            else:
                return


PREPARE = """
    CREATE SCHEMA chaos;
    CREATE TABLE chaos.injuries (slug text, injury text, PRIMARY KEY (slug, injury));
    CREATE FUNCTION chaos.hurt() RETURNS event_trigger LANGUAGE plpgsql AS $$
    DECLARE found text;
    BEGIN
        SELECT i.injury INTO found FROM pg_event_trigger_ddl_commands() made
        JOIN public.tenants t ON t.schema_name = made.object_identity JOIN chaos.injuries i ON i.slug = t.slug;
        IF found = 'full' THEN RAISE 'could not extend file: disk full' USING ERRCODE = 'disk_full'; END IF;
        IF found = 'hangs' THEN PERFORM pg_sleep(12); END IF;
    END $$;
    CREATE EVENT TRIGGER hurt ON ddl_command_end WHEN TAG IN ('CREATE SCHEMA') EXECUTE FUNCTION chaos.hurt();
"""
HURT = "INSERT INTO chaos.injuries VALUES (%(slug)s, %(injury)s) ON CONFLICT DO NOTHING"
CURE = "DELETE FROM chaos.injuries WHERE slug = %(slug)s AND injury = %(injury)s"
INFLICT = {
    Injury.NO_OWNER: "DELETE FROM memberships WHERE tenant_id = (SELECT id FROM tenants WHERE slug = %(slug)s)",
    Injury.FULL: HURT,
    Injury.HANGS: HURT,
}
HEAL = {
    Injury.NO_OWNER: """
        INSERT INTO memberships (tenant_id, user_id, role)
        SELECT t.id, u.id, 'owner' FROM tenants t, users u WHERE t.slug = %(slug)s AND lower(u.email) = %(email)s
        ON CONFLICT DO NOTHING
    """,
    Injury.FULL: CURE,
    Injury.HANGS: CURE,
}
