"""What changed since my last look: exact, without a lock, without a stall behind long transactions.

Each look takes PostgreSQL's current snapshot and reads the `changes` rows that were not visible in the previous
one: rows of transactions that began since (`xid >= xmax`), and of those that were under way then (`xid = ANY(xip)`).
Nothing is missed and nothing comes twice; a sequence number as cursor would lose every row whose transaction
committed out of order. (The tick algorithm of PgQ. It needs the primary: a standby's snapshot omits `xip`.)
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

import psycopg
from psycopg import AsyncConnection

from operations import read_only
from operations.clocks import Clock
from operations.connections import answered_within, connect_directly
from operations.logs import logger

log = logger(__name__)

MOST = 2000  #: changes told one by one; more, and everything counts as changed
PATIENCE = 1.5  #: seconds that a look may take before its connection is given up
LONGEST_PAUSE = 2.0  #: seconds between two tries to connect
BATCH, MOST_BATCHES = 20_000, 100  #: rows pruned per statement, statements per round
KEPT = "1 hour"  #: how long rows stay
LONGEST_GAP = 1800.0  #: seconds without a look after which rows may have been pruned: everything counts as changed

#: Another one may have taken its place, which tells of nothing that it holds.
WHICH = "SELECT oid FROM pg_database WHERE datname = current_database()"
NOW = "SELECT pg_current_snapshot()::text, clock_timestamp()"

# The bounds go in as constants, so that the planner uses the index; the snapshot is that of the same statement.
# Two ranges with a limit each, not one condition with OR: after a million changes at once, that would read them all.
LOOK = """
    WITH now AS MATERIALIZED (SELECT pg_current_snapshot() AS snapshot)
    SELECT now.snapshot::text, clock_timestamp(), changed.kind, changed.id
    FROM now LEFT JOIN LATERAL (
        (SELECT kind, id FROM changes WHERE xid >= %(xmax)s::xid8 LIMIT %(limit)s)
        UNION ALL
        (SELECT kind, id FROM changes WHERE xid = ANY(%(xip)s::xid8[]) LIMIT %(limit)s)
    ) changed ON true
"""
# The oldest rows have the lowest transaction ids, so that no row is read that may have to stay, but for the last batch.
PRUNE = f"""
    DELETE FROM changes WHERE (xid, seq) IN (
        SELECT xid, seq FROM (SELECT xid, seq, at FROM changes ORDER BY xid, seq LIMIT {BATCH}) AS oldest
        WHERE at < now() - interval '{KEPT}')
"""  # noqa: S608 - constants
LOCK = "SELECT pg_try_advisory_lock(hashtextextended('tenantry:prune-changes', 0))"
UNLOCK = "SELECT pg_advisory_unlock(hashtextextended('tenantry:prune-changes', 0))"


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """What became visible between two looks: pairs of kind and id. With `everything`, any row may have changed."""

    things: frozenset[tuple[str, str]] = frozenset()
    everything: bool = False

    def concerns(self, kind: str, id_: str | None = None) -> bool:
        if self.everything:
            return True
        if id_ is None:
            return any(changed == kind for changed, _ in self.things)
        return (kind, id_) in self.things


@dataclass(kw_only=True, slots=True)
class Feed:
    """One reader of the feed; a process needs one, whatever the number of its viewers."""

    dsn: str
    interval: float = 0.15  #: seconds between two looks
    clock: Clock = field(default_factory=Clock)  #: set by every look
    _database: object = None
    _snapshot: str | None = None
    _looked_at: float = field(default_factory=monotonic)

    @property
    def silent_for(self) -> float:
        """Seconds since the last look that was answered."""
        return monotonic() - self._looked_at

    async def watch(self) -> AsyncIterator[Changed]:
        """Yield what changed, look by look, for ever; an interrupted connection loses nothing.

        One that takes no changes may look at a server that was left in a failover, and is made anew.
        """
        pause = 0.1
        while True:
            connection: AsyncConnection | None = None
            try:
                async with asyncio.timeout(2 * PATIENCE):
                    connection = await connect_directly(self.dsn, name="feed")
                    await self._recognise(connection)
                opened_at = monotonic()
                while not (read_only.is_read_only(connection) and monotonic() - opened_at > LONGEST_PAUSE):
                    changed = await answered_within(PATIENCE, connection, self._look(connection))
                    pause = 0.1
                    if changed.things or changed.everything:
                        yield changed
                    await asyncio.sleep(self.interval)
            except (psycopg.Error, TimeoutError, OSError) as error:
                log.warning("the feed was interrupted", why=str(error) or type(error).__name__, next_try_seconds=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            finally:
                if connection is not None:
                    connection.pgconn.finish()  # `close` would speak to the server first

    async def _recognise(self, connection: AsyncConnection) -> None:
        (database,) = await _one(connection, WHICH)
        if database != self._database:
            self._database, self._snapshot = database, None

    async def _look(self, connection: AsyncConnection) -> Changed:
        gap = self.silent_for > LONGEST_GAP
        if self._snapshot is None or gap:
            self._note(await _one(connection, NOW))
            return Changed(everything=True)
        _, xmax, xip = self._snapshot.split(":")
        cursor = await connection.execute(
            LOOK, {"xmax": xmax, "xip": [each for each in xip.split(",") if each], "limit": MOST + 1}
        )
        rows = await cursor.fetchall()
        self._note(rows[0])
        was_restored = _end_of(str(rows[0][0])) < int(xmax)  # to an earlier moment
        if was_restored or len(rows) > MOST:
            return Changed(everything=True)
        return Changed(things=frozenset((str(kind), str(id_)) for _, _, kind, id_ in rows if kind is not None))

    def _note(self, answer: Sequence[object]) -> None:
        snapshot, now, *_ = answer
        self._snapshot = str(snapshot)
        self._looked_at = monotonic()
        if isinstance(now, datetime):
            self.clock.set(now)


async def prune(dsn: str, *, every: float = 60.0) -> None:
    """Delete old rows of the feed, one process at a time. Runs until cancelled."""
    while True:
        with suppress(psycopg.Error, OSError):
            async with await connect_directly(dsn, name="prune") as connection:
                if (await _one(connection, LOCK))[0]:
                    for _ in range(MOST_BATCHES):
                        if (await connection.execute(PRUNE)).rowcount < BATCH:
                            break
                    await connection.execute(UNLOCK)
        await asyncio.sleep(every)


def _end_of(snapshot: str) -> int:
    """Its `xmax`, which never goes back while a database goes on."""
    return int(snapshot.split(":")[1])


async def _one(connection: AsyncConnection, statement: str) -> tuple[object, ...]:
    row = await (await connection.execute(statement.encode())).fetchone()
    if row is None:
        raise psycopg.DataError("a question without an answer")
    return tuple(row)
