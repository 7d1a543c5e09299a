"""One connection to PostgreSQL: how it is made, what limits it, and how it ends when nobody answers."""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import TypeVar

import psycopg
from psycopg import sql
from psycopg.errors import ConnectionTimeout
from psycopg.pq import TransactionStatus

from operations import silence

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
HANGING_UP = 1.0  #: seconds, at most; it takes none
BACKEND = "SELECT pg_backend_pid()"  #: the server's process, which is not the one that a pooler names to its clients
BEGIN_ANEW = "DISCARD ALL"  #: what another client of a pooler may have left: statements, settings, locks
AnswerT = TypeVar("AnswerT")


def connect_blocking(dsn: str) -> psycopg.Connection:
    """A plain connection with the server's own limits, for migrations and tools."""
    connection = psycopg.connect(dsn, autocommit=True, connect_timeout=10, application_name="tenantry")
    try:
        if connection.execute(BACKEND).fetchone() != (connection.info.backend_pid,):
            connection.execute(BEGIN_ANEW)
            connection.execute("SET application_name = 'tenantry'")
        connection.autocommit = False
    except BaseException:
        connection.close()
        raise
    return connection


async def connect_directly(dsn: str, *, name: str, autocommit: bool = True, **session: str) -> psycopg.AsyncConnection:
    """A connection outside the pool, for the feed and for work that outlasts a statement's time limit.

    `session` changes settings of the server for this connection. They are set once it stands: a pooler drops what a
    connection asks for while it is made (`options`), without a word, or refuses it.
    """
    application_name = f"tenantry {name}"
    connection = await psycopg.AsyncConnection.connect(
        dsn,
        autocommit=True,
        connect_timeout=CONNECT_SECONDS,
        application_name=application_name,
        keepalives=1,
        keepalives_idle=30,
        keepalives_interval=10,
        keepalives_count=3,
        tcp_user_timeout=20_000,
    )
    try:
        beginning = _begin(connection, {**SESSION, **session, "application_name": application_name})
        await answered_within(CONNECT_SECONDS, connection, beginning)
        await connection.set_autocommit(autocommit)
    except BaseException as error:
        connection.pgconn.finish()
        if isinstance(error, TimeoutError):
            raise ConnectionTimeout("connection timeout expired") from error
        raise
    return connection


async def _begin(connection: psycopg.AsyncConnection, settings: Mapping[str, str]) -> None:
    """Behind a pooler, which gives us what was another client's, twice: before its remains are gone, and after."""
    answer = await (await connection.execute(setting(settings), prepare=False)).fetchone()
    if answer is None or answer[0] != connection.info.backend_pid:
        await connection.execute(BEGIN_ANEW)
        await connection.execute(setting(settings), prepare=False)


def setting(settings: Mapping[str, str]) -> sql.Composed:
    """The statement that gives a session these settings; it answers with the server's process."""
    calls = (sql.SQL("set_config({}, {}, false)").format(name, value) for name, value in settings.items())
    return sql.SQL("SELECT pg_backend_pid(), {}").format(sql.SQL(", ").join(calls))


async def bound_transactions(connection: psycopg.AsyncConnection, seconds: float) -> None:
    """Have the server end transactions of this connection that last longer, whatever they wait for.

    The other limits end statements, and transactions that wait for the next one; not those that wait for the rest of a
    pipeline, whose client died in the middle. They would hold their rows for as long as the connection seems alive.
    """
    if can_bound_transactions(connection):
        await connection.execute("SELECT set_config('transaction_timeout', %s, false)", (f"{seconds * 1000:.0f}ms",))


def can_bound_transactions(connection: psycopg.AsyncConnection) -> bool:
    """Since PostgreSQL 17."""
    return connection.info.server_version >= 17_00_00


async def answered_within(
    seconds: float, connection: psycopg.AsyncConnection, question: Coroutine[object, object, AnswerT]
) -> AnswerT:
    """The answer to what `question` asks of `connection`; after so many seconds, `TimeoutError` and no connection.

    A cancelled query would be cancelled on the server too, which takes long on a dead link: the line is cut instead.
    """
    asking = asyncio.ensure_future(question)
    try:
        done, _ = await asyncio.wait({asking}, timeout=seconds)
    finally:
        if not asking.done():
            silence.hang_up(connection)
            asking.add_done_callback(_look_at)
            await asyncio.wait({asking}, timeout=HANGING_UP)
            asking.cancel()
    if not done and not (asking.done() and asking.exception() is None):  # an answer may have been on its way
        raise TimeoutError(f"no answer within {seconds:g} s")
    return asking.result()


def _look_at(asked: asyncio.Future[AnswerT]) -> None:
    """So that nobody complains about an error that no longer matters."""
    if not asked.cancelled():
        asked.exception()


async def forget_prepared(connection: psycopg.AsyncConnection) -> None:
    """After a refusal: what came later in the pipeline never reached the server, yet psycopg believes it prepared.

    Every later use of it would be refused, for as long as the connection is open. At a rollback psycopg forgets.
    """
    if connection.info.transaction_status is TransactionStatus.IDLE:
        with suppress(psycopg.Error):  # the connection breaks, and what it has prepared with it
            async with connection.transaction(force_rollback=True):
                pass
