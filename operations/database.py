"""The connection to PostgreSQL; `transaction()` holds the only commit in the program."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Self, TypeVar

import psycopg
from psycopg.errors import ConnectionTimeout, ReadOnlySqlTransaction
from psycopg.pq import TransactionStatus
from sqlalchemy import DateTime, func, select, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from operations import outages, poolers, pooling, read_only, silence
from operations.connections import answered_within, bound_transactions, connect_directly
from operations.errors import DatabaseReadOnly, SchemaBehind
from operations.silence import Silence

HEAD = "0042"  #: the migration this version needs

PATIENCE = 10  #: seconds for a free connection: longer than hundreds who come at once take to be served
OLD = 1800.0  #: seconds after which a connection is made anew
NO_ANSWER = "timeout: the server takes connections and answers nothing"
AnswerT = TypeVar("AnswerT")
_NOW = select(func.clock_timestamp(type_=DateTime(timezone=True)))


@dataclass(kw_only=True, slots=True)
class OwnConnection:
    """A connection of its own for statements that are the same every time: planning anew would cost more than they do.

    Opened at its first use, again after it broke, and when it is old: refused statements leave something behind.
    """

    dsn: str
    name: str
    within: float  #: seconds that connecting and each answer may take
    _connection: psycopg.AsyncConnection | None = None
    _opened_at: float = 0.0
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ask(self, question: Callable[[psycopg.AsyncConnection], Coroutine[object, object, AnswerT]]) -> AnswerT:
        """What `question` asks of the connection, in no transaction; raises psycopg's errors, OSError, TimeoutError."""
        async with asyncio.timeout(self.within):
            await self._turn.acquire()
        try:
            connection = await self._connected()
            return await answered_within(self.within, connection, question(connection))
        except ReadOnlySqlTransaction:
            self.hang_up()
            raise
        finally:
            if not self._is_idle():
                self.hang_up()
            self._turn.release()

    @property
    def is_open(self) -> bool:
        return self._connection is not None

    def hang_up(self) -> None:
        if self._connection is not None:
            self._connection.pgconn.finish()
            self._connection = None

    async def _connected(self) -> psycopg.AsyncConnection:
        if monotonic() - self._opened_at > OLD:
            self.hang_up()
        if self._connection is None:
            async with asyncio.timeout(self.within):
                connection = await connect_directly(
                    self.dsn, name=self.name, plan_cache_mode="auto", lock_timeout="500ms"
                )
            try:
                await answered_within(self.within, connection, bound_transactions(connection, 2 * self.within))
            except BaseException:
                connection.pgconn.finish()
                raise
            self._connection, self._opened_at = connection, monotonic()
        return self._connection

    def _is_idle(self) -> bool:
        """As it is after every answer, also after a refusal."""
        return self._connection is None or self._connection.info.transaction_status is TransactionStatus.IDLE


async def driver_of(connection: AsyncConnection) -> psycopg.AsyncConnection:
    """What is beneath a connection of the pool, in the same transaction."""
    driver = (await connection.get_raw_connection()).driver_connection
    if not isinstance(driver, psycopg.AsyncConnection):
        raise TypeError(driver)
    return driver


@dataclass(frozen=True, kw_only=True, slots=True)
class Database:
    """A pool of at most `pool_size` connections. Nothing is opened before the first use."""

    engine: AsyncEngine
    dsn: str
    turns: asyncio.Semaphore  #: first come, first served; the pool itself lets latecomers pass
    silence: Silence
    is_direct: asyncio.Event = field(default_factory=asyncio.Event)  #: no pooler in between breaks sessions

    @classmethod
    def at(
        cls,
        dsn: str,
        *,
        name: str,
        pool_size: int = 10,
        autocommit: bool = False,
        **session: str,
    ) -> Self:
        """`dsn` is a libpq connection string or URL; `name` shows in pg_stat_activity; `session` changes settings."""

        silent = Silence(ask=lambda: _is_there(dsn, name))

        async def connect() -> psycopg.AsyncConnection:
            if silent.is_known:
                raise psycopg.OperationalError(NO_ANSWER)
            try:
                return await connect_directly(dsn, name=name, autocommit=autocommit, **session)
            except (ConnectionTimeout, TimeoutError):  # who waited for a turn need not find out again
                silent.notice()
                raise

        engine = create_async_engine(
            "postgresql+psycopg://",
            async_creator=connect,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=PATIENCE,
            pool_recycle=int(OLD),
            hide_parameters=True,  # errors are logged with their statement; values may be secrets, or a tenant's
        )
        pooling.choose_well(engine, silent)
        return cls(engine=engine, dsn=dsn, turns=asyncio.Semaphore(pool_size), silence=silent)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """All or nothing: commits when the block ends, rolls back when it raises.

        Raises `DatabaseUnavailable` when the server cannot be reached or goes away; whether a commit that
        was under way took effect is then unknown, so every write of ours can be repeated. `DatabaseReadOnly` and
        `DatabaseSlow`, which are two of those, say for certain that nothing was changed.
        """
        with _naming_outages(self.silence):
            async with self._turn(), self.engine.begin() as connection:
                try:
                    yield connection
                except ReadOnlySqlTransaction:  # of the driver itself; the engine notices its own
                    await connection.invalidate()
                    raise

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Single statements without a transaction around them."""
        with _naming_outages(self.silence):
            async with self._turn(), self.engine.connect() as plain:
                yield await plain.execution_options(isolation_level="AUTOCOMMIT")

    async def now(self) -> datetime:
        """The server's clock, by which every age is told: this machine's may be wrong."""
        async with self.reading() as connection:
            return (await connection.execute(_NOW)).scalar_one()

    async def is_read_only(self) -> bool:
        """Whether the server takes no changes."""
        async with self.reading() as connection:
            return bool(await connection.scalar(text("SHOW transaction_read_only")) == "on")

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        async with asyncio.timeout(PATIENCE):
            await self.turns.acquire()
        try:
            yield
        finally:
            self.turns.release()

    async def check_schema(self) -> None:
        """Raises `SchemaBehind` unless this version's migrations are there (newer ones do not hurt).

        The first time also `ConfigurationError` when a pooler in between breaks sessions.
        """
        if not self.is_direct.is_set():
            with _naming_outages(self.silence):
                await poolers.check(self.dsn)
            self.is_direct.set()
        async with self.reading() as connection:
            known = await connection.scalar(text("SELECT to_regclass('public.alembic_version')"))
            at = await connection.scalar(text("SELECT version_num FROM alembic_version")) if known else None
        if at is None or at < HEAD:
            raise SchemaBehind

    async def close(self) -> None:
        await self.engine.dispose()


async def _is_there(dsn: str, name: str) -> None:
    """Returns when the server has answered on a new connection; raises `TimeoutError` when it says nothing at all."""
    async with asyncio.timeout(silence.PATIENCE):
        connection = await connect_directly(dsn, name=f"{name} probe")  # which asks for its settings
    connection.pgconn.finish()


@contextmanager
def _naming_outages(silence: Silence) -> Iterator[None]:
    """Translate the ways in which a connection fails into `DatabaseUnavailable`; constraint errors pass."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout, psycopg.OperationalError, OSError) as error:
        raise outages.named(TimeoutError(NO_ANSWER) if silence.is_known else error) from error
    except DBAPIError as error:
        if read_only.is_refusal(error):
            raise DatabaseReadOnly from error
        if error.connection_invalidated:
            raise outages.named(error) from error
        raise
    except ReadOnlySqlTransaction as error:
        raise DatabaseReadOnly from error
