"""Replays histories by the workflows and the plugin that the worker has, one after the other."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from temporalio.api.workflowservice.v1 import CountWorkflowExecutionsRequest
from temporalio.client import WorkflowHistory
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.worker import Replayer

from operations import contracts
from operations.database import Database
from operations.errors import TemporalRefused
from operations.kinds import known
from operations.reconciliation.observations import Listed, Observer
from operations.run_queries import OPEN, quoted
from operations.temporal import Temporal, ask, is_not_found
from workers.loading import workflows as known_workflows
from workers.replay.questions import Questions, differences
from workers.replay.verdicts import Verdict, verdict
from workers.tracking import plugin

NOWHERE = "postgresql://replay@127.0.0.1:1/replay"  #: a replay writes nothing, so nobody has to answer there
AT_ONCE = 32  #: histories that are fetched side by side, and at most in memory
FETCH_BUDGET = 30.0  #: seconds for one history


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """Replays one run at a time; make it with `opened`."""

    replayer: Replayer
    questions: Questions

    async def judged(self, histories: AsyncIterator[WorkflowHistory]) -> AsyncIterator[Verdict]:
        async with self.replayer.workflow_replay_iterator(self._each(histories)) as results:
            async for result in results:
                events = result.history.events
                yield verdict(
                    result.history.workflow_id,
                    result.history.run_id,
                    events,
                    failure=result.replay_failure,
                    differences=tuple(differences(self.questions.asked, events)),
                )

    async def _each(self, histories: AsyncIterator[WorkflowHistory]) -> AsyncIterator[WorkflowHistory]:
        async for history in histories:
            self.questions.forget()
            yield history


@cache
def _quiet() -> Runtime:
    """Core writes each break to standard output, where the report goes."""
    filter_ = TelemetryFilter(core_level="ERROR", other_level="ERROR")
    return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=filter_)))


@asynccontextmanager
async def opened(workflows: Sequence[type] | None = None) -> AsyncIterator[Gate]:
    """With the workflows of this installation, unless others are given. Raises `ConfigurationError`."""
    questions = Questions()
    database = Database.at(NOWHERE, name="replay")
    try:
        replayer = Replayer(
            workflows=known_workflows(known()) if workflows is None else workflows,
            interceptors=[questions],
            plugins=[plugin.tracking(database)],
            runtime=_quiet(),
        )
        yield Gate(replayer=replayer, questions=questions)
    finally:
        await database.close()


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenRuns:
    """The runs in flight on one queue that are ours. Raises `TemporalUnavailable` and `TemporalRefused`.

    By raw lists, as the SDK's breaks at the first run that is paused.
    """

    temporal: Temporal
    task_queue: str

    @property
    def _query(self) -> str:
        ours = f"{contracts.OPERATION_UUID} IS NOT NULL OR WorkflowType = {quoted(contracts.RECONCILIATION)}"
        return f"{OPEN} AND TaskQueue = {quoted(self.task_queue)} AND ({ours})"

    async def count(self) -> int:
        client = self.temporal.client
        request = CountWorkflowExecutionsRequest(namespace=client.namespace, query=self._query)
        return (await ask(client.workflow_service.count_workflow_executions(request))).count

    async def histories(self) -> AsyncIterator[WorkflowHistory]:
        """Of a run that Temporal has forgotten meanwhile, nothing."""
        async for page in Observer(temporal=self.temporal).pages(self._query):
            for first in range(0, len(page), AT_ONCE):
                some = page[first : first + AT_ONCE]
                for history in await asyncio.gather(*map(self._history, some)):
                    if history is not None:
                        yield history

    async def _history(self, run: Listed) -> WorkflowHistory | None:
        handle = self.temporal.client.get_workflow_handle(run.workflow_id, run_id=run.run_id)
        try:
            fetched = handle.fetch_history(rpc_timeout=timedelta(seconds=FETCH_BUDGET / 2))
            return await ask(fetched, within=FETCH_BUDGET)
        except TemporalRefused as refusal:
            if not is_not_found(refusal):
                raise
            return None
