"""What Temporal says of one run that stands still: one description, and its history only where that says too little."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, PendingActivityState, VersioningBehavior, WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflow.v1 import PendingActivityInfo, WorkflowExecutionVersioningInfo
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
    GetWorkflowExecutionHistoryReverseRequest,
    ListWorkflowExecutionsRequest,
)

from operations import contradictions, kinds
from operations.diagnosis.evidence import Awaited
from operations.diagnosis.facts import CodeFact, RunFact, RunState, StepFact
from operations.error_texts import root_cause
from operations.errors import TemporalRefused
from operations.statuses import StepStatus
from operations.temporal import RunStatus, Temporal, ask, is_not_found, run_status

EVENTS = 100  #: of a history, the newest: what failed last, and which timers run, stands there
CONTRADICTION = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR
UNKNOWN_TYPE = "is not registered on this worker"
PROBLEMS = "TemporalReportedProblems IS NOT NULL AND ExecutionStatus = 'Running'"
PAGE, PAGES = 1000, 5  #: of the list of reported problems


@dataclass(frozen=True, kw_only=True, slots=True)
class Describer:
    """Asks about single runs. No answer is `TemporalUnavailable`."""

    temporal: Temporal

    async def describe(self, workflow_id: str, run_id: str | None) -> RunFact:
        """The latest run of the id, as far as one description tells."""
        client = self.temporal.client
        request = DescribeWorkflowExecutionRequest(
            namespace=client.namespace, execution=WorkflowExecution(workflow_id=workflow_id)
        )
        try:
            answer = await ask(client.workflow_service.describe_workflow_execution(request))
        except TemporalRefused as refusal:
            if is_not_found(refusal):
                return RunFact(state=RunState.MISSING)
            raise
        info = answer.workflow_execution_info
        status = run_status(info.status)
        if run_id is not None and info.execution.run_id != run_id:
            return RunFact(state=RunState.REPLACED)
        if status is RunStatus.PAUSED:
            paused = answer.workflow_extended_info.pause_info
            at = paused.paused_time.ToDatetime(UTC) if paused.HasField("paused_time") else None
            return RunFact(
                state=RunState.PAUSED, paused_at=at, paused_by=paused.identity or None, paused_why=paused.reason or None
            )
        if not status.is_open:
            return RunFact(state=RunState.CLOSED)
        return replace(await self._open(answer), history=(info.execution.run_id, info.history_length))

    async def _open(self, answer: DescribeWorkflowExecutionResponse) -> RunFact:
        pending = await self._pending(answer.pending_activities)
        code, build = _code(answer), _pinned_to(answer.workflow_execution_info.versioning_info)
        if pending is not None:
            step, activity = pending
            paused = activity.pause_info if activity.HasField("pause_info") else None
            return RunFact(
                build=build,
                code=code,
                step=step,
                paused_at=None if paused is None else paused.pause_time.ToDatetime(UTC),
                paused_by=None if paused is None else paused.manual.identity or None,
                paused_why=None if paused is None else paused.manual.reason or None,
            )
        if code is not None:
            return RunFact(build=build, code=code)
        if answer.pending_children:
            return RunFact(awaited=Awaited.CHILD)
        return RunFact(awaited=Awaited.NOT_SEEN)

    async def _pending(self, activities: Sequence[PendingActivityInfo]) -> tuple[StepFact, PendingActivityInfo] | None:
        """The one that explains most: paused, failed before, untaken, under way."""
        if not activities:
            return None
        activity = min(activities, key=_rank)
        is_paused = _is_paused(activity)
        is_scheduled = activity.state == PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
        waits = is_scheduled or is_paused
        error = None
        if activity.HasField("last_failure"):
            error = root_cause(await self.temporal.client.data_converter.decode_failure(activity.last_failure))
        backs_off = waits and activity.HasField("next_attempt_schedule_time")
        step = StepFact(
            name=activity.activity_type.name,
            status=StepStatus.RETRYING if waits and activity.attempt > 1 else StepStatus.RUNNING,
            tries=max(1, activity.attempt - 1 if waits else activity.attempt),
            error=error,
            next_try_at=activity.next_attempt_schedule_time.ToDatetime(UTC) if backs_off else None,
            worker=activity.last_worker_identity or None,
            is_paused=is_paused,
            is_scheduled=is_scheduled and not is_paused and not backs_off,
            queue=activity.activity_options.task_queue.name or None,
        )
        return step, activity

    async def explain(self, run: RunFact, workflow_id: str, run_id: str | None) -> RunFact:
        """With what only the history tells: why the code failed, or what a run waits for with nothing pending."""
        events = await self._newest(workflow_id, run_id)
        if run.history is not None:
            run = replace(run, history=(run.history[0], events[0].event_id if events else 0))
        if run.code is not None and run.code.failures:
            return replace(run, code=await self._failure(run.code, events))
        until = _next_timer(events)
        if until is not None:
            return replace(run, awaited=Awaited.TIMER, until=until)
        return replace(run, awaited=Awaited.SIGNAL)

    async def problems(self) -> dict[str, CodeFact]:
        """Runs whose code keeps failing, by workflow id; Temporal lists them after some failures, and with some lag."""
        client = self.temporal.client
        types = ", ".join(f"'{kind.temporal_name}'" for kind in kinds.known())
        query, token = f"{PROBLEMS} AND WorkflowType IN ({types})", b""
        found: dict[str, CodeFact] = {}
        for _ in range(PAGES):
            request = ListWorkflowExecutionsRequest(
                namespace=client.namespace, query=query, page_size=PAGE, next_page_token=token
            )
            answer = await ask(client.workflow_service.list_workflow_executions(request))
            for info in answer.executions:
                said = info.search_attributes.indexed_fields.get("TemporalReportedProblems")
                is_contradiction = said is not None and b"NonDeterministicError" in said.data
                if said is not None and b"category=WorkflowTask" in said.data:
                    found[info.execution.workflow_id] = CodeFact(failures=1, contradicts_history=is_contradiction)
            token = answer.next_page_token
            if not token:
                break
        return found

    async def _newest(self, workflow_id: str, run_id: str | None) -> list[HistoryEvent]:
        client = self.temporal.client
        request = GetWorkflowExecutionHistoryReverseRequest(
            namespace=client.namespace,
            execution=WorkflowExecution(workflow_id=workflow_id, run_id=run_id or ""),
            maximum_page_size=EVENTS,
        )
        answer = await ask(client.workflow_service.get_workflow_execution_history_reverse(request))
        return list(answer.history.events)

    async def _failure(self, code: CodeFact, events: Sequence[HistoryEvent]) -> CodeFact:
        """Of a series of failures the history has the first one; of one that timed out, that the worker was silent."""
        for event in events:
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
                failed = event.workflow_task_failed_event_attributes
                error = root_cause(await self.temporal.client.data_converter.decode_failure(failed.failure))
                contradicts = failed.cause == CONTRADICTION
                return replace(
                    code,
                    error=contradictions.words(error) if contradicts else error,
                    contradicts_history=contradicts,
                    build=_build(events, failed.started_event_id),
                    is_unknown_type=UNKNOWN_TYPE in error,
                )
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
                return replace(code, error="A worker took the work and never answered.")
        return code


def _code(answer: DescribeWorkflowExecutionResponse) -> CodeFact | None:
    if not answer.HasField("pending_workflow_task"):
        return None
    task = answer.pending_workflow_task
    return CodeFact(failures=max(0, task.attempt - 1), is_scheduled=not task.HasField("started_time"))


def _pinned_to(info: WorkflowExecutionVersioningInfo) -> str | None:
    """The build whose workers alone can take the run up."""
    if info.versioning_override.HasField("pinned"):
        return info.versioning_override.pinned.version.build_id or None
    is_pinned = info.behavior == VersioningBehavior.VERSIONING_BEHAVIOR_PINNED
    return info.deployment_version.build_id or None if is_pinned else None


def _build(events: Sequence[HistoryEvent], started_event_id: int) -> str | None:
    """Of the worker that took the piece of work: with its failure Temporal notes none."""
    started = next((event for event in events if event.event_id == started_event_id), None)
    return None if started is None else started.workflow_task_started_event_attributes.worker_version.build_id or None


def _is_paused(activity: PendingActivityInfo) -> bool:
    return activity.paused or activity.state in (
        PendingActivityState.PENDING_ACTIVITY_STATE_PAUSED,
        PendingActivityState.PENDING_ACTIVITY_STATE_PAUSE_REQUESTED,
    )


def _rank(activity: PendingActivityInfo) -> tuple[bool, bool, bool]:
    is_scheduled = activity.state == PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
    return (not _is_paused(activity), activity.attempt <= 1, not is_scheduled)


def _next_timer(events: Sequence[HistoryEvent]) -> datetime | None:
    """When the timer that runs rings first; `events` begin with the newest."""
    over: set[int] = set()
    rings: list[datetime] = []
    for event in events:
        if event.event_type == EventType.EVENT_TYPE_TIMER_FIRED:
            over.add(event.timer_fired_event_attributes.started_event_id)
        elif event.event_type == EventType.EVENT_TYPE_TIMER_CANCELED:
            over.add(event.timer_canceled_event_attributes.started_event_id)
        elif event.event_type == EventType.EVENT_TYPE_TIMER_STARTED and event.event_id not in over:
            limit = event.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta()
            rings.append(event.event_time.ToDatetime(UTC) + limit)
    return min(rings, default=None)
