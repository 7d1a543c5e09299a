"""Whether there is a pooler in between that gives each transaction another session; then nothing of ours would hold.

Limits, the lock of migrations, the feed's snapshots and prepared statements belong to a session of the server. A pooler
in session mode (PgBouncer's `pool_mode = session`) keeps one for each connection, and is fine.
"""

import asyncio
from contextlib import AsyncExitStack

import psycopg

from operations.errors import ConfigurationError

SECONDS = 3.0  #: for connecting, and for each answer
ROUNDS = 3
CALLED = "tenantry start"
FOUND = (
    "A pooler between Tenantry and PostgreSQL gives each transaction another session (PgBouncer's pool_mode "
    "transaction or statement), where time limits and locks do not hold. Nothing was begun. Set pool_mode = session "
    "for this database, or connect TENANTRY_DATABASE_URL to PostgreSQL itself."
)


async def check(dsn: str) -> None:
    """Raises `ConfigurationError`, or psycopg's errors, OSError and TimeoutError when nobody answers.

    Of two connections that are open at once, no two answers come from one session, and each keeps its own. A pooler by
    transactions gives the session that the first has just used to the second, or another one to the first.
    """
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(await _connect(dsn))
        mine = await _session(first)
        second = await stack.enter_async_context(await _connect(dsn))
        for _ in range(ROUNDS):
            try:
                other = await _session(second)
            except TimeoutError:  # one session for each connection, and no second one free
                return
            if other == mine or await _session(first) != mine:
                raise ConfigurationError(FOUND)


async def _connect(dsn: str) -> psycopg.AsyncConnection:
    async with asyncio.timeout(SECONDS):
        return await psycopg.AsyncConnection.connect(dsn, autocommit=True, application_name=CALLED)


async def _session(connection: psycopg.AsyncConnection) -> int:
    async with asyncio.timeout(SECONDS):
        row = await (await connection.execute("SELECT pg_backend_pid()", prepare=False)).fetchone()
    return 0 if row is None else int(row[0])
