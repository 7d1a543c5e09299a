"""Runs bulk operations, in the console and in the worker: gives rows their turns at the set rate, writes their ends.

Nothing of it is kept in memory: whoever starts anew goes on where the rows say.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text

from operations import audit
from operations.access import Actor
from operations.bulk.turns import Turns
from operations.database import Database
from operations.errors import DatabaseUnavailable
from operations.logs import logger
from operations.outbox.step_deliveries import WENT_ON
from operations.queries.bulk_results import KNOWN_NOW, PASSING, error_of

log = logger(__name__)

AT_ONCE = 3  #: turns in one process
IDLE = 2.0  #: seconds between two looks while no operation is open; whoever begins one wakes its own process
SHARE = 0.5  #: seconds for which rows are granted at a time
LARGEST_SHARE = 50  #: rows
MOST_SENT = 64  #: rows of one person on their way: while Temporal does not answer, the others keep their choice


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """So many rows of an operation that this process may take now."""

    bulk_id: UUID
    rows: int
    seconds: float  #: that they are granted for


@dataclass(kw_only=True, slots=True)
class Runner:
    """Keep one per process; `run` it beside the deliverer, which it wakes."""

    database: Database
    turns: Turns
    rate: float  #: rows per second, of all operations and processes together
    wake_deliverer: Callable[[], None]
    poll: float = 0.5  #: seconds
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            pause = self.poll
            try:
                with suppress(DatabaseUnavailable):
                    pause = await self._advance_if_any()
            except Exception:  # a bug must not end the process that runs them
                log.exception("bulk operations could not be advanced")
            await self._wait(pause)

    def wake(self) -> None:
        """Look for rows now; to be called after a commit that lets an operation go on."""
        self._woken.set()

    async def _advance_if_any(self) -> float:
        """Seconds until the next look. Most of the time there is nothing, which costs one question."""
        async with self.database.reading() as connection:
            if not await connection.scalar(IS_ANY_OPEN):
                return max(self.poll, IDLE)
        share = await self.advance()
        return self.poll if share is None else min(self.poll, share.seconds)

    async def advance(self) -> Share | None:
        """One look: write what has come to its end, then take a share of rows; None when none are due."""
        await self._settle()
        share = await self._granted()
        if share is None:
            return None
        left = iter(range(share.rows))
        async with asyncio.TaskGroup() as group:
            for _ in range(min(AT_ONCE, share.rows)):
                group.create_task(self._take(share.bulk_id, left))
        return share

    async def _take(self, bulk_id: UUID, left: Iterator[int]) -> None:
        for _ in left:
            if not await self.turns.take(bulk_id):
                return
            self.wake_deliverer()

    async def _granted(self) -> Share | None:
        rows = max(1, min(LARGEST_SHARE, round(self.rate * SHARE)))
        values = {"rows": rows, "rate": self.rate, "most": MOST_SENT}
        async with self.database.transaction() as connection:
            granted = (await connection.execute(GRANT, values)).one_or_none()
        if granted is None:
            return None
        return Share(bulk_id=granted.id, rows=granted.rows, seconds=granted.rows / self.rate)

    async def _settle(self) -> None:
        async with self.database.transaction() as connection:
            await connection.execute(SETTLE, {"went_on": WENT_ON})
            await connection.execute(KEEP, {"passing": list(PASSING)})
            for row in await connection.execute(FINISH):
                await audit.record(
                    connection,
                    Actor.system("bulk"),
                    f"bulk.{row.state}",
                    audit.Outcome.APPLIED,
                    audit.Target(kind="bulk", id=str(row.id), label=row.action),
                    after={"done": row.done, "failed": row.failed, "skipped": row.skipped},
                )

            await connection.execute(COUNT)

    async def _wait(self, pause: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._woken.wait()
        self._woken.clear()


IS_ANY_OPEN = text("SELECT EXISTS (SELECT FROM bulk_operations WHERE counted IS NULL)")
# People take turns, and of each person's operations the one that waited longest comes first: who begins many has no
# more turns than who begins one. A share is no more than what is left, so that small operations cost others no time.
# The moment before which nothing more is granted is looked at in the row itself, which is locked: of two processes that
# ask at once, one gets the share.
GRANT = text(
    """
    UPDATE bulk_operations b
    SET next_at = clock_timestamp() + make_interval(secs => next.rows / CAST(:rate AS float8))
    FROM (
        SELECT o.id, CASE WHEN o.first_alone THEN 1 ELSE (
            SELECT count(*) FROM (
                SELECT FROM bulk_rows r WHERE r.bulk_id = o.id AND r.state = 'left' LIMIT :rows) share
        ) END AS rows
        FROM bulk_operations o
        WHERE o.finished_at IS NULL AND o.state = 'running'
          AND EXISTS (SELECT FROM bulk_rows r WHERE r.bulk_id = o.id AND r.state = 'left')
          AND (SELECT count(*) FROM bulk_rows r JOIN bulk_operations p ON p.id = r.bulk_id
               WHERE r.state = 'sent' AND p.requested_by = o.requested_by) < :most
        ORDER BY (SELECT max(p.next_at) FROM bulk_operations p WHERE p.requested_by = o.requested_by), o.next_at, o.id
        LIMIT 1
    ) next
    WHERE b.id = next.id AND b.state = 'running' AND b.next_at <= clock_timestamp()
      AND NOT EXISTS (SELECT FROM bulk_operations o
                      WHERE o.finished_at IS NULL AND o.state = 'running' AND o.next_at > clock_timestamp())
    RETURNING b.id, next.rows
    """
)
# What became of the command is what became of the row; a step that went on by itself had nothing done to it. Of a run
# that was replaced, the new attempt is known only now.
SETTLE = text(
    """
    WITH ended AS (
        SELECT r.bulk_id, r.ordinal, c.state = 'delivered' AS is_done, c.kind, c.error
        FROM bulk_rows r JOIN commands c ON c.id = r.command_id
        WHERE r.state = 'sent' AND c.state <> 'queued'
        ORDER BY r.bulk_id, r.ordinal FOR UPDATE OF r SKIP LOCKED
    )
    UPDATE bulk_rows r
    SET state = CASE WHEN ended.is_done THEN 'done' WHEN ended.error = :went_on THEN 'skipped' ELSE 'failed' END,
        settled_at = clock_timestamp(),
        why = CASE WHEN NOT ended.is_done THEN coalesce(ended.error, 'It was not carried out.') END,
        successor_id = CASE WHEN ended.is_done AND ended.kind = 'replace' THEN (
            SELECT e.id FROM workflow_executions e WHERE e.retry_of = r.execution_id ORDER BY e.created_at DESC LIMIT 1
        ) ELSE r.successor_id END
    FROM ended WHERE r.bulk_id = ended.bulk_id AND r.ordinal = ended.ordinal
    """
)
# What time changes no more is kept with the row: whoever reads thousands of rows need not put it together for each, and
# what a run met then is told still when it has moved on since.
_KEEP = """
    WITH known AS (
        SELECT * FROM ({known_now}
            WHERE r.result IS NULL AND r.settled_at IS NOT NULL
            ORDER BY r.bulk_id, r.ordinal FOR UPDATE OF r SKIP LOCKED) of_rows
        WHERE result <> ALL(:passing)
    )
    UPDATE bulk_rows r SET result = known.result, why = coalesce(r.why, {error})
    FROM known WHERE r.bulk_id = known.bulk_id AND r.ordinal = known.ordinal
