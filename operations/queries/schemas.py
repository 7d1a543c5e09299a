"""What exists in a tenant's schema, by PostgreSQL's own notes: nothing of the tenant itself is read."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from operations.database import Database

MOST = 50  #: tables


@dataclass(frozen=True, kw_only=True, slots=True)
class TableView:
    """One table."""

    name: str
    rows: int  #: about as many


@dataclass(frozen=True, kw_only=True, slots=True)
class SchemaView:
    """A tenant's schema."""

    name: str
    exists: bool
    version: str | None  #: of its migrations
    tables: tuple[TableView, ...]  #: by name, not all of them where there are very many


@dataclass(frozen=True, kw_only=True, slots=True)
class Schemas:
    """Reads about what is there."""

    database: Database

    async def of(self, tenant_id: UUID) -> SchemaView | None:
        """None without such a tenant."""
        async with self.database.reading() as connection:
            rows = (await connection.execute(TABLES, {"tenant": tenant_id, "most": MOST})).all()
        if not rows:
            return None
        return SchemaView(
            name=rows[0].schema_name,
            exists=rows[0].exists,
            version=rows[0].schema_version,
            tables=tuple(TableView(name=row.table_name, rows=row.number) for row in rows if row.table_name is not None),
        )


# The catalogue and the statistics alone: no table is opened, so that a migration under way holds nothing up.
TABLES = text(
    """
    SELECT t.schema_name, t.schema_version, n.oid IS NOT NULL AS exists, c.relname AS table_name,
           greatest(c.reltuples::bigint, pg_stat_get_live_tuples(c.oid)) AS number
    FROM tenants t LEFT JOIN pg_namespace n ON n.nspname = t.schema_name
    LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p')
    WHERE t.id = :tenant ORDER BY c.relname LIMIT :most
    """
)
