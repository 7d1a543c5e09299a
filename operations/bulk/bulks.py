"""What staff do with bulk operations: preview, begin, release, pause, let go on, stop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self
from uuid import UUID, uuid4

from sqlalchemy import Row, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import audit
from operations.access import Actor, acting, check, permit
from operations.actions.executions import Executions
from operations.actions.reasons import checked_reason
from operations.actions.retries import Retries
from operations.bulk.looking import Looker
from operations.bulk.plans import Plan, plan
from operations.bulk.running import Runner
from operations.bulk.selections import Chooser, Selection, described
from operations.bulk.turns import Turns
from operations.database import Database
from operations.errors import BulkNotFound, CannotChangeBulk, CountChanged, NotPermitted, TooManyBulks
from operations.kinds import Deed
from operations.models import BulkOperation
from operations.possibilities import OFFERED_TO
from operations.queries.executions import ExecutionQueries
from operations.settings import FourEyes
from operations.statuses import BulkRowState, BulkState

MOST_OPEN = 10  #: operations of one person, also those that are paused or wait for another person


@dataclass(frozen=True, kw_only=True, slots=True)
class Bulks:
    """Each deed is one transaction with its audit entry. Rows are done by whichever process runs them."""

    database: Database
    chooser: Chooser
    looker: Looker
    runner: Runner
    takes_two: bool = False  #: what is weighty waits until another person releases it

    @classmethod
    def of(cls, executions: Executions, reads: ExecutionQueries, *, rate: float) -> Self:
        """Each row is done as the action on a single execution does it."""
        database, four_eyes = executions.database, executions.four_eyes
        retries = Retries(
            database=database, task_queue=executions.task_queue, wake=executions.wake, four_eyes=four_eyes
        )
        turns = Turns(database=database, retries=retries)
        return cls(
            database=database,
            chooser=Chooser(database=database, executions=reads),
            looker=Looker(database=database, takes_two=FourEyes.APPROVE in four_eyes),
            runner=Runner(database=database, turns=turns, rate=rate, wake_deliverer=executions.wake),
            takes_two=FourEyes.BULK in four_eyes,
        )

    async def preview(self, actor: Actor, deed: Deed, selection: Selection) -> Plan:
        """Fixes which executions it is about, and says of each what would be done. Changes nothing.

        Raises `InvalidInput` for a selection that narrows nothing, or is too large.
        """
        empty = plan(deed, described(selection), ())
        permit(actor, OFFERED_TO[deed])
        async with self.database.reading() as connection:
            await check(connection, actor, OFFERED_TO[deed])
        rows = await self.looker.rows(deed, await self.chooser.ids(selection), actor)
        return plan(deed, empty.selection, rows)

    async def begin(
        self, actor: Actor, planned: Plan, reason: str, *, count: int | None = None, first_alone: bool = False
    ) -> UUID:
        """The operation. `count`: how many executions it may be done to, as somebody typed it.

        `first_alone`: one row is done, then it pauses. Raises `CountChanged` or `TooManyBulks`.
        """
        deed = planned.deed
        why = checked_reason(reason)
        if count is not None and count != planned.acting:
            executions = "execution" if planned.acting == 1 else "executions"
            raise CountChanged(
                f"{planned.acting:,} {executions} can take this, not {count:,}; nothing was done. Look at them again."
            )
        id_, state = uuid4(), BulkState.RUNNING if planned.acting else BulkState.FINISHED
        if self.takes_two and planned.is_weighty:
            state = BulkState.PROPOSED
        async with acting(self.database, actor, OFFERED_TO[deed]) as connection:
            await _check_open(connection, actor)
            await connection.execute(
                insert(BulkOperation).values(
                    id=id_,
                    action=deed.value,
                    requested_by=actor.name,
                    role=actor.role,
                    staff_id=actor.staff_id,
                    reason=why,
                    selection=planned.selection,
                    total=len(planned.rows),
                    state=state,
                    first_alone=first_alone and planned.acting > 1,
                    finished_at=None if planned.acting else func.clock_timestamp(),
                )
            )
            await connection.execute(ADD_ROWS, _columns(id_, planned))
            await audit.record(
                connection,
                actor,
                "bulk.begin",
                audit.Outcome.REQUESTED if planned.acting else audit.Outcome.REFUSED,
                _target(id_, deed),
                reason=why,
                after={"selection": planned.selection, "acting": planned.acting, "skipped": planned.skipped},
            )
        self.runner.wake()
        return id_

    async def release(self, actor: Actor, id_: UUID) -> None:
        """Let begin what waits for another person; raises `NotPermitted` for whoever asked for it."""
        async with self._held(actor, id_, "bulk.release", BulkState.PROPOSED) as (connection, bulk):
            if bulk.requested_by == actor.name:
                raise NotPermitted("You asked for it yourself; it takes another person. Nothing was changed.")
            await connection.execute(RELEASE, {"id": id_, "by": actor.name})
        self.runner.wake()

    async def pause(self, actor: Actor, id_: UUID) -> None:
        """No further row has its turn; what is on its way goes on."""
        async with self._held(actor, id_, "bulk.pause", BulkState.RUNNING) as (connection, _):
            await connection.execute(MOVE, {"id": id_, "state": BulkState.PAUSED.value})

    async def resume(self, actor: Actor, id_: UUID) -> None:
        """Let the rest have its turns, also after a first one that went alone."""
        async with self._held(actor, id_, "bulk.resume", BulkState.PAUSED) as (connection, _):
            await connection.execute(MOVE, {"id": id_, "state": BulkState.RUNNING.value})
        self.runner.wake()

    async def stop(self, actor: Actor, id_: UUID) -> None:
        """Rows whose turn has not come are skipped, for good; what is on its way goes on."""
        standing = (BulkState.PROPOSED, BulkState.RUNNING, BulkState.PAUSED)
        async with self._held(actor, id_, "bulk.stop", *standing) as (connection, _):
            await connection.execute(MOVE, {"id": id_, "state": BulkState.STOPPED.value})
            await connection.execute(SKIP_LEFT, {"id": id_, "why": f"{actor.name} stopped the whole before its turn."})
        self.runner.wake()

    @asynccontextmanager
    async def _held(
        self, actor: Actor, id_: UUID, action: str, *states: BulkState
    ) -> AsyncIterator[tuple[AsyncConnection, Row[str, str, BulkState]]]:
        """Whoever may do the deed to one may do this to the whole. Raises `BulkNotFound`, `CannotChangeBulk`."""
        async with self.database.reading() as connection:
            deed = await connection.scalar(select(BulkOperation.action).where(BulkOperation.id == id_))
        what = f"{action.removeprefix('bulk.')} the bulk operation"  # the permission would name its deed
        if deed is None:
            permit(actor, OFFERED_TO[Deed.RETRY], what)  # whoever may change none is told no more
            raise BulkNotFound
        async with acting(self.database, actor, OFFERED_TO[Deed(deed)], what) as connection:
            columns = (BulkOperation.action, BulkOperation.requested_by, BulkOperation.state)
            held = select(*columns).where(BulkOperation.id == id_).with_for_update()
            bulk = (await connection.execute(held)).one()
            if bulk.state not in states:
                raise CannotChangeBulk(f"The bulk operation is {bulk.state}; nothing was changed.")
            yield connection, bulk
            await audit.record(connection, actor, action, audit.Outcome.APPLIED, _target(id_, Deed(deed)))


async def _check_open(connection: AsyncConnection, actor: Actor) -> None:
    """Of those that one person begins at once, each counts those before it."""
    await connection.execute(ONE_AT_A_TIME, {"who": actor.name})
    if await connection.scalar(OPEN, {"who": actor.name}) >= MOST_OPEN:
        raise TooManyBulks(
            f"{MOST_OPEN} bulk operations of yours are open; nothing was begun. Wait until one has ended, or stop one."
        )


def _target(id_: UUID, deed: Deed) -> audit.Target:
    return audit.Target(kind="bulk", id=str(id_), label=deed.value)


def _columns(id_: UUID, planned: Plan) -> dict[str, object]:
    rows = planned.rows
    return {
        "bulk": id_,
        "executions": [row.execution_id for row in rows],
        "states": [(BulkRowState.LEFT if row.acts else BulkRowState.SKIPPED).value for row in rows],
        "kinds": [None if row.retry_kind is None else row.retry_kind.value for row in rows],
        "runs": [row.seen_run_id for row in rows],
        "whys": [row.problem for row in rows],
    }


ADD_ROWS = text(
    """
    INSERT INTO bulk_rows (bulk_id, ordinal, execution_id, state, retry_kind, seen_run_id, why, settled_at)
    SELECT :bulk, given.ordinal, given.id, given.state, given.kind, given.run, given.why,
           CASE WHEN given.state = 'skipped' THEN clock_timestamp() END
    FROM unnest(CAST(:executions AS uuid[]), CAST(:states AS text[]), CAST(:kinds AS text[]), CAST(:runs AS text[]),
                CAST(:whys AS text[])) WITH ORDINALITY AS given(id, state, kind, run, why, ordinal)
    """
)
ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('bulk operations of ' || CAST(:who AS text), 0))")
OPEN = text("SELECT count(*) FROM bulk_operations WHERE requested_by = :who AND finished_at IS NULL")
MOVE = text("UPDATE bulk_operations SET state = :state WHERE id = :id")
RELEASE = text("UPDATE bulk_operations SET state = 'running', released_by = :by WHERE id = :id")
# A row that has its turn right now is waited for; it is none of those that are left any more.
SKIP_LEFT = text(
    """
    UPDATE bulk_rows SET state = 'skipped', why = :why, settled_at = clock_timestamp()
    WHERE bulk_id = :id AND state = 'left'
    """
)
