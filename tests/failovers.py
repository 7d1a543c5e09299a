"""A database that takes no changes for a while, as every session finds it that is opened during a failover."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from psycopg import AsyncConnection, sql

#: Each is waited for: what is asked of one that is just going gets no answer.
OTHERS = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"


@asynccontextmanager
async def takes_no_changes(database_url: str) -> AsyncIterator[None]:
    """Sessions there are end; those opened meanwhile refuse changes for as long as they live, also afterwards."""
    name = urlsplit(database_url).path.removeprefix("/")
    alter = sql.SQL("ALTER DATABASE {}").format(sql.Identifier(name))
    async with await AsyncConnection.connect(
        database_url, autocommit=True, options="-c default_transaction_read_only=off"
    ) as connection:
        await connection.execute(alter + sql.SQL(" SET default_transaction_read_only = on"))
        await connection.execute(OTHERS, (name,))
        try:
            yield
        finally:
            await connection.execute(alter + sql.SQL(" RESET default_transaction_read_only"))
