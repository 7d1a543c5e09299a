"""The tracking plugin's own activity: takes a run's report to the only writer of its status."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self
from uuid import UUID

import psycopg
from temporalio import activity

from operations import contracts, tracking
from operations.contracts import StatusReport
from operations.database import Database, OwnConnection
from operations.logs import logger
from operations.statuses import CloseReason, Status
from operations.transitions import Transition

log = logger(__name__)
WITHIN = 1.0  #: seconds; the local activity has five for both ways of writing


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusActivities:
    """Writes of executions on behalf of their runs."""

    database: Database
    connection: OwnConnection

    @classmethod
    def of(cls, database: Database) -> Self:
        return cls(database=database, connection=OwnConnection(dsn=database.dsn, name="statuses", within=WITHIN))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Around the worker's life."""
        try:
            yield
        finally:
            self.connection.hang_up()

    @activity.defn(name=contracts.RECORD_STATUS)
    async def record_status(self, report: StatusReport) -> None:
        """Idempotent; a report that comes late changes nothing and is no error."""
        transition = Transition(
            execution_id=UUID(report.execution_id),
            to=Status(report.status),
            actor="system:worker",
            run_id=report.run_id,
            close_reason=None if report.close_reason is None else CloseReason(report.close_reason),
            error=report.error,
            reason=report.remark,
            own_run_only=True,
            workflow_id=activity.info().workflow_id,
        )
        has_more_to_say = transition.to is Status.FAILED or transition.reason is not None
        if has_more_to_say or not await self._move_at_once(transition):
            async with self.database.transaction() as connection:
                await tracking.move(connection, transition)

    async def _move_at_once(self, transition: Transition) -> bool:
        """False when the row is held, the end has consequences, or the connection is broken: a transaction can wait."""
        try:
            return bool(await self.connection.ask(lambda connection: tracking.move_free(connection, [transition])))
        except (psycopg.Error, OSError, TimeoutError) as error:
            log.warning("status not written at once", execution=str(transition.execution_id), why=type(error).__name__)
            return False
