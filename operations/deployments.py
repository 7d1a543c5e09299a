"""The builds of the workers as Temporal's Worker Deployments know them: which one is current, ramping, draining."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from time import monotonic
from typing import Self

from temporalio.api.deployment.v1 import RoutingConfig, WorkerDeploymentInfo
from temporalio.api.enums.v1 import WorkerDeploymentVersionStatus
from temporalio.api.workflowservice.v1 import (
    CountWorkflowExecutionsRequest,
    DescribeWorkerDeploymentRequest,
    DescribeWorkerDeploymentResponse,
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentRampingVersionRequest,
)

from operations.errors import InvalidInput, OperationsError, TemporalRefused
from operations.run_queries import OPEN, quoted
from operations.temporal import Temporal, ask, is_not_found

PATIENCE, LOOK = 10.0, 0.5  #: seconds for which workers that begin are waited for, and between two tries
NOT_YET = "missing active task queues"  #: in Temporal's words: they have not asked for all that the current build's do
CHANGED = "conflict token"  #: in Temporal's words: somebody else changed something since we looked
UNVERSIONED = ""  #: for a build, Temporal takes it as the workers without versioning


def name_of(task_queue: str) -> str:
    """The deployment of a queue's workers: Temporal joins it to a build by a colon, and did so by a full stop."""
    return task_queue.replace(".", "-").replace(":", "-")


class BuildUnknown(OperationsError):
    """Temporal knows no worker of this build. Start one with this build id, and try again."""


class BuildRefused(OperationsError):
    """Temporal refused the change; nothing was changed."""


def named(build: str) -> str:
    """The build. An empty one means something else to Temporal. Raises `InvalidInput`."""
    if not build.strip():
        raise InvalidInput({"build": "Name the build: it is empty. Nothing was changed."})
    return build


def share(percent: float) -> float:
    """The share of new runs. What is not a number Temporal would take. Raises `InvalidInput`."""
    if not 0 <= percent <= 100:
        raise InvalidInput({"percent": "The share must be a number from 0 to 100. Nothing was changed."})
    return percent


class BuildStatus(StrEnum):
    """Where a build stands in the life of a deployment."""

    INACTIVE = "inactive"  #: its workers wait, no run is given to them
    CURRENT = "current"  #: new runs begin on it
    RAMPING = "ramping"  #: a share of the new runs begins on it
    DRAINING = "draining"  #: no new run begins on it, and it still has some
    DRAINED = "drained"  #: nothing is left on it
    UNKNOWN = "unknown"


