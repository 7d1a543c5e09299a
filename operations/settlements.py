"""How commands end: each with what it means for its execution, accepted starts many in one transaction."""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from uuid import UUID

import psycopg
from sqlalchemy.exc import DBAPIError

from operations import commands, tracking
from operations.commands import Claim
from operations.database import Database, driver_of
from operations.errors import DatabaseUnavailable
from operations.statuses import CommandState, Status
from operations.tracking import Transition

LINGER = 0.1  #: seconds for which an accepted start waits for those that are being delivered beside it


@dataclass(frozen=True, kw_only=True, slots=True)
class Settlement:
    """The end of a command, and what follows from it for the execution."""

    claim: Claim
    state: CommandState
    error: str | None = None
    move: Transition | None = None

    @property
    def is_accepted_start(self) -> bool:
        return self.move is not None and self.move.to is Status.RUNNING


@dataclass(kw_only=True, slots=True)
class Settler:
    """Writes settlements. Whatever is wrong with one of those written together costs the others nothing."""

    database: Database
    _under_way: int = 0
    _waiting: dict[UUID, Settlement] = field(default_factory=dict)
    _are_all_here: asyncio.Event = field(default_factory=asyncio.Event)
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _settled: set[UUID] = field(default_factory=set)

    @contextmanager
    def awaiting_one(self) -> Iterator[None]:
        """Around each delivery, so that nobody waits for company that cannot come."""
        self._under_way += 1
        self._look_round()
        try:
            yield
        finally:
            self._under_way -= 1
            self._look_round()

    async def settle(self, settlement: Settlement) -> None:
        """Nothing happens to a command whose claim was lost; raises `DatabaseUnavailable`.

        The execution of an accepted start may move all the same: that Temporal has the run is true, whoever says so.
        """
        if not (settlement.is_accepted_start and await self._settle_with_others(settlement)):
            await self._settle_alone(settlement)

    async def _settle_with_others(self, settlement: Settlement) -> bool:
        """False when it has to be settled alone. The first who comes writes for all who came meanwhile."""
        id_ = settlement.claim.id
        self._waiting[id_] = settlement
        self._look_round()
        async with self._writing:
            if id_ in self._waiting:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LINGER):
                        await self._are_all_here.wait()
                together, self._waiting = self._waiting, {}
                self._look_round()
                # Otherwise each tries alone, and meets its own error.
                with suppress(DBAPIError, psycopg.Error, DatabaseUnavailable):
                    self._settled |= await self._settle_starts(together.values())
        is_settled = id_ in self._settled
        self._settled.discard(id_)
        return is_settled

    def _look_round(self) -> None:
        if len(self._waiting) >= self._under_way:
            self._are_all_here.set()
        else:
            self._are_all_here.clear()

    async def _settle_starts(self, settlements: Collection[Settlement]) -> set[UUID]:
        """The commands that need nothing more; left out are those whose execution somebody holds right now."""
        async with self.database.transaction() as connection:
            moves = [each.move for each in settlements if each.move is not None]
            moved = await tracking.move_free(await driver_of(connection), moves)
            claims = [each.claim for each in settlements if each.claim.execution_id in moved]
            await commands.settle(connection, claims, CommandState.DELIVERED)
        return {claim.id for claim in claims}

    async def _settle_alone(self, settlement: Settlement) -> None:
        async with self.database.transaction() as connection:
            settled = await commands.settle(connection, [settlement.claim], settlement.state, settlement.error)
            if settled and settlement.move is not None:
                await tracking.move(connection, settlement.move)
