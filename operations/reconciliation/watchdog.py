"""Runs passes from the console when the schedule is silent: no worker, a paused schedule, a broken queue."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from prometheus_client import Gauge

from operations.errors import DatabaseUnavailable, LeaseLost, PassRunning, ReconciliationPaused
from operations.liveness import Outage, Part
from operations.logs import logger
from operations.reconciliation.passes import Reconciler
from operations.statuses import PassOutcome, PassTrigger

log = logger(__name__)

age = Gauge("tenantry_reconciliation_age_seconds", "Seconds since a reconciliation pass finished")
open_findings = Gauge("tenantry_reconciliation_open_findings", "Findings that nobody has settled")
last_outcome = Gauge(
    "tenantry_reconciliation_last_outcome", "1 for the outcome of the last pass, whichever process ran it", ["outcome"]
)
healed = Gauge("tenantry_reconciliation_healed_today", "Rows that passes have corrected since midnight UTC")


class State(Protocol):
    """What the watchdog needs to know of the reconciler."""

    @property
    def silent_for(self) -> float: ...
    @property
    def is_silent(self) -> bool: ...
    @property
    def is_running(self) -> bool: ...
    @property
    def last_finished_at(self) -> datetime | None: ...
    @property
    def schedule_is_silent(self) -> bool: ...
    @property
    def last_outcome(self) -> PassOutcome | None: ...
    @property
    def open_findings(self) -> int: ...
    @property
    def healed_today(self) -> int: ...


@dataclass(kw_only=True, slots=True)
class Watchdog:
    """One per console; the lease keeps several from running a pass at once."""

    reconciler: Reconciler
    look: Callable[[], Awaitable[State]]
    outages: tuple[Outage, ...] = ()  #: as it looked last: no pass ends, and none could be run from here

    async def run(self) -> None:
        """Watch until cancelled. While the schedule is silent, passes come as often as it would make them."""
        interval = self.reconciler.limits.interval
        while True:
            with suppress(DatabaseUnavailable):
                await self.tend()
            await asyncio.sleep(min(interval / 4, 15.0))

    async def tend(self) -> bool:
        """One look; whether a pass was run."""
        state = await self.look()
        age.set(state.silent_for)
        open_findings.set(state.open_findings)
        healed.set(state.healed_today)
        for outcome in PassOutcome:
            last_outcome.labels(outcome.value).set(outcome is state.last_outcome)
        has_run = False
        try:
            has_run = await self._run_where_due(state)
        finally:  # a pass that fails ends nobody's silence
            self.outages = () if has_run else _outages(state)
        return has_run

    async def _run_where_due(self, state: State) -> bool:
        if not state.schedule_is_silent or state.silent_for < self.reconciler.limits.interval:
            return False
        try:
            await self.reconciler.run_pass(PassTrigger.WATCHDOG, f"system:{self.reconciler.name}")
        except (PassRunning, ReconciliationPaused, LeaseLost):
            return False
        return True


def _outages(state: State) -> tuple[Outage, ...]:
    if not state.is_silent or state.is_running:
        return ()
    since = state.last_finished_at or datetime.now(UTC) - timedelta(seconds=state.silent_for)
    return (Outage(part=Part.RECONCILIATION, since=since),)
