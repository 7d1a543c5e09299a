"""The connections of steps: a few that stay open, each lent to one step at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Self

import psycopg
from psycopg import AsyncConnection
from psycopg.errors import ReadOnlySqlTransaction
from psycopg.pq import TransactionStatus
from sqlalchemy.exc import DBAPIError
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from operations.database import Database, driver_of

#: The statements of steps find single rows by their keys: planning them anew costs more than they do.
SETTINGS = {"plan_cache_mode": "auto"}
CONNECTIONS = 7  #: of one worker; more steps at a time than that would only wait for each other in the database
LONGEST_WAIT = 10.0  #: seconds for a free one; then the step is tried again, as after any other trouble


@dataclass(frozen=True, kw_only=True, slots=True)
class Sessions:
    """One per worker. Nothing is opened before the first use, and what broke meanwhile is made anew.

    They keep what they have prepared, so whatever a step sets, it sets for its transaction alone (`SET LOCAL`).
    """

    database: Database
    size: int
    longest_wait: float

    @classmethod
    def at(cls, dsn: str, *, size: int = CONNECTIONS, longest_wait: float = LONGEST_WAIT) -> Self:
        database = Database.at(dsn, name="worker step", pool_size=size, autocommit=True, **SETTINGS)
        return cls(database=database, size=size, longest_wait=longest_wait)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Around the worker's life: closes the connections once no step uses them any more."""
        try:
            yield
        finally:
            await self.database.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Commits when the block ends, rolls back when it raises."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """One in no transaction: each statement commits by itself. Raises psycopg's errors.

        When none becomes free in time, an error that is tried again.
        """
        await self._wait_for_turn()
        try:
            async with self._borrowed() as connection:
                yield connection
        finally:
            self.database.turns.release()

    async def _wait_for_turn(self) -> None:
        try:
            async with asyncio.timeout(self.longest_wait):
                await self.database.turns.acquire()
        except TimeoutError:
            raise ApplicationError(
                f"Other steps have held all {self.size} database connections of this worker for"
                f" {self.longest_wait:g} s. Nothing was written; the step is tried again.",
                type="NoFreeConnection",
                category=ApplicationErrorCategory.BENIGN,
            ) from None

    @asynccontextmanager
    async def _borrowed(self) -> AsyncIterator[AsyncConnection]:
        async with AsyncExitStack() as stack:
            try:
                lent = await stack.enter_async_context(self.database.engine.connect())
                connection = await driver_of(lent)
            except DBAPIError as error:
                raise error.orig if isinstance(error.orig, psycopg.Error) else error from None
            try:
                yield connection
            except ReadOnlySqlTransaction:  # another server writes by now
                await lent.invalidate()
                raise
            finally:
                if not lent.invalidated and connection.info.transaction_status is not TransactionStatus.IDLE:
                    await lent.invalidate()  # broken, or torn out of a statement: nobody else gets it
