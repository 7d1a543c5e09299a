"""The reading half of a pass: narrows by lists, describes what is suspicious, decides; writes nothing.

Lists lag, so they only say where to look. A row that changed since the pass began is left for the next one.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from time import monotonic
from typing import TypeVar
from uuid import UUID

from operations.database import Database
from operations.errors import OperationsError, TemporalUnavailable
from operations.logs import logger
from operations.reconciliation import rows
from operations.reconciliation.decisions import Action, Row, Seen, agrees, decide, seen
from operations.reconciliation.judgements import Compared, Judged
from operations.reconciliation.lease import Lease
from operations.reconciliation.limits import Limits
from operations.reconciliation.observations import Listed, Observer
from operations.reconciliation.rows import Candidate
from operations.temporal import Run

log = logger(__name__)

NAMES = 200  #: workflow ids in one query of a list
AT_ONCE = 100  #: described between two looks at the clock
ThingT = TypeVar("ThingT")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A workflow id to describe, with what its row knows."""

    workflow_id: str
    run_id: str | None = None
    execution_id: str = ""
    is_over: bool = False


class OutOfTime(Exception):
    """What was learnt so far stands; the rest is for the next pass."""


class Tripped(Exception):
    """Too many rows would change."""


@dataclass(kw_only=True, slots=True)
class Comparison:
    """One pass's look at both sides."""

    database: Database
    observer: Observer
    limits: Limits
    lease: Lease
    task_queue: str
    ignores_breaker: bool
    deadline: float = 0.0
    open_runs: set[str] = field(default_factory=set)  #: of our types on our task queues, as listed
    compared: Compared = field(default_factory=Compared)

    async def run(self, resume_after: UUID | None) -> Compared:
        """Raises `TemporalUnavailable` or `DatabaseUnavailable`; then nothing is known."""
        async with self.database.reading() as connection:
            before = await rows.cutoff(connection, self.limits.grace)
            self.compared.candidates = await rows.count(connection, before)
            queues = await rows.task_queues(connection) | {self.task_queue}
        try:
            listed = await self._list_open(queues)
            self.deadline = monotonic() + self.limits.longest
            await self._compare_candidates(before, resume_after, listed)
            await self._compare_listed(before, listed)
            async with self.database.reading() as connection:
                self.compared.idle_tenants = await rows.idle_tenants(connection, before, self.limits.most_findings)
            self._trip_above(self.compared.checked)
        except OutOfTime:
            self.compared.is_cut = True
            self.compared.is_tripped = self._would_trip(self.compared.checked)
        except Tripped:
            self.compared.is_tripped = True
        return self.compared

    async def _list_open(self, queues: Iterable[str]) -> dict[str, str]:
        """Workflow id → run id. Begun after the cutoff was taken: a row older than that should be in it."""
        listed: dict[str, str] = {}
        async for page in self.observer.open_runs(set(queues)):
            listed.update((run.workflow_id, run.run_id) for run in page)
            self.open_runs.update(run.run_id for run in page)
            await self.lease.keep()  # the clock starts later: without the whole list there is nothing to compare
        return listed

    async def _compare_candidates(self, before: datetime, after: UUID | None, listed: dict[str, str]) -> None:
        """Takes out of `listed` what has a row; what stays there is for the other direction."""
        while True:
            async with self.database.reading() as connection:
                batch = await rows.candidates(connection, before, after, self.limits.batch)
            if not batch:
                return
            suspects: list[UUID] = []
            final: list[Candidate] = []
            for row in batch:
                run_id = listed.pop(row.workflow_id, None)
                if row.status.is_final and run_id is None:
                    final.append(row)
                elif row.status.is_final or run_id is None or run_id != row.run_id:
                    suspects.append(row.id)
            suspects += await self._verify_by_list(final)
            await self._judge(suspects, before)
            after = self.compared.resume_after = batch[-1].id
            self.compared.checked += len(batch)
            if len(batch) < self.limits.batch:
                return
            # Rows come in random order: when so many more than the share would change already, it will not get better.
            self._trip_above(2 * self.compared.checked)
            await self._pause()

    async def _verify_by_list(self, final: Sequence[Candidate]) -> list[UUID]:
        """Ids of the rows about which the lists disagree, or say nothing; the others are as good as verified."""
        disputed: list[UUID] = []
        for part in _parts(final, NAMES):
            try:
                found = await self.observer.runs_named([row.workflow_id for row in part])
            except OperationsError as error:
                log.warning("ended runs could not be listed", why=error.message)
                self.compared.unknown += [row.workflow_id for row in part]
                continue
            runs: dict[str, list[Listed]] = {}
            for run in found:
                runs.setdefault(run.workflow_id, []).append(run)
            for row in part:
                agreed = _list_agrees(row, runs.get(row.workflow_id, []))
                (self.compared.verified if agreed else disputed).append(row.id)
            await self._pause()
        return disputed

    async def _compare_listed(self, before: datetime, listed: dict[str, str]) -> None:
        """Open runs whose row is final already, or missing. Rows that are open or fresh need nothing here."""
        for part in _parts(list(listed), self.limits.batch):
            async with self.database.reading() as connection:
                known = {row.workflow_id: row for row in await rows.named(connection, part, before)}
            await self._judge([row.id for row in known.values() if row.status.is_final and row.is_settled], before)
            strays = [workflow_id for workflow_id in part if workflow_id not in known]
            room = max(0, self.limits.most_findings - len(self.compared.without_row))
            self.compared.more_without_row += len(strays[room:])
            for some in _parts(strays[:room], AT_ONCE):
                runs = await self._describe_all([Wanted(workflow_id=name) for name in some])
                self.compared.without_row += [run for run in runs.values() if run is not None and run.status.is_open]
                await self._pause()

    async def _judge(self, ids: Sequence[UUID], before: datetime) -> None:
        """Describe each, and decide. Rows that changed meanwhile are dropped."""
        for some in _parts(ids, AT_ONCE):
            async with self.database.reading() as connection:
                known = await rows.suspects(connection, some, before)
            runs = await self._describe_all([_wanted(row) for row in known])
            for row in known:
                if row.workflow_id in runs:
                    self._keep(Judged(row=row, run=runs[row.workflow_id], decision=decide(row, runs[row.workflow_id])))
            self._trip_above(self.compared.candidates)  # whatever the rest turns out to be
            await self._pause()

    def _keep(self, judged: Judged) -> None:
        run = judged.run
        is_listed = run is not None and run.run_id in self.open_runs
        if judged.decision.action is Action.VERIFY:
            if run is not None and is_listed and seen(judged.row, run) is Seen.FOREIGN:
                self.compared.without_row.append(run)  # its own row was lost, and its id was used again
            self.compared.verified.append(judged.row.id)
        elif judged.decision.action is not Action.LEAVE:
            self.compared.judged.append(judged)

    async def _describe_all(self, wanted: Sequence[Wanted]) -> dict[str, Run | None]:
        """By workflow id; without those about which no answer could be had. One that fails does not stop the others.

        Raises `TemporalUnavailable` when most of many fail: then Temporal is ill, not the rows.
        """
        slots = asyncio.Semaphore(self.limits.concurrency)
        runs: dict[str, Run | None] = {}
        failed: list[str] = []

        async def describe(each: Wanted) -> None:
            async with slots:
                try:
                    runs[each.workflow_id] = await self.observer.describe(
                        each.workflow_id, each.run_id, each.execution_id, is_over=each.is_over
                    )
                except Exception as error:  # noqa: BLE001 - whatever one row's answer is made of, the others go on
                    failed.append(each.workflow_id)
                    log.warning("a run could not be described", workflow_id=each.workflow_id, why=str(error))

        await asyncio.gather(*(describe(each) for each in wanted))
        self.compared.described += len(wanted)
        self.compared.unknown += failed
        if len(failed) > self.limits.few and len(failed) > len(wanted) / 2:
            raise TemporalUnavailable("Temporal stopped answering in the middle of a pass.")
        return runs

    def _trip_above(self, number: int) -> None:
        if self._would_trip(number):
            raise Tripped

    def _would_trip(self, number: int) -> bool:
        """Whether too many of so many rows would change."""
        return not self.ignores_breaker and self.limits.is_implausible(self.compared.changes, number)

    async def _pause(self) -> None:
        """Between two steps: keep the lease, look at the clock."""
        await self.lease.keep()
        if monotonic() > self.deadline:
            raise OutOfTime


def _wanted(row: Row) -> Wanted:
    return Wanted(workflow_id=row.workflow_id, run_id=row.run_id, execution_id=str(row.id), is_over=row.status.is_final)


def _list_agrees(row: Candidate, runs: Sequence[Listed]) -> bool:
    """Only one run under the id, and it is the row's own and closed as the row says."""
    match runs:
        case [run]:
            return (
                run.execution_id == str(row.id)
                and row.run_id == run.run_id
                and agrees(row.status, row.close_reason, run.status)
            )
    return False


def _parts(things: Sequence[ThingT], size: int) -> Iterator[list[ThingT]]:
    iterator = iter(things)
    while part := list(islice(iterator, size)):
        yield part
