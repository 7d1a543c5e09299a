"""Does to the processes of a demo what its presenter orders, and undoes it when its time is over.

Orders are rows of the demo's own database: a browser names a fault and never a process, and where there is no mark
nothing is read.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Never, Protocol
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from embedded.errors import DidNotStart
from embedded.keeper import Keeper
from operations.faults import IS_MARKED, OF_PROCESSES, Fault

PAUSE = 0.25  #: seconds between two looks
PATIENCE = 5.0  #: seconds for an answer
HEARD = 1.0  #: seconds in which every page has heard of an order

TAKE = f"""
    UPDATE demo.faults SET begun_at = clock_timestamp()
    WHERE begun_at IS NULL AND ended_at IS NULL AND ends_at > clock_timestamp() AND fault = ANY(%s) AND ({IS_MARKED})
    RETURNING id, fault, extract(epoch FROM ends_at - clock_timestamp())::float8
"""  # noqa: S608 - two constants of ours
OVER = "SELECT id FROM demo.faults WHERE id = ANY(%s) AND (ended_at IS NOT NULL OR ends_at <= clock_timestamp())"
NOTE_ENDED = "UPDATE demo.faults SET ended_at = coalesce(ended_at, clock_timestamp()) WHERE id = ANY(%s)"
#: Of a supervisor before this one: its processes have begun anew since. What was ordered while this one began is not.
FORGET = """
    UPDATE demo.faults SET ended_at = clock_timestamp()
    WHERE ended_at IS NULL AND begun_at IS NOT NULL AND fault = ANY(%s) RETURNING id
"""


@dataclass(kw_only=True, slots=True)
class Order:
    """A fault that goes on."""

    id: UUID
    fault: Fault
    seconds: float
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def last(self) -> None:
        """Until its time is over, or somebody ends it before."""
        try:
            async with asyncio.timeout(self.seconds):
                await self.over.wait()
        except TimeoutError:
            return


class Deploy(Protocol):
    """Have all workers run this code; returns when they do."""

    async def __call__(self, *, bad: bool) -> None: ...


@dataclass(kw_only=True, slots=True)
class Stage:
    """`servers` by their names; `begin_anew` resets what is shown, `deploy` replaces the workers."""

    dsn: str
    workers: Sequence[Keeper]
    servers: Mapping[str, Keeper]
    begin_anew: Callable[[], Awaitable[None]]
    deploy: Deploy
    report: Callable[[str, str], None]
    _going_on: dict[UUID, Order] = field(default_factory=dict)
    _has_begun: bool = False
    _ended: set[UUID] = field(default_factory=set)  #: of which the database has yet to hear

    async def run(self) -> Never:
        """Until cancelled; then everything goes on that was kept from it."""
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    await self._follow(group)
                except (psycopg.Error, OSError, TimeoutError):  # perhaps stopped by an order of ours
                    await asyncio.sleep(PAUSE)

    async def _follow(self, group: asyncio.TaskGroup) -> None:
        async with self._connected() as connection:
            if not self._has_begun:
                await _all(connection, FORGET, [fault.value for fault in OF_PROCESSES])
                self._has_begun = True
            while True:
                async with asyncio.timeout(PATIENCE):
                    for order in await self._look(connection):
                        self._going_on[order.id] = order
                        group.create_task(self._carry_out(order))
                await asyncio.sleep(PAUSE)

    async def _look(self, connection: AsyncConnection) -> list[Order]:
        if self._ended:
            told = list(self._ended)
            await connection.execute(NOTE_ENDED, (told,))
            self._ended.difference_update(told)
        for (id_,) in await _all(connection, OVER, list(self._going_on)):
            if isinstance(id_, UUID) and id_ in self._going_on:
                self._going_on[id_].over.set()
        taken = await _all(connection, TAKE, [fault.value for fault in OF_PROCESSES])
        return [
            Order(id=UUID(str(id_)), fault=Fault(str(fault)), seconds=float(str(left))) for id_, fault, left in taken
        ]

    async def _carry_out(self, order: Order) -> None:
        self.report("Presenter", order.fault.replace("_", " "))
        try:
            if order.fault is Fault.RESET:
                await self.begin_anew()
            else:
                if order.fault is Fault.STOP_POSTGRES:  # afterwards no page hears that it goes on, and until when
                    await asyncio.sleep(HEARD)
                async with self._broken(order.fault):
                    await order.last()
        except (DidNotStart, OSError) as failure:
            self.report("Presenter", str(failure).split("\n", 1)[0])
        finally:
            del self._going_on[order.id]
            self._ended.add(order.id)

    def _broken(self, fault: Fault) -> AbstractAsyncContextManager[None]:
        match fault:
            case Fault.STOP_WORKER:
                return all_resting(*self.workers)
            case Fault.FREEZE_TEMPORAL:
                return self.servers["temporal"].frozen()
            case Fault.STOP_POSTGRES:
                return self.servers["postgresql"].resting()
            case Fault.BAD_BUILD:
                return self._bad_build()
            case _:
                raise LookupError(fault)

    @asynccontextmanager
    async def _bad_build(self) -> AsyncIterator[None]:
        """Whoever cancels it ends the workers, too."""
        await self.deploy(bad=True)
        yield
        await self.deploy(bad=False)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncConnection]:
        connection = await AsyncConnection.connect(self.dsn, autocommit=True, connect_timeout=3)
        try:
            yield connection
        finally:
            await connection.close()


@asynccontextmanager
async def all_resting(*keepers: Keeper) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for keeper in keepers:
            await stack.enter_async_context(keeper.resting())
        yield


async def _all(connection: AsyncConnection, question: str, values: object) -> list[tuple[object, ...]]:
    return await (await connection.execute(question.encode(), (values,))).fetchall()
