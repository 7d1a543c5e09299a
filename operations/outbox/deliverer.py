"""Delivers queued commands to Temporal; any number of deliverers may run, in the console and in the worker."""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from operations import contracts
from operations.database import Database
from operations.errors import DatabaseUnavailable, TemporalRefused, TemporalUnavailable
from operations.fleet import Fleet
from operations.logs import logger
from operations.outbox import claims, deliveries, step_deliveries
from operations.outbox.claims import Claim
from operations.outbox.deliveries import Delivery
from operations.outbox.settlements import Settlement, Settler, Succeed
from operations.statuses import CommandKind
from operations.temporal import Temporal

log = logger(__name__)
MISTAKE = "Tenantry made a mistake while it delivered this; nothing is lost."

CONCURRENCY = claims.BATCH
LONGEST_BACKOFF = 60.0  #: seconds

HANDLERS: dict[CommandKind, Callable[[Delivery], Awaitable[Settlement]]] = {
    CommandKind.START: deliveries.start,
    CommandKind.TERMINATE: deliveries.terminate,
    CommandKind.CANCEL: deliveries.cancel,
    CommandKind.DECIDE: deliveries.decide,
    CommandKind.RETRY_STEP: step_deliveries.retry,
    CommandKind.PAUSE_STEP: step_deliveries.pause,
    CommandKind.RESUME_STEP: step_deliveries.resume,
    CommandKind.REPLACE: deliveries.replace_run,
}


@dataclass(kw_only=True, slots=True)
class Deliverer:
    """Polls, and is woken by commits of its own process."""

    database: Database
    temporal: Temporal
    name: str
    succeed: Succeed
    poll: float = 0.5  #: seconds
    fleet: Fleet = field(init=False)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _left: dict[UUID, Claim] = field(default_factory=dict)  #: whose settlement PostgreSQL did not take

    def __post_init__(self) -> None:
        self.fleet = Fleet(temporal=self.temporal)

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            try:
                with suppress(DatabaseUnavailable):
                    await self.deliver_due()
            except Exception:  # a bug met while claiming must not end the process that delivers
                log.exception("commands could not be claimed")
            await self._wait()

    def wake(self) -> None:
        """Look for due commands now; to be called after a commit that queued one."""
        self._woken.set()

    async def deliver_due(self) -> int:
        """Deliver all that is due, and return how many commands were claimed."""
        await self._give_up_claims()
        settler = Settler(database=self.database, succeed=self.succeed)
        round_ = Round(
            database=self.database, temporal=self.temporal, fleet=self.fleet, name=self.name, settler=settler
        )
        try:
            return await round_.deliver()
        finally:
            self._left |= round_.held

    async def _give_up_claims(self) -> None:
        """Of commands that could not be settled: once PostgreSQL is back, their leases would keep others from them."""
        if not self._left:
            return
        async with self.database.transaction() as connection:
            for claim in self._left.values():
                await claims.postpone(connection, claim, timedelta(0), "PostgreSQL did not answer.")
        self._left = {}

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.poll * random.uniform(0.8, 1.2)):
                await self._woken.wait()
        self._woken.clear()


