"""Settles commands: each with what it means for its execution, accepted starts many in one transaction.

Delivered or failed is the durable end of an intent: a settled command is never delivered again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from uuid import UUID

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import audit, tracking
from operations.access import Actor
from operations.database import Database, driver_of
from operations.error_texts import clean
from operations.errors import DatabaseUnavailable
from operations.outbox import step_holds
from operations.outbox.claims import Claim
from operations.outbox.step_holds import StepHold
from operations.statuses import CommandState, Status
from operations.transitions import Transition

LINGER = 0.1  #: seconds for which an accepted start waits for those that are being delivered beside it

Succeed = Callable[[AsyncConnection, Claim], Awaitable[None]]  #: writes the attempt that follows a replaced one


@dataclass(frozen=True, kw_only=True, slots=True)
class Settlement:
    """The end of a command, and what follows from it for the execution."""

    claim: Claim
    state: CommandState
    error: str | None = None
    move: Transition | None = None
    hold: StepHold | None = None  #: of a step, that Temporal has taken
    has_successor: bool = False  #: a new attempt follows, in the same transaction

    @property
    def is_accepted_start(self) -> bool:
        return self.move is not None and self.move.to is Status.RUNNING


@dataclass(kw_only=True, slots=True)
class Settler:
    """Writes settlements. Whatever is wrong with one of those written together costs the others nothing."""

    database: Database
    succeed: Succeed
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
            await settle(connection, claims, CommandState.DELIVERED)
        return {claim.id for claim in claims}

    async def _settle_alone(self, settlement: Settlement) -> None:
        async with self.database.transaction() as connection:
            settled = await settle(connection, [settlement.claim], settlement.state, settlement.error)
            if settled and settlement.move is not None:
                await tracking.move(connection, settlement.move)
            if settled and settlement.hold is not None:
                await step_holds.store(connection, settlement.claim, settlement.hold)
            if settled and settlement.has_successor:
                await self.succeed(connection, settlement.claim)


async def settle(
    connection: AsyncConnection, claims: Sequence[Claim], state: CommandState, error: str | None = None
) -> set[UUID]:
    """End commands, each with its second audit entry; without those whose claim had been lost to another deliverer."""
    actor = Actor.system("deliverer")
    outcome = audit.Outcome.DELIVERED if state is CommandState.DELIVERED else audit.Outcome.FAILED
    values = {
        "ids": [claim.id for claim in claims],
        "tokens": [claim.token for claim in claims],
        "labels": [claim.workflow_id for claim in claims],
        "state": state.value,
        "error": clean(error),
        "actor": actor.name,
        "role": actor.role.value,
        "outcome": outcome.value,
    }
    return set(await connection.scalars(SETTLE, values))


# Commands and their audit entries in one round trip: this runs for every run that is ever started.
SETTLE = text(
    """
    WITH settled AS (
        UPDATE commands c SET state = :state, error = CAST(:error AS text), settled_at = clock_timestamp(),
               claim_token = NULL
        FROM unnest(CAST(:ids AS uuid[]), CAST(:tokens AS uuid[]), CAST(:labels AS text[])) AS held(id, token, label)
        WHERE c.id = held.id AND c.claim_token = held.token AND c.state = 'queued'
        RETURNING c.id, c.kind, c.execution_id, c.requested_by, held.label
    ), noted AS (
        INSERT INTO audit_log (actor, role, action, outcome, target_kind, target_id, target_label, reason, after)
        SELECT :actor, :role, 'command.' || kind, :outcome, 'execution', execution_id::text, label,
               CAST(:error AS text), jsonb_build_object('command', id::text, 'requested_by', requested_by)
        FROM settled
    )
    SELECT id FROM settled
    """
)
