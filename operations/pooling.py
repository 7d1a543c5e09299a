"""Which connections a pool lends again: those that live, and that take changes."""

import select
from time import monotonic

import psycopg
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from operations import read_only
from operations.silence import Silence

FRESH = 1.0  #: seconds since its last use for which a connection counts as alive
LASTS = 1.0  #: seconds for which one that takes no changes is lent; then another may find a server that does
ANSWERED_AT, OPENED_AT = "tenantry.answered_at", "tenantry.opened_at"


def choose_well(engine: AsyncEngine, silence: Silence) -> None:
    """Have the pool of `engine` make anew what it should not lend again, and nobody wait for a silent server."""
    _end_waiting(engine, silence)
    _ping_the_idle(engine)
    _leave_read_only_behind(engine)


def _end_waiting(engine: AsyncEngine, silence: Silence) -> None:
    """Registered first: also the ping is waited for."""

    def lend(_: DBAPIConnection, record: ConnectionPoolEntry, __: PoolProxiedConnection) -> None:
        silence.lend(record)

    def take_back(_: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
        silence.take_back(record)

    event.listen(engine.sync_engine, "checkout", lend)
    event.listen(engine.sync_engine, "checkin", take_back)


def _ping_the_idle(engine: AsyncEngine) -> None:
    """Try a connection before it is used again, unless it answered a moment ago and its line is silent.

    `pool_pre_ping` would try always, which costs a round trip. A server that ended a connection has said so on its
    line, where an idle one has nothing to say.
    """

    def note(_: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
        record.info[ANSWERED_AT] = monotonic()

    def ping(connection: DBAPIConnection, record: ConnectionPoolEntry, _: PoolProxiedConnection) -> None:
        if ANSWERED_AT not in record.info:  # made a moment ago
            return
        try:
            if monotonic() - record.info[ANSWERED_AT] >= FRESH or _has_news(record.driver_connection):
                engine.dialect.do_ping(connection)
        except (psycopg.Error, OSError) as error:
            raise DisconnectionError from error  # the pool makes a new one

    event.listen(engine.sync_engine, "checkin", note)
    event.listen(engine.sync_engine, "checkout", ping)


def _refuses(record: ConnectionPoolEntry) -> bool:
    session = record.driver_connection
    return isinstance(session, psycopg.AsyncConnection) and read_only.is_read_only(session)


def _has_news(connection: psycopg.AsyncConnection | None) -> bool:
    """Whether its line has something to read, such as the server's farewell."""
    if connection is None:
        return True
    line = select.poll()
    line.register(connection.fileno(), select.POLLIN)
    return bool(line.poll(0))


def _leave_read_only_behind(engine: AsyncEngine) -> None:
    """Also when one has refused a change: then the others, which say nothing of themselves, may be as old.

    Once a session was opened that takes changes, none of the earlier ones that do not is lent again.
    """
    taken_since = 0.0

    def note(_: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        nonlocal taken_since
        record.info[OPENED_AT] = opened_at = monotonic()
        if not _refuses(record):
            taken_since = opened_at

    def renew(_: DBAPIConnection, record: ConnectionPoolEntry, __: PoolProxiedConnection) -> None:
        if record.info[OPENED_AT] < max(taken_since, monotonic() - LASTS) and _refuses(record):
            raise DisconnectionError

    def judge(context: ExceptionContext) -> None:
        if read_only.is_refusal(context.original_exception):
            context.is_disconnect = True

    event.listen(engine.sync_engine, "connect", note)
    event.listen(engine.sync_engine, "checkout", renew)
    event.listen(engine.sync_engine, "handle_error", judge)
