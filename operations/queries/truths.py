"""Both truths about one execution: what the database says and what Temporal says, each with its time."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from operations.database import Database
from operations.diagnosis.descriptions import Describer
from operations.diagnosis.facts import RunFact, RunState
from operations.queries.differences import Truth, differences
from operations.queries.execution_views import ExecutionDetail
from operations.queries.executions import ExecutionQueries
from operations.statuses import StepStatus
from operations.temporal import Run, Temporal


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Side by side, and the difference in words: none where both agree."""

    database: Truth
    temporal: Truth | None  #: None: it knows no such run
    asked_at: datetime  #: by the database's clock, after Temporal had answered
    differences: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Truths:
    """Asks Temporal because somebody wants to know now; nothing is written, whatever it says."""

    database: Database
    executions: ExecutionQueries
    temporal: Temporal

    async def compare(self, id_: UUID) -> Comparison:
        """Raises `ExecutionNotFound`, `TemporalUnavailable` or `TemporalRefused`.

        The database is read after Temporal has answered: what moved in between is not told as a difference.
        """
        workflow_id = (await self.executions.detail(id_)).execution.workflow_id
        run = await self.temporal.describe(workflow_id)
        fact = None if run is None else await Describer(temporal=self.temporal).describe(workflow_id, run.run_id)
        detail = await self.executions.detail(id_)
        theirs = None if run is None else _theirs(run, fact or RunFact())
        ours = _ours(detail)
        async with self.database.reading() as connection:
            now = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
        return Comparison(
            database=ours, temporal=theirs, asked_at=now, differences=differences(detail.execution, ours, theirs)
        )


def _ours(detail: ExecutionDetail) -> Truth:
    execution = detail.execution
    step = next((each for each in reversed(detail.steps) if each.completed_at is None), None)
    return Truth(
        status=execution.status.value,
        close_reason=execution.close_reason,
        execution_id=str(execution.id),
        run_id=execution.run_id,
        started_at=execution.started_at,
        ended_at=execution.completed_at,
        step=None if step is None or execution.status.is_final else step.name,
        tries=None if step is None or execution.status.is_final else step.attempts,
        next_try_at=None if step is None or step.status is not StepStatus.RETRYING else step.next_try_at,
        changed_at=execution.updated_at,
    )


def _theirs(run: Run, fact: RunFact) -> Truth:
    step = fact.step
    return Truth(
        status=run.status.value,
        execution_id=run.execution_id,
        run_id=run.run_id,
        started_at=run.started_at,
        ended_at=run.closed_at,
        step=None if step is None else step.name,
        tries=None if step is None else step.tries,
        next_try_at=None if step is None else step.next_try_at,
        is_paused=fact.state is RunState.PAUSED,
        is_untaken=bool(fact.step and fact.step.is_scheduled) or bool(fact.code and fact.code.is_scheduled),
        failures=0 if fact.code is None else fact.code.failures,
    )
