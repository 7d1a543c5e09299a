"""What we ask of Temporal about single steps of a run: which wait, and to try, hold or release one of them.

Steps are named by their activity's id within one run, never all at once: a server before 1.32 resets nothing when it is
asked to reset everything. What such a server does not know yet, it is asked in the older form.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    PauseActivityExecutionRequest,
    PauseActivityRequest,
    ResetActivityExecutionRequest,
    ResetActivityRequest,
    UnpauseActivityExecutionRequest,
    UnpauseActivityRequest,
)
from temporalio.service import RPCError, RPCStatusCode

from operations.errors import TemporalUnavailable
from operations.temporal import Temporal, ask

PAUSED = (
    PendingActivityState.PENDING_ACTIVITY_STATE_PAUSED,
    PendingActivityState.PENDING_ACTIVITY_STATE_PAUSE_REQUESTED,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PendingStep:
    """An activity of an open run that has not ended."""

    workflow_id: str
    run_id: str
    activity_id: str
    name: str
    attempt: int
    is_under_way: bool  #: a worker has it
    is_paused: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """By whom, why, and under which id: a repeat of one request is one request."""

    id: str
    by: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PendingSteps:
    """Of one namespace. No answer is `TemporalUnavailable`; a refusal is `TemporalRefused`."""

    temporal: Temporal

    async def named(self, workflow_id: str, run_id: str, name: str) -> PendingStep | None:
        """The one of this name; of several the one that has been tried most. None when there is none (any more)."""
        client = self.temporal.client
        request = DescribeWorkflowExecutionRequest(
            namespace=client.namespace, execution=WorkflowExecution(workflow_id=workflow_id, run_id=run_id)
        )
        answer = await ask(client.workflow_service.describe_workflow_execution(request))
        found = [each for each in answer.pending_activities if each.activity_type.name == name]
        most = max(found, key=lambda each: each.attempt, default=None)
        return None if most is None else _pending(workflow_id, run_id, most)

    async def try_now(self, step: PendingStep, request: Request) -> None:
        """Forget the wait for the next try, and never a pause; Temporal counts the tries from one again."""
        service, namespace = self.temporal.client.workflow_service, self.temporal.client.namespace
        await _known_or(
            service.reset_activity_execution(
                ResetActivityExecutionRequest(
                    namespace=namespace,
                    workflow_id=step.workflow_id,
                    run_id=step.run_id,
                    activity_id=step.activity_id,
                    identity=request.by,
                    request_id=request.id,
                    keep_paused=True,
                )
            ),
            lambda: service.reset_activity(
                ResetActivityRequest(
                    namespace=namespace,
                    execution=_execution(step),
                    identity=request.by,
                    id=step.activity_id,
                    keep_paused=True,
                )
            ),
        )

    async def pause(self, step: PendingStep, request: Request) -> None:
        """No further try begins; one that is under way goes on. The step's time limits go on, too."""
        service, namespace = self.temporal.client.workflow_service, self.temporal.client.namespace
        await _known_or(
            service.pause_activity_execution(
                PauseActivityExecutionRequest(
                    namespace=namespace,
                    workflow_id=step.workflow_id,
                    run_id=step.run_id,
                    activity_id=step.activity_id,
                    identity=request.by,
                    reason=request.why,
                    request_id=request.id,
                )
            ),
            lambda: service.pause_activity(
                PauseActivityRequest(
                    namespace=namespace,
                    execution=_execution(step),
                    identity=request.by,
                    id=step.activity_id,
                    reason=request.why,
                )
            ),
        )

    async def resume(self, step: PendingStep, request: Request) -> None:
        """The next try begins at once."""
        service, namespace = self.temporal.client.workflow_service, self.temporal.client.namespace
        await _known_or(
            service.unpause_activity_execution(
                UnpauseActivityExecutionRequest(
                    namespace=namespace,
                    workflow_id=step.workflow_id,
                    run_id=step.run_id,
                    activity_id=step.activity_id,
                    identity=request.by,
                    reason=request.why,
                    request_id=request.id,
                )
            ),
            lambda: service.unpause_activity(
                UnpauseActivityRequest(
                    namespace=namespace, execution=_execution(step), identity=request.by, id=step.activity_id
                )
            ),
        )


async def _known_or(newer: Awaitable[object], older: Callable[[], Awaitable[object]]) -> None:
    try:
        await ask(newer)
    except TemporalUnavailable as error:
        cause = error.__cause__
        if not (isinstance(cause, RPCError) and cause.status is RPCStatusCode.UNIMPLEMENTED):
            raise
        await ask(older())


def _execution(step: PendingStep) -> WorkflowExecution:
    return WorkflowExecution(workflow_id=step.workflow_id, run_id=step.run_id)


def _pending(workflow_id: str, run_id: str, info: PendingActivityInfo) -> PendingStep:
    return PendingStep(
        workflow_id=workflow_id,
        run_id=run_id,
        activity_id=info.activity_id,
        name=info.activity_type.name,
        attempt=info.attempt,
        is_under_way=info.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED,
        is_paused=info.paused or info.state in PAUSED,
    )
