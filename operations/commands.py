"""The one outbox to Temporal: intents are queued in the transaction that decided them, and delivered from here.

Any number of deliverers may run, in the console and in the worker. Each claims a batch with SKIP LOCKED, holds a
lease that outlasts its work, and proves with its claim token that it still holds it when it settles.
"""

import asyncio
import random
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import func, insert, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import contracts, tracking
from operations.database import Database
from operations.errors import DatabaseUnavailable, TemporalRefused, TemporalUnavailable
from operations.logs import logger
from operations.models import Command
from operations.statuses import CloseReason, CommandKind, CommandState, Status
from operations.temporal import AlreadyStarted, Run, RunStatus, Start, Temporal

log = logger(__name__)

BATCH = 50
CONCURRENCY = 16
LEASE = 120  #: seconds; a batch takes at most BATCH / CONCURRENCY × two questions of 5 s
LONGEST_BACKOFF = 60.0  #: seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A command that this process holds, with what its delivery needs of the execution."""

    id: UUID
    kind: CommandKind
    execution_id: UUID
    tries: int
    token: UUID
    workflow_id: str
    workflow_type: str
    task_queue: str
    status: Status
    arguments: tuple[object, ...]


async def queue(
    connection: AsyncConnection, kind: CommandKind, execution_id: UUID, *, by: str, reason: str | None = None
) -> UUID:
    """Add an intent to the transaction of `connection`; wake a deliverer after the commit."""
    id_ = uuid4()
    await connection.execute(
        insert(Command).values(id=id_, kind=kind, execution_id=execution_id, requested_by=by, reason=reason)
    )
    return id_


# Claims what is due: one column serves as due time, back-off and lease, so one index finds it.
CLAIM = text(
    """
    WITH due AS (
        SELECT id FROM commands WHERE state = 'queued' AND due_at <= clock_timestamp()
        ORDER BY due_at, id LIMIT :batch FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE commands SET due_at = clock_timestamp() + make_interval(secs => :lease), tries = tries + 1,
               claim_token = :token, claimed_by = :name
        FROM due WHERE commands.id = due.id
        RETURNING commands.id, commands.kind, commands.execution_id, commands.tries
    )
    SELECT c.id, c.kind, c.execution_id, c.tries, e.workflow_id, e.workflow_type, e.task_queue, e.status,
           e.input -> 'arguments' AS arguments
    FROM claimed c JOIN workflow_executions e ON e.id = c.execution_id
    """
)


