"""Writes step reports in the background, all that have come meanwhile in one transaction."""

import asyncio
from dataclasses import dataclass, field
from enum import Enum, auto

from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError

from operations import steps
from operations.database import Database
from operations.errors import DatabaseUnavailable
from operations.logs import logger
from operations.steps import StepReport

log = logger(__name__)
WITHIN = 2.0  #: seconds that writing may take before a step goes on without it

lost_reports = Counter("tenantry_lost_step_reports_total", "Step reports that the database did not take in time")


class Outcome(Enum):
    """What became of a batch."""

    WRITTEN = auto()
    REFUSED = auto()  #: the database answered, and did not take it
    UNAVAILABLE = auto()


@dataclass(kw_only=True, slots=True)
class Recorder:
    """One per worker. Bookkeeping never fails a step: what the database does not take in time is counted and lost."""

    database: Database
    _waiting: list[StepReport] = field(default_factory=list)
    _writing: asyncio.Task[None] | None = None

    def note(self, report: StepReport) -> None:
        """Write it soon; reports keep their order."""
        self._waiting.append(report)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())

    async def write(self, report: StepReport) -> None:
        """Return when this report and those before it are written or lost, and after `WITHIN` in any case."""
        self.note(report)
        if self._writing is not None:
            await asyncio.wait({self._writing}, timeout=WITHIN)

    async def _write_all(self) -> None:
        while self._waiting:
            reports, self._waiting = self._waiting, []
            outcome = await self._try(reports)
            if outcome is Outcome.REFUSED and len(reports) > 1:  # what one row cannot take must not cost the others
                for report in reports:
                    await self._try([report])

    async def _try(self, reports: list[StepReport]) -> Outcome:
        try:
            async with asyncio.timeout(WITHIN), self.database.transaction() as connection:
                await steps.record(connection, reports)
        except (DatabaseUnavailable, TimeoutError) as error:
            _lost(reports, error)
            return Outcome.UNAVAILABLE
        except SQLAlchemyError as error:
            if len(reports) == 1:
                _lost(reports, error)
            return Outcome.REFUSED
        return Outcome.WRITTEN


def _lost(reports: list[StepReport], error: Exception) -> None:
    lost_reports.inc(len(reports))
    names = sorted({report.name for report in reports})
    log.warning("steps not recorded", number=len(reports), steps=names, why=type(error).__name__)
