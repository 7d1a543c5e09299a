"""Writes what a pass decided about all its rows; one that cannot be written does not stop the others."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncConnection

from operations.database import Database
from operations.errors import DatabaseUnavailable, LeaseLost
from operations.logs import logger
from operations.models import Execution
from operations.reconciliation.decisions import Action
from operations.reconciliation.healing import WOULD, Healer
from operations.reconciliation.judgements import Compared, Judged
from operations.reconciliation.lease import Lease
from operations.statuses import Status

log = logger(__name__)

AT_ONCE = 4  #: rows being written
VERIFIED_AT_ONCE = 1000  #: in one statement
REPORTED_AT_ONCE = 100  #: in one transaction
MOST = 1000  #: findings that a pass writes of those that it only shows
ThingT = TypeVar("ThingT")


@dataclass(kw_only=True, slots=True)
class Writing:
    """One pass's writes; raises `LeaseLost` or `DatabaseUnavailable`, and then the rest is left to the next pass."""

    database: Database
    lease: Lease
    healer: Healer
    compared: Compared
    healed: int = 0

    async def write(self) -> None:
        """Everything that was decided."""
        await self._verify()
        changing = [each for each in self.compared.judged if each.decision.action is not Action.REPORT]
        for some in _parts(changing, 10 * AT_ONCE):
            await self._heal(some)
            await self.lease.keep()
        await self._report([each for each in self.compared.judged if each.decision.action is Action.REPORT], None)
        for runs in _parts(self.compared.without_row, REPORTED_AT_ONCE):
            async with self._writing() as connection:
                for run in runs:
                    await self.healer.report_stray(connection, run)
        for tenants in _parts(self.compared.idle_tenants, REPORTED_AT_ONCE):
            async with self._writing() as connection:
                for tenant in tenants:
                    await self.healer.report_idle(connection, tenant)

    async def preview(self) -> None:
        """Show what would have been done, and do nothing."""
        await self._report(self.compared.judged, WOULD)

    async def _verify(self) -> None:
        for ids in _parts(self.compared.verified, VERIFIED_AT_ONCE):
            async with self._writing() as connection:
                await _verify(connection, ids)

    async def _heal(self, rows: Sequence[Judged]) -> None:
        slots = asyncio.Semaphore(AT_ONCE)

        async def heal(judged: Judged) -> None:
            async with slots:
                healed = await self.healer.heal(judged)
                self.healed += healed  # not in one line: the old sum would be read before the wait

        answers = await asyncio.gather(*(heal(judged) for judged in rows), return_exceptions=True)
        for judged, answer in zip(rows, answers, strict=True):
            if isinstance(answer, DatabaseUnavailable | LeaseLost):
                raise answer
            if isinstance(answer, Exception):
                self.compared.unknown.append(judged.row.workflow_id)
                log.error("a row could not be healed", workflow_id=judged.row.workflow_id, exc_info=answer)

    async def _report(self, rows: Sequence[Judged], done: str | None) -> None:
        for some in _parts(rows[:MOST], REPORTED_AT_ONCE):
            async with self._writing() as connection:
                for judged in some:
                    await self.healer.report(connection, judged, done)

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction of this pass, if it still holds the lease."""
        await self.lease.keep()
        async with self.database.transaction() as connection:
            await self.lease.fence(connection)
            yield connection


async def _verify(connection: AsyncConnection, execution_ids: Sequence[UUID]) -> None:
    """Note that Temporal agrees with these final rows, as far as it still knows them."""
    await connection.execute(
        update(Execution)
        .where(
            Execution.id.in_(execution_ids),
            Execution.status.in_((Status.COMPLETED, Status.FAILED)),
            Execution.verified_at.is_(None),
        )
        .values(verified_at=func.clock_timestamp())
    )


def _parts(things: Sequence[ThingT], size: int) -> Iterator[Sequence[ThingT]]:
    return (things[at : at + size] for at in range(0, len(things), size))
