"""Who carries out the work, on which code, and what runs on it: asked of Temporal, and remembered for a moment.

No list of pages is read here: whoever opens the page of the workers asks for it, and all who look share one answer.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Self

from sqlalchemy import func, select
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.worker.v1 import WorkerHeartbeat, WorkerSlotsInfo
from temporalio.api.workflowservice.v1 import CountWorkflowExecutionsRequest
from temporalio.client import ScheduleDescription

from operations import contracts, fleet, kinds
from operations.database import Database
from operations.deployments import Deployments
from operations.errors import TemporalRefused
from operations.liveness import Watch
from operations.models import Execution
from operations.queries.workforce_views import (
    PatchView,
    PollerView,
    RowsOfBuild,
    ScheduleView,
    Slots,
    WorkerView,
    Workforce,
)
from operations.run_queries import OPEN, quoted
from operations.statuses import Status
from operations.temporal import Temporal, ask, is_not_found

FRESH = 2.0  #: seconds for which an answer serves everybody
MOST = 200  #: builds of rows that are listed
KINDS_OF_WORK = {
    "workflows": TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    "activities": TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
}


@dataclass(kw_only=True, slots=True)
class WorkforceQueries:
    """Raises `TemporalUnavailable` and `DatabaseUnavailable`; what a server does not offer is left empty."""

    database: Database
    temporal: Temporal
    task_queue: str
    deployments: Deployments
    watch: Watch
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _answer: tuple[float, Workforce] | None = None

    @classmethod
    def of(cls, database: Database, deployments: Deployments, watch: Watch) -> Self:
        """About the queue that `watch` looks at."""
        return cls(
            database=database,
            temporal=watch.temporal,
            task_queue=watch.task_queue,
            deployments=deployments,
            watch=watch,
        )

    async def now(self) -> Workforce:
        async with self._asking:
            if self._answer is None or monotonic() - self._answer[0] >= FRESH:
                found = await self._look()
                self._answer = (monotonic(), found)
            return self._answer[1]

    async def _look(self) -> Workforce:
        workers, pollers, builds, rows, patches, schedule = await asyncio.gather(
            self._workers(), self._pollers(), self.deployments.builds(), self._rows(), self._patches(), self._schedule()
        )
        return Workforce(
            has_worker=self.watch.workers,
            workers=workers,
            pollers=pollers,
            builds=builds,
            rows=rows,
            patches=patches,
            schedules=() if schedule is None else (schedule,),
        )

    async def _workers(self) -> tuple[WorkerView, ...]:
        try:
            beats = await fleet.heartbeats(self.temporal, self.task_queue)
        except TemporalRefused:  # this server keeps no list of workers
            return ()
        return tuple(sorted((view for view in self._views(beats) if not view.has_ended), key=lambda each: each.since))

    def _views(self, beats: Iterable[WorkerHeartbeat]) -> Iterable[WorkerView]:
        for beat in beats:
            yield WorkerView(
                identity=beat.worker_identity,
                host=beat.host_info.host_name or beat.worker_identity.partition("@")[2],
                queue=beat.task_queue,
                build=beat.deployment_version.build_id or None,
                since=beat.start_time.ToDatetime(UTC),
                last_heartbeat_at=beat.heartbeat_time.ToDatetime(UTC),
                silent_since=self.watch.silent_since(beat.worker_instance_key),
                is_leaving=beat.status in fleet.GONE,
                workflow_slots=_slots(beat.workflow_task_slots_info),
                activity_slots=_slots(beat.activity_task_slots_info),
            )

    async def _pollers(self) -> tuple[PollerView, ...]:
        found: list[PollerView] = []
        for work, kind in KINDS_OF_WORK.items():
            found += [
                PollerView(
                    queue=self.task_queue,
                    work=work,
                    identity=poller.identity,
                    last_poll_at=poller.last_access_time.ToDatetime(UTC),
                )
                for poller in await fleet.pollers(self.temporal, self.task_queue, kind)
            ]
        return tuple(found)

    async def _rows(self) -> tuple[RowsOfBuild, ...]:
        statement = (
            select(Execution.build_id, func.count())
            .where(Execution.status.in_((Status.PENDING, Status.RUNNING)))
            .group_by(Execution.build_id)
            .order_by(Execution.build_id)
            .limit(MOST)
        )
        async with self.database.reading() as connection:
            return tuple(RowsOfBuild(build=build, runs=runs) for build, runs in await connection.execute(statement))

    async def _patches(self) -> tuple[PatchView, ...]:
        views = []
        for kind in kinds.known():
            for patch in kind.patches:
                open_runs = f"WorkflowType = {quoted(kind.temporal_name)} AND {OPEN}"
                took = await self._count(f"{open_runs} AND TemporalChangeVersion = {quoted(patch)}")
                others = max(0, await self._count(open_runs) - took)
                views.append(
                    PatchView(
                        patch=patch,
                        workflow_type=kind.stored_name,
                        runs_with=took,
                        runs_without=others,
                        may_be_deprecated=others == 0,
                    )
                )
        return tuple(views)

    async def _count(self, query: str) -> int:
        client = self.temporal.client
        request = CountWorkflowExecutionsRequest(namespace=client.namespace, query=query)
        return (await ask(client.workflow_service.count_workflow_executions(request))).count

    async def _schedule(self) -> ScheduleView | None:
        try:
            described = await ask(self.temporal.client.get_schedule_handle(contracts.SCHEDULE_ID).describe())
        except TemporalRefused as refusal:
            if is_not_found(refusal):
                return None
            raise
        return _schedule_view(described)


def _slots(info: WorkerSlotsInfo) -> Slots:
    return Slots(used=info.current_used_slots, free=info.current_available_slots)


def _schedule_view(described: ScheduleDescription) -> ScheduleView:
    recent: datetime | None = max((action.started_at for action in described.info.recent_actions), default=None)
    return ScheduleView(
        id=described.id,
        is_paused=described.schedule.state.paused,
        note=described.schedule.state.note or None,
        next_at=next(iter(described.info.next_action_times), None),
        last_at=recent,
    )
