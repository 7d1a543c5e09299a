"""Whether there is a pooler in between that gives each transaction another session; then nothing of ours would hold.

Limits, the lock of migrations, the feed's snapshots and prepared statements belong to a session of the server. A pooler
in session mode (PgBouncer's `pool_mode = session`) keeps one for each connection, and is fine.
"""

import random
from contextlib import AsyncExitStack

import psycopg

from operations.connections import BACKEND, answered_within
from operations.errors import ConfigurationError

SECONDS = 3.0  #: for connecting, and for each answer
#: How often two connections behind a pooler are asked who serves them. Where only two sessions are dealt out, and by
#: chance, each of them keeps its own once in a million times; where nobody else asks, the second question tells.
ASKED = 20
CALLED = "tenantry start"
FOUND = (
    "TENANTRY_DATABASE_URL leads to a pooler that gives each transaction another session (PgBouncer's pool_mode"
    " transaction or statement), so that time limits, locks and prepared statements would not hold: set"
    " pool_mode = session for this database, or give the address of PostgreSQL itself."
)


async def check(dsn: str) -> None:
    """Raises `ConfigurationError`, or psycopg's errors, OSError and TimeoutError when nobody answers.

    Of two connections that are open at once, no two answers come from one session, and each keeps its own. They are
    asked in no order, so that no pooler that deals out its sessions in turn keeps step. Without a pooler one is enough:
    who serves it said so himself.
    """
    async with AsyncExitStack() as stack:
        first = await _connect(stack, dsn)
        served = {first: await _session(first)}
        if served[first] == first.info.backend_pid:
            return
        both = (first, await _connect(stack, dsn))
        for asked in (*reversed(both), *random.choices(both, k=ASKED)):
            try:
                session = await _session(asked)
            except TimeoutError:
                if asked not in served:  # one session for each connection, and no second one free
                    return
                raise
            if served.setdefault(asked, session) != session or len(set(served.values())) < len(served):
                raise ConfigurationError(FOUND)


async def _connect(stack: AsyncExitStack, dsn: str) -> psycopg.AsyncConnection:
    connection = await psycopg.AsyncConnection.connect(
        dsn, autocommit=True, connect_timeout=int(SECONDS), application_name=CALLED
    )
    stack.callback(connection.pgconn.finish)
    return connection


async def _session(connection: psycopg.AsyncConnection) -> int:
    cursor = await answered_within(SECONDS, connection, connection.execute(BACKEND, prepare=False))
    row = await cursor.fetchone()
    return 0 if row is None else int(row[0])
