"""Writes step reports in the background, all that have come meanwhile in one transaction, and then how runs moved."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from time import monotonic
from typing import Self, TypeVar
from uuid import UUID

import psycopg
from prometheus_client import Counter
from psycopg.errors import LockNotAvailable

from operations import step_reports, tracking
from operations.database import OwnConnection
from operations.logs import logger
from operations.step_reports import StepReport
from operations.transitions import Transition

log = logger(__name__)
WITHIN = 2.0  #: seconds that writing may take before a step goes on without it
GOING = ("57P", "08", "25006")  #: SQLSTATE begins so: the server shuts down, the connection broke, no more changes
PATIENCE = 20.0  #: seconds for which a report whose row is held comes again
COMPANY = 0.06  #: seconds for which a run's end waits for others
LINGER = 0.1  #: seconds for which reports wait for company: of a short step the beginning is written with the end

AnswerT = TypeVar("AnswerT")
Question = Callable[[psycopg.AsyncConnection], Coroutine[object, object, AnswerT]]

lost_reports = Counter("tenantry_lost_step_reports_total", "Step reports that the database did not take in time")


class Outcome(Enum):
    """What became of a batch."""

    WRITTEN = auto()  #: but for those of which somebody holds the rows
    REFUSED = auto()  #: the database answered, and did not take it
    UNAVAILABLE = auto()


@dataclass(kw_only=True, slots=True)
class Batch:
    """What is written together: the steps first, then the runs, whose ends say that all steps have ended."""

    reports: list[StepReport] = field(default_factory=list)
    moves: list[Transition] = field(default_factory=list)
    moved: set[UUID] = field(default_factory=set)  #: those for which nothing is left to do
    is_urgent: asyncio.Event = field(default_factory=asyncio.Event)
    is_over: asyncio.Event = field(default_factory=asyncio.Event)  #: written, or lost


@dataclass(kw_only=True, slots=True)
class Recorder:
    """One per worker. Bookkeeping never fails a step: what the database does not take in time is counted and lost."""

    connection: OwnConnection
    build: str | None = None  #: of this worker's code
    _current: Batch = field(default_factory=Batch)  #: being written
    _next: Batch = field(default_factory=Batch)
    _writing: asyncio.Task[None] | None = None

    @classmethod
    def at(cls, dsn: str, build: str | None = None) -> Self:
        return cls(connection=OwnConnection(dsn=dsn, name="steps", within=WITHIN), build=build)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Around the worker's life: what was noted last is written before it ends."""
        try:
            yield
        finally:
            if self._writing is not None:
                self._next.is_urgent.set()
                await asyncio.wait({self._writing}, timeout=WITHIN)
                self._writing.cancel()
                await asyncio.wait({self._writing})
            if self._next.reports:
                _lost(self._next.reports, "ended")
            self.connection.hang_up()

    def note(self, report: StepReport) -> None:
        """Write it within `LINGER`, together with what comes meanwhile; reports keep their order."""
        self._next.reports.append(report)
        self._begin()

    async def move(self, transition: Transition) -> bool:
        """Write that a run runs or completed, behind its steps and together with other runs.

        False when nobody can tell within `WITHIN` that it is written, or when it takes a transaction: somebody holds
        the row, or the end has consequences.
        """
        batch = self._next
        batch.moves.append(transition)
        asyncio.get_running_loop().call_later(COMPANY, batch.is_urgent.set)
        self._begin()
        with suppress(TimeoutError):
            async with asyncio.timeout(WITHIN):
                await batch.is_over.wait()
        return transition.execution_id in batch.moved

    async def settle(self, execution_id: UUID) -> None:
        """Return when all that was noted of this execution is written or lost, and after `WITHIN` in any case."""
        for batch in self._with(execution_id):
            batch.is_urgent.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(WITHIN):
                while batches := self._with(execution_id):  # where the row is held, they come again
                    await batches[0].is_over.wait()

    def _with(self, execution_id: UUID) -> list[Batch]:
        batches = (self._current, self._next)
        return [batch for batch in batches if any(report.execution_id == execution_id for report in batch.reports)]

    def _begin(self) -> None:
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())

    async def _write_all(self) -> None:
        while self._next.reports or self._next.moves:
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER):
                    await self._next.is_urgent.wait()
            self._current, self._next = self._next, Batch()
            try:
                if self._current.reports:
                    await self._write(self._current.reports)
                if self._current.moves:
                    self._current.moved |= await self._move(self._current.moves)
            finally:
                self._current.is_over.set()
                self._current = Batch()

    async def _write(self, reports: list[StepReport]) -> None:
        try:
            outcome, held = await self._try(reports)
            if outcome is Outcome.REFUSED and len(reports) > 1:  # what one row cannot take must not cost the others
                held = [report for each in reports for report in (await self._try([each]))[1]]
        except asyncio.CancelledError:
            _lost(reports, "ended")
            raise
        late = [report for report in held if monotonic() - report.seen >= PATIENCE]
        if late:
            _lost(late, "held")
        self._next.reports[:0] = [report for report in held if report not in late]

    async def _ask(self, question: Question[AnswerT]) -> AnswerT:
        was_open = self.connection.is_open
        try:
            return await self.connection.ask(question)
        except psycopg.Error as error:
            has_gone = was_open and not self.connection.is_open
            if not has_gone or _is_answer(error):
                raise
        return await self.connection.ask(question)  # the farewell was perhaps of long ago: nobody had used it

    async def _move(self, moves: list[Transition]) -> set[UUID]:
        try:
            return await self._ask(lambda connection: tracking.move_free(connection, moves))
        except (psycopg.Error, TimeoutError, OSError) as error:
            log.warning("statuses not written at once", number=len(moves), why=type(error).__name__)
            return set()

    async def _try(self, reports: list[StepReport]) -> tuple[Outcome, list[StepReport]]:
        """With those that somebody keeps from being written: a step holds the row of its execution, not for long."""
        try:
            held = await self._ask(lambda connection: step_reports.record(connection, reports, build=self.build))
        except (psycopg.Error, TimeoutError, OSError) as error:
            if _is_answer(error) and len(reports) > 1:
                return Outcome.REFUSED, []
            if isinstance(error, LockNotAvailable):
                return Outcome.REFUSED, reports
            _lost(reports, type(error).__name__)
            return (Outcome.REFUSED if _is_answer(error) else Outcome.UNAVAILABLE), []
        return Outcome.WRITTEN, [report for report in reports if report.execution_id in held]


def _is_answer(error: Exception) -> bool:
    """Whether the server itself said no, and not that it goes."""
    state = error.sqlstate if isinstance(error, psycopg.Error) else None
    return state is not None and not state.startswith(GOING)


def _lost(reports: list[StepReport], why: str) -> None:
    lost_reports.inc(len(reports))
    names = sorted({report.name for report in reports})
    log.warning("steps not recorded", number=len(reports), steps=names, why=why)
