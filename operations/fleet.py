"""What the workers of a queue know: asked before anything is begun that an older worker could not go on with.

A worker of this version lists what it knows among the names of its plugins, which its heartbeats carry. One that sends
none, or knows less, keeps the others from it, too; one that was killed is listed for some minutes more. One that ends
in order takes no more runs from the moment in which it says so, and that is the last that is heard of it.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from time import monotonic

from temporalio.api.enums.v1 import TaskQueueType, WorkerStatus
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.worker.v1 import WorkerHeartbeat
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, ListWorkersRequest

from operations.errors import TemporalRefused, TemporalUnavailable
from operations.temporal import Temporal, ask

BUDGET = 2.0  #: seconds for one question
REMEMBERED, ASKED_AGAIN = 5.0, 1.0  #: seconds, for what all know, and for what they do not
LONGEST_POLL = timedelta(seconds=75)  #: after that, a poller that has not asked again is gone; a poll lasts a minute
MOST = 1000  #: workers asked for; Temporal keeps those that died for five minutes
#: Temporal keeps the first of the two for the minutes after the end, too.
GONE = (WorkerStatus.WORKER_STATUS_SHUTTING_DOWN, WorkerStatus.WORKER_STATUS_SHUTDOWN)
MARK = "tenantry.knows."  #: begins the name of a plugin that does nothing


def mark(what: str) -> str:
    """The name of the plugin by which a worker says that it knows `what`."""
    return MARK + what


@dataclass(kw_only=True, slots=True)
class Fleet:
    """Remembers for a moment what it was told."""

    temporal: Temporal
    _told: dict[str, tuple[float, frozenset[str]]] = field(default_factory=dict)
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def all_know(self, task_queue: str, what: str) -> bool:
        """False as long as nobody polls the queue, or Temporal does not tell who does."""
        async with self._asking:
            told = self._told.get(task_queue)
            if told is None or monotonic() - told[0] >= (REMEMBERED if what in told[1] else ASKED_AGAIN):
                try:
                    known = await self.known(task_queue)
                except (TemporalUnavailable, TemporalRefused):
                    known = None
                told = self._told[task_queue] = (monotonic(), known or frozenset())
        return what in told[1]

    async def known(self, task_queue: str, own: str | None = None) -> frozenset[str] | None:
        """What all workers of the queue know; None when there is none. Nothing is remembered.

        A worker that asks gives its `own` identity: it polls before its first heartbeat has come, and knows itself.
        """
        beats = await heartbeats(self.temporal, task_queue)
        polling = await pollers(self.temporal, task_queue)
        return known_by_all(beats, still_polling(polling) - {own})


def still_polling(polling: Sequence[PollerInfo]) -> set[str]:
    """Who has asked within a long poll before the latest of them, by Temporal's clock alone. Pure."""
    asked = [(poller.identity, poller.last_access_time.ToDatetime(UTC)) for poller in polling]
    latest = max((at for _, at in asked), default=None)
    return {identity for identity, at in asked if latest is not None and latest - at < LONGEST_POLL}


def known_by_all(beats: Iterable[WorkerHeartbeat], polling: Iterable[str]) -> frozenset[str] | None:
    """What all of them list; None of nobody. Pure. Of a poller without a heartbeat nothing is known."""
    listed = list(beats)
    alive = [beat for beat in listed if beat.status not in GONE]
    if set(polling) - {beat.worker_identity for beat in listed}:
        return frozenset()
    if not alive:
        return None
    known = (
        {plugin.name.removeprefix(MARK) for plugin in beat.plugins if plugin.name.startswith(MARK)} for beat in alive
    )
    return frozenset.intersection(*map(frozenset, known))


async def heartbeats(temporal: Temporal, task_queue: str) -> list[WorkerHeartbeat]:
    """The latest of each worker of the queue. `TemporalRefused` where the server takes none."""
    # How a quote is escaped in this query depends on the server.
    query = "" if "'" in task_queue or "\\" in task_queue else f"TaskQueue = '{task_queue}'"
    request = ListWorkersRequest(namespace=temporal.client.namespace, query=query, page_size=MOST)
    answer = await ask(temporal.client.workflow_service.list_workers(request), within=BUDGET)
    beats = (each.worker_heartbeat for each in answer.workers_info)
    return [beat for beat in beats if beat.task_queue == task_queue]


async def pollers(
    temporal: Temporal,
    task_queue: str,
    work: TaskQueueType.ValueType = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
) -> list[PollerInfo]:
    """Whoever has asked the queue for work in the last minutes."""
    request = DescribeTaskQueueRequest(
        namespace=temporal.client.namespace,
        task_queue=TaskQueue(name=task_queue),
        task_queue_type=work,
    )
    answer = await ask(temporal.client.workflow_service.describe_task_queue(request), within=BUDGET)
    return list(answer.pollers)