@dataclass(kw_only=True, slots=True)
class Deliverer:
    """Delivers queued commands until cancelled; polls, and is woken by commits of its own process."""

    database: Database
    temporal: Temporal
    name: str
    poll: float = 0.5  #: seconds
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        while True:
            try:
                full = await self.deliver_due() == BATCH
            except DatabaseUnavailable:
                full = False
            if not full:
                await self._wait()

    def wake(self) -> None:
        """Look for due commands now; to be called after a commit that queued one."""
        self._woken.set()

    async def deliver_due(self) -> int:
        """Deliver what is due now, and return how many commands were claimed."""
        claims = await self._claim()
        slots = asyncio.Semaphore(CONCURRENCY)

        async def deliver_one(claim: Claim) -> None:
            async with slots:
                await self._deliver(claim)

        await asyncio.gather(*(deliver_one(claim) for claim in claims))
        return len(claims)

    async def _wait(self) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), self.poll * random.uniform(0.8, 1.2))
        except TimeoutError:
            return
        finally:
            self._woken.clear()

    async def _claim(self) -> list[Claim]:
        token = uuid4()
        async with self.database.transaction() as connection:
            rows = await connection.execute(CLAIM, {"batch": BATCH, "lease": LEASE, "token": token, "name": self.name})
            return [
                Claim(
                    id=row.id,
                    kind=CommandKind(row.kind),
                    execution_id=row.execution_id,
                    tries=row.tries,
                    token=token,
                    workflow_id=row.workflow_id,
                    workflow_type=row.workflow_type,
                    task_queue=row.task_queue,
                    status=Status(row.status),
                    arguments=tuple(row.arguments or ()),
                )
                for row in rows
            ]

    async def _deliver(self, claim: Claim) -> None:
        """Deliver one command; whatever happens to it stays its own and is written on its row."""
        try:
            await self._start(claim)
        except TemporalUnavailable as error:
            log.warning("command not delivered", command=claim.kind, workflow_id=claim.workflow_id, why=error.message)
            await self._postpone(claim, error.message)
        except TemporalRefused as error:
            if contracts.OPERATION_UUID in error.message:  # the search attribute is missing, not the request wrong
                await self._postpone(claim, error.message)
                return
            log.error("command refused", command=claim.kind, workflow_id=claim.workflow_id, why=error.message)
            await self._reject_start(claim, error.message)
        except DatabaseUnavailable:
            log.warning("command delivered but not settled; it is tried again", workflow_id=claim.workflow_id)

    async def _start(self, claim: Claim) -> None:
        kind = contracts.BY_STORED_NAME.get(claim.workflow_type)
        if claim.status is not Status.PENDING:
            await self._settle(claim, CommandState.DELIVERED, error="The execution had been started or withdrawn.")
            return
        if kind is None:
            await self._reject_start(claim, f"This version knows no workflow of the type {claim.workflow_type!r}.")
            return
        start = Start(
            workflow_id=claim.workflow_id,
            temporal_name=kind.temporal_name,
            task_queue=claim.task_queue,
            execution_id=claim.execution_id,
            arguments=claim.arguments,
        )
        try:
            run_id = await self.temporal.start(start)
        except AlreadyStarted:
            await self._adopt(claim)
            return
        await self._accepted(claim, run_id)

    async def _adopt(self, claim: Claim) -> None:
        """A run exists under our id: ours (an answer was lost) or a stranger's (never touched)."""
        run = await self.temporal.describe(claim.workflow_id)
        if run is None:
            raise TemporalUnavailable("Temporal reports the workflow as started, and as unknown. Asking again.")
        if run.execution_id != str(claim.execution_id):
            await self._reject_start(
                claim,
                f"A foreign workflow is registered under the id {claim.workflow_id}"
                f" (run {run.run_id}, {contracts.OPERATION_UUID} {run.execution_id or 'none'}); it was left alone.",
            )
            return
        await self._accepted(claim, run.run_id, run)

    async def _accepted(self, claim: Claim, run_id: str, run: Run | None = None) -> None:
        """Record Temporal's acceptance; how a closed run ended is for the worker's report and reconciliation."""
        transition = tracking.Transition(
            execution_id=claim.execution_id, to=Status.RUNNING, actor=f"system:{self.name}", run_id=run_id
        )
        if run is not None and run.status is RunStatus.COMPLETED:
            log.info("adopted a run that had ended", workflow_id=claim.workflow_id, status=run.status)
        async with self.database.transaction() as connection:
            if await self._settled(connection, claim, CommandState.DELIVERED):
                await tracking.move(connection, transition)

    async def _reject_start(self, claim: Claim, why: str) -> None:
        transition = tracking.Transition(
            execution_id=claim.execution_id,
            to=Status.FAILED,
            close_reason=CloseReason.START_REJECTED,
            actor=f"system:{self.name}",
            error=why,
        )
        async with self.database.transaction() as connection:
            if await self._settled(connection, claim, CommandState.FAILED, why):
                await tracking.move(connection, transition)

    async def _settle(self, claim: Claim, state: CommandState, error: str | None = None) -> None:
        async with self.database.transaction() as connection:
            await self._settled(connection, claim, state, error)

    async def _settled(
        self, connection: AsyncConnection, claim: Claim, state: CommandState, error: str | None = None
    ) -> bool:
        """Whether this process still held the claim."""
        result = await connection.execute(
            update(Command)
            .where(Command.id == claim.id, Command.claim_token == claim.token, Command.state == CommandState.QUEUED)
            .values(state=state, error=tracking.clean(error), settled_at=func.clock_timestamp(), claim_token=None)
        )
        return result.rowcount == 1

    async def _postpone(self, claim: Claim, why: str) -> None:
        """Back off exponentially with jitter, without limit: accepted work is never given up for want of an answer."""
        delay = min(LONGEST_BACKOFF, 0.5 * 2 ** min(claim.tries, 10)) * random.uniform(0.5, 1.0)
        async with self.database.transaction() as connection:
            await connection.execute(
                update(Command)
                .where(Command.id == claim.id, Command.claim_token == claim.token)
                .values(
                    due_at=func.clock_timestamp() + timedelta(seconds=delay),
                    claim_token=None,
                    error=tracking.clean(why),
                )
            )
