"""One look at everything: what the database says of itself, and whether all parts are there."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
from sqlalchemy import text

from operations import poolers
from operations.database import HEAD, Database
from operations.diagnosis import leases
from operations.doctor.rules import RULES, VALUES
from operations.doctor.versions import Versions
from operations.errors import ConfigurationError, DatabaseUnavailable, OperationsError, SchemaBehind
from operations.liveness import SETTLING, Watch
from operations.queries.reconciliation import ReconciliationQueries
from operations.temporal import Temporal

MOST = 20  #: breaches per rule that are told
MOST_SKEW = 2.0  #: seconds between two clocks


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """What was looked at, and what was found."""

    name: str
    title: str  #: as it has to be
    is_well: bool
    found: tuple[str, ...] = ()  #: what breaks it; of many the first ones
    remedy: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Doctor:
    """Looks, and changes nothing."""

    database: Database
    temporal: Temporal
    reconciliation: ReconciliationQueries
    task_queue: str

    async def examine(self) -> tuple[Line, ...]:
        """All lines in one order; what cannot be looked at is not well."""
        pooler = await self._part("pooler", "Each connection keeps its own session of PostgreSQL", self._pooler)
        database = await self._part("database", "PostgreSQL answers, with this version's migrations", self._database)
        lines = [pooler, database]
        if database.is_well:
            lines += [await self._rule(name) for name in RULES]
            lines += [await self._part(*part) for part in self._stored_parts()]
        lines += [await self._part(*part) for part in self._temporal_parts()]
        return tuple(lines)

    def _stored_parts(self) -> Sequence[tuple[str, str, Callable[[], Awaitable[str | None]]]]:
        return (
            ("clock", "This machine's clock is the database's", self._clock),
            ("reconciliation", "The database is compared with Temporal again and again", self._reconciliation),
            ("findings", "No difference between the two waits for somebody", self._findings),
            ("watcher", "Somebody looks at executions that stand still", self._watcher),
        )

    def _temporal_parts(self) -> Sequence[tuple[str, str, Callable[[], Awaitable[str | None]]]]:
        return (
            ("temporal", "Temporal answers", self._temporal),
            ("search_attribute", "Runs can carry OperationUUID", self._search_attribute),
            ("worker", f"A worker takes work from the queue “{self.task_queue}”", self._worker),
            ("versions", "All workers are of one version, and no run waits for a build that is gone", self._versions),
        )

    async def _rule(self, name: str) -> Line:
        rule = RULES[name]
        try:
            async with self.database.reading() as connection:
                rows = (await connection.execute(rule.statement, VALUES)).fetchmany(MOST)
        except DatabaseUnavailable as error:
            return Line(name=name, title=rule.title, is_well=False, found=(error.message,), remedy=rule.remedy)
        found = tuple(str(row.what) for row in rows)
        return Line(name=name, title=rule.title, is_well=not found, found=found, remedy=rule.remedy if found else None)

    async def _part(self, name: str, title: str, look: Callable[[], Awaitable[str | None]]) -> Line:
        try:
            problem = await look()
        except OperationsError as error:
            problem = error.message
        return Line(name=name, title=title, is_well=problem is None, found=() if problem is None else (problem,))

    async def _pooler(self) -> str | None:
        try:
            await poolers.check(self.database.dsn)
        except ConfigurationError as error:
            return error.message
        except (psycopg.Error, OSError, TimeoutError):
            return "Nobody can tell: PostgreSQL does not answer."
        return None

    async def _database(self) -> str | None:
        try:
            await self.database.check_schema()
        except SchemaBehind:
            return f"The migrations end before {HEAD}. Run “tenantry migrate”."
        except ConfigurationError:
            return "Nobody can tell, as connections do not keep their sessions; the line before says why."
        if await self.database.is_read_only():
            return "PostgreSQL takes no changes: it is a standby, or in a failover. Wait, or look at its address."
        return None

    async def _clock(self) -> str | None:
        async with self.database.reading() as connection:
            theirs: datetime = (await connection.execute(CLOCK)).one().at
        skew = (datetime.now(UTC) - theirs).total_seconds()
        if abs(skew) <= MOST_SKEW:
            return None
        return f"It is {skew:+.0f} s from the database's. Let both be kept by NTP; Tenantry goes by the database's."

    async def _reconciliation(self) -> str | None:
        state = await self.reconciliation.state()
        if state.paused_until is not None:
            return f"It is paused until {state.paused_until:%Y-%m-%d %H:%M} UTC. Resume it on its page."
        if state.is_silent:
            return f"No pass has ended for {state.silent_for:.0f} s. Look at the logs of worker and console."
        return None

    async def _findings(self) -> str | None:
        number = (await self.reconciliation.state()).open_findings
        return (
            None if not number else f"{number:,} wait. The page Reconciliation shows both sides and what can be done."
        )

    async def _watcher(self) -> str | None:
        silence = await leases.silent_for(self.database)
        if silence <= leases.SILENCE:
            return None
        return f"No round has ended for {silence:.0f} s. Look at the logs of console and worker."

    async def _temporal(self) -> str | None:
        if await self.temporal.answers():
            return None
        return "It does not. Look at the server at TEMPORAL_ADDRESS. Registrations are accepted and wait."

    async def _search_attribute(self) -> str | None:
        if await self.temporal.has_search_attribute():
            return None
        return "They cannot, so that every start is refused. A worker that starts registers it; or register it by hand."

    async def _worker(self) -> str | None:
        watch = Watch(temporal=self.temporal, task_queue=self.task_queue)
        if not await watch.look():
            return "Nobody can tell: Temporal could not be asked. Workers may well be there."
        if watch.workers:
            return None
        return (
            "Temporal lists none. Start one with “tenantry worker”; runs wait and go on by themselves. A Temporal that "
            f"has just begun anew lists those that are there within {SETTLING:.0f} s: then look again first."
        )

    async def _versions(self) -> str | None:
        return await Versions(temporal=self.temporal, task_queue=self.task_queue).problem()


CLOCK = text("SELECT clock_timestamp() AS at")
