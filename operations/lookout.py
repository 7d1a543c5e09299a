"""Whoever looks whether all is well, put together once for consoles and workers."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Self

from operations.diagnosis.facts import Patience
from operations.diagnosis.lapses import Lapses
from operations.diagnosis.verifying import Verifier
from operations.diagnosis.watcher import Watcher
from operations.doctor.examination import Doctor
from operations.liveness import Outage
from operations.queries.executions import ExecutionQueries
from operations.queries.groups import Groups
from operations.queries.reconciliation import ReconciliationQueries
from operations.queries.unwatched import GroupsAsTold
from operations.reconciliation.passes import Reconciler
from operations.reconciliation.watchdog import Watchdog
from operations.returns import Returns


@dataclass(frozen=True, kw_only=True, slots=True)
class Lookout:
    """Whoever looks whether all is well: at executions, at retries, at reconciliation, at the whole installation."""

    watcher: Watcher
    verifier: Verifier
    watchdog: Watchdog
    lapses: Lapses
    doctor: Doctor
    returns: Returns

    @classmethod
    def of(
        cls, reconciler: Reconciler, reads: ReconciliationQueries, *, task_queue: str, patience: Patience | None
    ) -> Self:
        """On the servers of the reconciler, and under its name."""
        database, temporal = reconciler.database, reconciler.temporal
        watcher = Watcher.of(database, temporal, name=reconciler.name, patience=patience or Patience())
        return cls(
            watcher=watcher,
            verifier=Verifier(database=database),
            watchdog=Watchdog(reconciler=reconciler, look=reads.state),
            lapses=Lapses(database=database),
            doctor=Doctor(database=database, temporal=temporal, reconciliation=reads, task_queue=task_queue),
            returns=Returns(database=database, watcher=watcher, wake=reconciler.wake),
        )

    @property
    def outages(self) -> tuple[Outage, ...]:
        """Of those who look: then what they say is the past."""
        return (*self.watcher.outages, *self.watchdog.outages)

    @property
    def work(self) -> Mapping[str, Callable[[], Coroutine[None, None, None]]]:
        """What consoles and workers do beside the rest, by what it is about."""
        return {
            "watcher over executions": self.watcher.run,
            "return of Temporal": self.returns.run,
            "outcomes of retries": self.verifier.run,
            "what is over of triage": self.lapses.run,
        }

    def is_watched(self) -> bool:
        """Whether anybody knows how executions are doing."""
        return not self.watcher.outages

    def aware(self, executions: ExecutionQueries) -> ExecutionQueries:
        """Reads that tell no health while nobody looks."""
        return replace(executions, is_watched=self.is_watched)

    def aware_of_trouble(self, groups: Groups) -> Groups:
        return GroupsAsTold(database=groups.database, is_watched=self.is_watched)
