"""The connection to PostgreSQL; `transaction()` holds the only commit in the program."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Self

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from operations.errors import DatabaseUnavailable, SchemaBehind

HEAD = "0012"  #: the migration this version needs

# force_custom_plan: after five executions a prepared list query may get a generic plan that cannot use the
# partial indexes, and is then a thousand times slower.
SESSION = {
    "statement_timeout": "5s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "15s",
    "plan_cache_mode": "force_custom_plan",
    "timezone": "UTC",
}
CONNECT_SECONDS = 3


def connect_blocking(dsn: str) -> psycopg.Connection:
    """A plain connection with the server's own limits, for migrations and tools."""
    return psycopg.connect(dsn, connect_timeout=10, application_name="tenantry")


async def connect_directly(dsn: str, *, name: str, autocommit: bool = True) -> psycopg.AsyncConnection:
    """A connection outside the pool, for the feed and for work that outlasts a statement's time limit."""
    return await psycopg.AsyncConnection.connect(
        dsn,
        autocommit=autocommit,
        connect_timeout=CONNECT_SECONDS,
        application_name=f"tenantry {name}",
        options=" ".join(f"-c {key}={value}" for key, value in SESSION.items()),
        keepalives=1,
        keepalives_idle=30,
        keepalives_interval=10,
        keepalives_count=3,
        tcp_user_timeout=20_000,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Database:
    """A pool of connections. Nothing is opened before the first use."""

    engine: AsyncEngine
    dsn: str

    @classmethod
    def at(cls, dsn: str, *, name: str, pool_size: int = 10) -> Self:
        """`dsn` is a libpq connection string or URL; `name` shows in pg_stat_activity."""

        async def connect() -> psycopg.AsyncConnection:
            return await connect_directly(dsn, name=name, autocommit=False)

        engine = create_async_engine(
            "postgresql+psycopg://",
            async_creator=connect,
            pool_size=pool_size,
            max_overflow=5,
            pool_timeout=3,
            pool_recycle=1800,
            pool_pre_ping=True,
        )
        return cls(engine=engine, dsn=dsn)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """All or nothing: commits when the block ends, rolls back when it raises.

        Raises `DatabaseUnavailable` when the server cannot be reached or goes away; whether a commit that
        was under way took effect is then unknown, so every write of ours can be repeated.
        """
        with _naming_outages():
            async with self.engine.begin() as connection:
                yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Single statements without a transaction around them."""
        with _naming_outages():
            async with self.engine.connect() as plain:
                yield await plain.execution_options(isolation_level="AUTOCOMMIT")

    async def check_schema(self) -> None:
        """Raises `SchemaBehind` unless this version's migrations are there (newer ones do not hurt)."""
        async with self.reading() as connection:
            known = await connection.scalar(text("SELECT to_regclass('public.alembic_version')"))
            at = await connection.scalar(text("SELECT version_num FROM alembic_version")) if known else None
        if at is None or at < HEAD:
            raise SchemaBehind

    async def close(self) -> None:
        await self.engine.dispose()


@contextmanager
def _naming_outages() -> Iterator[None]:
    """Translate the ways in which a connection fails into `DatabaseUnavailable`; constraint errors pass."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout, psycopg.OperationalError, OSError) as error:
        raise DatabaseUnavailable from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise DatabaseUnavailable from error
        raise