_STATUSES = {
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_INACTIVE: BuildStatus.INACTIVE,
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT: BuildStatus.CURRENT,
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_RAMPING: BuildStatus.RAMPING,
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING: BuildStatus.DRAINING,
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINED: BuildStatus.DRAINED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """One build, and the runs that only its workers can take up."""

    build: str
    status: BuildStatus
    runs: int  #: in flight, by Temporal's own count
    ramp_percent: float | None = None
    since: datetime | None = None  #: its workers were first seen
    may_be_switched_off: bool  #: no run needs its workers, and none will begin on them


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployments:
    """One deployment, named like this installation's task queue. No answer is `TemporalUnavailable`."""

    temporal: Temporal
    name: str

    @classmethod
    def of(cls, temporal: Temporal, task_queue: str) -> Self:
        return cls(temporal=temporal, name=name_of(task_queue))

    async def builds(self) -> tuple[Build, ...]:
        """Newest first; none where no versioned worker has polled yet."""
        answer = await self._described()
        if answer is None:
            return ()
        deployment = answer.worker_deployment_info
        summaries = sorted(
            deployment.version_summaries, key=lambda each: each.create_time.ToNanoseconds(), reverse=True
        )
        return tuple([await self._build(each, deployment.routing_config) for each in summaries])

    async def _described(self) -> DescribeWorkerDeploymentResponse | None:
        """None where no versioned worker has polled yet."""
        client = self.temporal.client
        request = DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=self.name)
        try:
            return await ask(client.workflow_service.describe_worker_deployment(request))
        except TemporalRefused as refusal:
            if is_not_found(refusal):
                return None
            raise

    async def _build(
        self, version: WorkerDeploymentInfo.WorkerDeploymentVersionSummary, routing: RoutingConfig
    ) -> Build:
        name = version.deployment_version.build_id
        status, runs = _STATUSES.get(version.status, BuildStatus.UNKNOWN), await self._runs(name)
        is_ramping = name == routing.ramping_deployment_version.build_id
        return Build(
            build=name,
            status=status,
            runs=runs,
            ramp_percent=routing.ramping_version_percentage if is_ramping else None,
            since=version.create_time.ToDatetime(UTC),
            # Temporal itself looks at drainage only now and then; its count is newer.
            may_be_switched_off=runs == 0
            and status in (BuildStatus.DRAINING, BuildStatus.DRAINED, BuildStatus.INACTIVE),
        )

    async def make_current(self, build: str, *, by: str) -> None:
        """New runs begin on it, and those that may move go on there. Raises `BuildUnknown` and `BuildRefused`."""
        await self._set_current(named(build), by)

    async def use_unversioned(self, *, by: str) -> None:
        """New runs begin on workers without versioning, all of them. Raises `BuildRefused`."""
        known = await self._described()
        if known is None:
            return
        if known.worker_deployment_info.routing_config.ramping_version:
            await self._set_ramp(UNVERSIONED, 0, by, known.conflict_token)
        await self._set_current(UNVERSIONED, by)

    async def ramp(self, build: str, percent: float, *, by: str) -> None:
        """A share of the new runs begins on it; 0 ends that. Raises `BuildUnknown` and `BuildRefused`."""
        if share(percent):
            await self._set_ramp(named(build), percent, by)
        else:
            await self._end_ramp(named(build), by)

    async def _end_ramp(self, build: str, by: str) -> None:
        """With 0 % it would go on ramping, and could never be switched off: Temporal wants it to be no build's."""
        known = await self._described()
        deployment = None if known is None else known.worker_deployment_info
        builds = [each.deployment_version.build_id for each in deployment.version_summaries] if deployment else []
        if known is None or deployment is None or build not in builds:
            raise self.unknown(build)
        if build == deployment.routing_config.current_deployment_version.build_id:
            raise BuildRefused(
                f"All new runs begin on {build} but those of a ramp: it is current. Make another build current"
                " instead. Nothing was changed."
            )
        if build == deployment.routing_config.ramping_deployment_version.build_id:
            await self._set_ramp(UNVERSIONED, 0, by, known.conflict_token)

    async def _set_current(self, build: str, by: str) -> None:
        client = self.temporal.client
        request = SetWorkerDeploymentCurrentVersionRequest(
            namespace=client.namespace, deployment_name=self.name, build_id=build, identity=by
        )
        await self._change(build, lambda: client.workflow_service.set_worker_deployment_current_version(request))

    async def _set_ramp(self, build: str, percent: float, by: str, if_still: bytes = b"") -> None:
        """`if_still`: Temporal's token for how things stood; else it refuses."""
        client = self.temporal.client
        request = SetWorkerDeploymentRampingVersionRequest(
            namespace=client.namespace,
            deployment_name=self.name,
            build_id=build,
            percentage=percent,
            identity=by,
            conflict_token=if_still,
        )
        await self._change(build, lambda: client.workflow_service.set_worker_deployment_ramping_version(request))

    async def _change(self, build: str, request: Callable[[], Awaitable[object]]) -> None:
        """Workers that were just started ask for one sort of work a moment before the other: they are waited for."""
        until = monotonic() + PATIENCE
        while True:
            try:
                await ask(request())
                return
            except TemporalRefused as refusal:
                if is_not_found(refusal):
                    raise self.unknown(build) from None
                if CHANGED in refusal.message:
                    raise BuildRefused(
                        "Somebody else changed the builds at the same moment. Look at “tenantry deploy status”, and"
                        " try again. Nothing was changed."
                    ) from None
                if NOT_YET not in refusal.message or monotonic() >= until:
                    raise BuildRefused(f"Temporal refused: {refusal.message}. Nothing was changed.") from None
            await asyncio.sleep(LOOK)

    def unknown(self, build: str) -> BuildUnknown:
        return BuildUnknown(
            f"Temporal knows no worker of build {build} in the deployment {self.name}. Start one with this build id, or"
            " name a build that “tenantry deploy status” lists. Nothing was changed."
        )

    async def _runs(self, build: str) -> int:
        """In flight, as their last task left them: one that may move on stays here until its next task."""
        client = self.temporal.client
        query = f"TemporalWorkerDeploymentVersion = {quoted(f'{self.name}:{build}')} AND {OPEN}"
        request = CountWorkflowExecutionsRequest(namespace=client.namespace, query=query)
        return (await ask(client.workflow_service.count_workflow_executions(request))).count