"""
KEEP = text(_KEEP.format(known_now=KNOWN_NOW, error=error_of("known.result", "known.error")))
COUNT = text(
    """
    UPDATE bulk_operations b SET counted = (
        SELECT jsonb_build_object(
            'done', count(*) FILTER (WHERE r.state = 'done'), 'failed', count(*) FILTER (WHERE r.state = 'failed'),
            'skipped', count(*) FILTER (WHERE r.state = 'skipped'),
            'results', coalesce((SELECT jsonb_object_agg(result, number) FROM (
                SELECT result, count(*) AS number FROM bulk_rows WHERE bulk_id = b.id GROUP BY result) counted), '{}'))
        FROM bulk_rows r WHERE r.bulk_id = b.id)
    WHERE b.counted IS NULL AND b.finished_at IS NOT NULL
      AND NOT EXISTS (SELECT FROM bulk_rows r WHERE r.bulk_id = b.id AND r.result IS NULL)
    """
)
FINISH = text(
    """
    UPDATE bulk_operations b
    SET finished_at = clock_timestamp(), state = CASE b.state WHEN 'stopped' THEN 'stopped' ELSE 'finished' END
    WHERE b.finished_at IS NULL AND b.state IN ('running', 'paused', 'stopped')
      AND NOT EXISTS (SELECT FROM bulk_rows r WHERE r.bulk_id = b.id AND r.state IN ('left', 'sent'))
    RETURNING b.id, b.action, b.state,
              (SELECT count(*) FROM bulk_rows r WHERE r.bulk_id = b.id AND r.state = 'done') AS done,
              (SELECT count(*) FROM bulk_rows r WHERE r.bulk_id = b.id AND r.state = 'failed') AS failed,
              (SELECT count(*) FROM bulk_rows r WHERE r.bulk_id = b.id AND r.state = 'skipped') AS skipped
    """
)