@dataclass(kw_only=True, slots=True)
class Round:
    """Delivers what is due, `CONCURRENCY` commands at once.

    As long as claims come full nothing waits for the slowest; a claim that does not is the last of its round.
    """

    database: Database
    temporal: Temporal
    fleet: Fleet
    name: str
    settler: Settler
    _claimed: int = 0
    _stock: deque[Claim] = field(default_factory=deque)  #: claimed, not begun
    held: dict[UUID, Claim] = field(default_factory=dict)  #: claimed, not settled
    _has_more: bool = True
    _claiming: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def deliver(self) -> int:
        """The number of commands that were claimed."""
        try:
            await self._restock()
            ends = await asyncio.gather(*(self._deliver_on() for _ in self._stock), return_exceptions=True)
        except asyncio.CancelledError:  # an orderly end: what is not settled is due again at once, for somebody else
            await asyncio.shield(self._hand_back())
            raise
        problems = sorted(filter(None, ends), key=lambda problem: isinstance(problem, DatabaseUnavailable))
        if problems:  # a bug is told rather than an outage
            raise problems[0]
        return self._claimed

    async def _deliver_on(self) -> None:
        while (claim := await self._next()) is not None:
            with self.settler.awaiting_one():
                await self._deliver(claim)

    async def _next(self) -> Claim | None:
        async with self._claiming:
            if not self._stock and self._has_more:
                await self._restock()
        return self._stock.popleft() if self._stock else None

    async def _restock(self) -> None:
        """A stop in the middle waits for what is being claimed: it could not be handed back otherwise."""
        taking = asyncio.get_running_loop().create_task(self._take())
        try:
            await asyncio.shield(taking)
        except asyncio.CancelledError:
            await asyncio.gather(taking, return_exceptions=True)
            raise

    async def _take(self) -> None:
        self._has_more = False  # nor is it asked again when the claim fails
        async with self.database.transaction() as connection:
            taken = await claims.claim(connection, name=self.name)
        self._has_more = len(taken) == claims.BATCH
        self._claimed += len(taken)
        self._stock.extend(taken)
        self.held |= {claim.id: claim for claim in taken}

    async def _hand_back(self) -> None:
        """Whatever goes wrong here, the process ends; the leases of what it held run out."""
        try:
            async with self.database.transaction() as connection:
                for claim in self.held.values():
                    await claims.postpone(
                        connection, claim, timedelta(0), "The process that was to deliver it has ended."
                    )
        except DatabaseUnavailable:
            log.warning("commands not handed back; they are tried again after their leases", number=len(self.held))
        except Exception:
            log.exception("commands not handed back; they are tried again after their leases", number=len(self.held))

    async def _deliver(self, claim: Claim) -> None:
        """Deliver one command; whatever happens to it stays its own and is written on its row."""
        try:
            try:
                await self._deliver_or_postpone(claim)
            except DatabaseUnavailable:
                raise
            except Exception as error:  # a bug that one command meets must not keep the others waiting
                log.exception("command met a bug", command=claim.kind, workflow_id=claim.workflow_id)
                await self._postpone(claim, f"{MISTAKE}\nThe log of {self.name} has the {type(error).__name__}.")
        except DatabaseUnavailable:
            log.warning("command not settled; it is tried again after its lease", workflow_id=claim.workflow_id)
            return
        if self.held.get(claim.id) is claim:  # else its lease ran out, and this round has claimed it again
            del self.held[claim.id]

    async def _deliver_or_postpone(self, claim: Claim) -> None:
        delivery = Delivery(claim=claim, database=self.database, temporal=self.temporal, fleet=self.fleet, by=self.name)
        try:
            await self.settler.settle(await HANDLERS[claim.kind](delivery))
        except (TemporalUnavailable, deliveries.NotYet) as error:
            log.warning("command waits", command=claim.kind, workflow_id=claim.workflow_id, why=str(error))
            await self._postpone(claim, str(error), is_unanswered=isinstance(error, TemporalUnavailable))
        except TemporalRefused as error:
            if contracts.OPERATION_UUID in error.message:  # the search attribute is missing, not the request wrong
                await self._postpone(claim, error.message)
            else:
                log.error("command refused", command=claim.kind, workflow_id=claim.workflow_id, why=error.message)
                await self.settler.settle(deliveries.refuse(delivery, error.message))

    async def _postpone(self, claim: Claim, why: str, *, is_unanswered: bool = False) -> None:
        """Back off exponentially with jitter, without limit: accepted work is never given up for want of an answer."""
        delay = min(LONGEST_BACKOFF, 0.5 * 2 ** min(claim.tries, 10)) * random.uniform(0.5, 1.0)
        async with self.database.transaction() as connection:
            await claims.postpone(connection, claim, timedelta(seconds=delay), why, is_unanswered=is_unanswered)
