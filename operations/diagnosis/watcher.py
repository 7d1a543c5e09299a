"""The watcher: looks every few seconds at executions that stand still, and writes why.

One per installation, in whichever process holds the lease; the others look whether it has run out.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Self

from prometheus_client import Counter, Gauge
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from operations.clocks import Clock
from operations.contact import Contact
from operations.database import Database
from operations.diagnosis import leases
from operations.diagnosis.answers import Answer, store
from operations.diagnosis.durations import Durations
from operations.diagnosis.facts import Patience
from operations.diagnosis.leases import Lease, Round
from operations.diagnosis.looking import Looker
from operations.diagnosis.suspects import Place, Suspect, suspects
from operations.errors import DatabaseSlow, DatabaseUnavailable
from operations.liveness import Outage, Part
from operations.logs import logger
from operations.temporal import Temporal

log = logger(__name__)

INTERVAL = 15.0  #: seconds between two rounds
SOON = 1.0  #: seconds until a round that PostgreSQL did not answer is tried again
MOST = 5000  #: executions per round; one that is full goes on where it ended
WRITTEN_AT_ONCE = 500
REFUSALS = (DataError, IntegrityError)  #: of what is to be stored: it would be refused again

age = Gauge("tenantry_diagnosis_age_seconds", "Seconds since a round of the watcher finished, in whichever process")
still = Gauge("tenantry_still_executions", "Open executions without progress, as of the last round")
left_out = Counter("tenantry_diagnosis_left_out_total", "Diagnoses that PostgreSQL refused to store")


@dataclass(kw_only=True, slots=True)
class Watcher:
    """Keep one per process; `run` it beside the rest."""

    database: Database
    name: str
    durations: Durations
    looker: Looker
    clock: Clock = field(default_factory=Clock)  #: by which it is told since when nobody looks
    interval: float = INTERVAL
    most: int = MOST
    has_lease: bool = False  #: as of the last look; then nobody else watches
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _place: Place | None = None
    _is_running: bool = False
    _round_at: float = field(default_factory=monotonic)  #: when a round finished last, in whichever process

    @classmethod
    def of(cls, database: Database, temporal: Temporal, *, name: str, patience: Patience) -> Self:
        interval = min(INTERVAL, patience.lasting.total_seconds() / 4)
        return cls(
            database=database,
            name=name,
            durations=Durations(settings=patience),
            looker=Looker(contact=Contact(temporal=temporal), every=interval),
            interval=interval,
        )

    @property
    def outages(self) -> tuple[Outage, ...]:
        """Of the watchers themselves: then nobody knows how executions are doing."""
        if not self._is_running or monotonic() - self._round_at < max(leases.SILENCE, 4 * self.interval):
            return ()
        return (Outage(part=Part.DIAGNOSIS, since=self.clock.at(self._round_at)),)

    @property
    def contact(self) -> Contact:
        """Kept by whoever is told, when Temporal answers again, to `wake` this one."""
        return self.looker.contact

    def wake(self) -> None:
        """Begin the next round now: what the last one said may be over."""
        self._woken.set()

    async def run(self) -> None:
        """Watch until cancelled, and hand the lease back."""
        self._is_running, self._round_at = True, monotonic()
        try:
            while True:
                pause = self.interval
                try:
                    await self.tend()
                except DatabaseSlow as slow:  # it answers: nobody else says that no round comes to its end
                    log.warning("a round of the watcher took too long", why=slow.message)
                except DatabaseUnavailable:
                    self._round_at = monotonic()  # that PostgreSQL is away, others say
                    pause = min(pause, SOON)
                except Exception:  # a bug that one round meets must not end the process that watches
                    log.exception("a round of the watcher failed")
                age.set(monotonic() - self._round_at)
                await self._rest(pause)
        finally:
            self._is_running = self.has_lease = False
            with suppress(DatabaseUnavailable):
                await leases.release(self.database, self.name)

    async def _rest(self, pause: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._woken.wait()
        self._woken.clear()

    async def tend(self) -> Round | None:
        """One look: a round, unless somebody else holds the lease."""
        lease = await leases.take(self.database, self.name, seconds=3 * self.interval)
        self.has_lease = lease is not None
        if lease is None:
            silence = await leases.silent_for(self.database)
            self._round_at = monotonic() - silence
            age.set(silence)
            return None
        done = await self._round(lease)
        await leases.finish(self.database, lease, done)
        self._round_at = monotonic()
        age.set(0)
        still.set(done.still)
        return done

    async def _round(self, lease: Lease) -> Round:
        began = monotonic()
        async with self.database.transaction() as connection:
            await self.durations.look_up(connection)
            page = await suspects(
                connection, idle=self.durations.settings.slow_after, after=self._place, limit=self.most
            )
        if page:
            self.clock.set(page[0].facts.now)
        known = [self._measured(each) for each in page]
        answers, spent = await self.looker.answer(known)
        await self._write(lease, [answer for answer in answers if answer.is_news])
        self._place = page[-1].place if len(page) == self.most else None
        if self._place is None:
            self.looker.forget(known)
        return Round(still=len(page), described=spent.described, asked=spent.asked, seconds=monotonic() - began)

    def _measured(self, suspect: Suspect) -> Suspect:
        """By what its step usually takes."""
        step = None if suspect.facts.step is None else suspect.facts.step.name
        patience = self.durations.patience(suspect.workflow_type, step, suspect.build)
        return replace(suspect, facts=replace(suspect.facts, patience=patience))

    async def _write(self, lease: Lease, answers: Sequence[Answer]) -> None:
        for first in range(0, len(answers), WRITTEN_AT_ONCE):
            await self._write_batch(lease, answers[first : first + WRITTEN_AT_ONCE])

    async def _write_batch(self, lease: Lease, answers: Sequence[Answer]) -> None:
        """By halves where PostgreSQL refuses it: what one row cannot take must not cost the others."""
        try:
            async with self.database.transaction() as connection:
                await store(connection, answers, lease.token)
        except REFUSALS as refusal:
            middle = len(answers) // 2
            if not middle:
                _left_out(answers[0], refusal)
                return
            await self._write_batch(lease, answers[:middle])
            await self._write_batch(lease, answers[middle:])


def _left_out(answer: Answer, refusal: DBAPIError) -> None:
    left_out.inc()
    why, state = type(refusal.orig).__name__, getattr(refusal.orig, "sqlstate", None)
    log.error("a diagnosis could not be stored", execution_id=str(answer.suspect.id), why=why, sqlstate=state)
