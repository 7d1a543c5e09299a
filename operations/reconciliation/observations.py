"""What a pass asks of Temporal: the namespace, lists as hints, one run's description as verdict, how a run closed."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    GetWorkflowExecutionHistoryRequest,
    GetWorkflowExecutionHistoryReverseRequest,
    ListWorkflowExecutionsRequest,
)
from temporalio.exceptions import ApplicationError

from operations import contracts, kinds, phrases
from operations.error_texts import root_cause
from operations.errors import TemporalRefused, TemporalUnavailable
from operations.run_queries import OPEN, quoted
from operations.temporal import Run, RunStatus, Temporal, ask, is_not_found, operation_uuid, run_status

PAGE = 1000  #: runs per page; Temporal caps it there
LIST_BUDGET = 15.0  #: seconds for one page
LAST_EVENTS = 20  #: of a history: the close event, and the request to cancel before it


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A run as a list has it: a hint, as lists lag."""

    workflow_id: str
    run_id: str
    status: RunStatus
    execution_id: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Closing:
    """How a run closed, in words; `by` is whoever ended it from outside."""

    error: str | None = None
    by: str | None = None
    reason: str | None = None
    is_rejection: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Beginning:
    """With what a run was started."""

    workflow_type: str
    task_queue: str
    arguments: tuple[object, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Observer:
    """Looks at one namespace. No answer is `TemporalUnavailable`; a refusal is `TemporalRefused`."""

    temporal: Temporal

    async def namespace_id(self) -> str:
        """Temporal's own id of the namespace; another one under the same name is another world."""
        request = DescribeNamespaceRequest(namespace=self.temporal.client.namespace)
        try:
            answer = await ask(self.temporal.client.workflow_service.describe_namespace(request))
        except TemporalRefused as refusal:
            raise TemporalUnavailable(f"The namespace does not answer: {refusal.message}") from refusal
        return answer.namespace_info.id

    async def open_runs(self, task_queues: Collection[str]) -> AsyncIterator[list[Listed]]:
        """Pages of the open runs of our types on these queues; a namespace may be shared."""
        if not task_queues:
            return
        types = ", ".join(quoted(kind.temporal_name) for kind in kinds.known())
        queues = ", ".join(quoted(queue) for queue in sorted(task_queues))
        async for page in self.pages(f"{OPEN} AND WorkflowType IN ({types}) AND TaskQueue IN ({queues})"):
            yield page

    async def runs_named(self, workflow_ids: Sequence[str]) -> list[Listed]:
        """All runs, open or closed, that the lists have under these ids."""
        names = ", ".join(quoted(name) for name in workflow_ids)
        return [each async for page in self.pages(f"WorkflowId IN ({names})") for each in page]

    async def describe(
        self, workflow_id: str, known_run_id: str | None, execution_id: str, *, is_over: bool = False
    ) -> Run | None:
        """The latest run; where that is a stranger's, the run that the row knew, if it still exists.

        A mark can be copied, a descent cannot: another run is ours only when it and the one that the row knows belong
        to one chain. Of a row that `is_over` the stranger itself is told as long as it is open.
        """
        run = await self.temporal.describe(workflow_id)
        if run is None or known_run_id in (None, run.run_id):
            return run
        is_marked = run.execution_id == execution_id
        if is_marked and run.first_run_id == known_run_id:
            return run
        known = await self.temporal.describe(workflow_id, known_run_id or "")
        if is_marked and known is not None and run.first_run_id == known.first_run_id:
            return run
        stranger = replace(run, is_stranger=True)
        return stranger if is_over and run.status.is_open else known or stranger

    async def beginning(self, run: Run) -> Beginning:
        """With what a run was started. Raises `TemporalRefused` when its history is gone."""
        request = GetWorkflowExecutionHistoryRequest(
            namespace=self.temporal.client.namespace,
            execution=WorkflowExecution(workflow_id=run.workflow_id, run_id=run.run_id),
            maximum_page_size=1,
        )
        answer = await ask(self.temporal.client.workflow_service.get_workflow_execution_history(request))
        first = answer.history.events[0].workflow_execution_started_event_attributes
        arguments = await self.temporal.client.data_converter.decode(list(first.input.payloads))
        return Beginning(
            workflow_type=first.workflow_type.name, task_queue=first.task_queue.name, arguments=tuple(arguments)
        )

    async def asked_at(self, run: Run) -> datetime | None:
        """When a run asked for a decision, as long as it has not read one."""
        names: dict[int, str] = {}
        asked: datetime | None = None
        async for event in self._history(run):
            if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
                names[event.event_id] = event.activity_task_scheduled_event_attributes.activity_type.name
            elif event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                completed = event.activity_task_completed_event_attributes
                match names.get(completed.scheduled_event_id):
                    case contracts.REQUEST_APPROVAL:
                        asked = event.event_time.ToDatetime(UTC)
                    case contracts.SETTLE_APPROVAL:
                        if any(await self.temporal.client.data_converter.decode(list(completed.result.payloads))):
                            asked = None
        return asked

    async def _history(self, run: Run) -> AsyncIterator[HistoryEvent]:
        token = b""
        while True:
            request = GetWorkflowExecutionHistoryRequest(
                namespace=self.temporal.client.namespace,
                execution=WorkflowExecution(workflow_id=run.workflow_id, run_id=run.run_id),
                next_page_token=token,
            )
            answer = await ask(self.temporal.client.workflow_service.get_workflow_execution_history(request))
            for event in answer.history.events:
                yield event
            token = answer.next_page_token
            if not token:
                return

    async def closing(self, run: Run) -> Closing:
        """Reason, actor and cause from the last events of a closed run's history."""
        service = self.temporal.client.workflow_service
        request = GetWorkflowExecutionHistoryReverseRequest(
            namespace=self.temporal.client.namespace,
            execution=WorkflowExecution(workflow_id=run.workflow_id, run_id=run.run_id),
            maximum_page_size=LAST_EVENTS,
        )
        try:
            answer = await ask(service.get_workflow_execution_history_reverse(request))
        except TemporalRefused as refusal:
            if is_not_found(refusal):
                return Closing()
            raise
        return await self._words(list(answer.history.events))

    async def _words(self, latest_first: list[HistoryEvent]) -> Closing:
        """`latest_first` begins with the close event of a closed run."""
        if not latest_first:
            return Closing()
        last = latest_first[0]
        match last.event_type:
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
                ended = last.workflow_execution_terminated_event_attributes
                return _by_somebody("Terminated", ended.identity, ended.reason)
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
                return _cancelled(latest_first)
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
                return Closing(error="Timed out: the time limit of the whole run passed.")
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
                failure = last.workflow_execution_failed_event_attributes.failure
                cause = await self.temporal.client.data_converter.decode_failure(failure)
                rejected = isinstance(cause, ApplicationError) and cause.type == contracts.REJECTED
                return Closing(error=root_cause(cause), is_rejection=rejected)
        return Closing()

    async def pages(self, query: str) -> AsyncIterator[list[Listed]]:
        """Pages of the runs that a query finds."""
        token = b""
        while True:
            request = ListWorkflowExecutionsRequest(
                namespace=self.temporal.client.namespace, page_size=PAGE, query=query, next_page_token=token
            )
            answer = await ask(
                self.temporal.client.workflow_service.list_workflow_executions(
                    request, timeout=timedelta(seconds=LIST_BUDGET)
                ),
                within=LIST_BUDGET,
            )
            yield [_listed(info) for info in answer.executions]
            token = answer.next_page_token
            if not token:
                return


def _listed(info: WorkflowExecutionInfo) -> Listed:
    return Listed(
        workflow_id=info.execution.workflow_id,
        run_id=info.execution.run_id,
        status=run_status(info.status),
        execution_id=operation_uuid(info),
    )


def _cancelled(latest_first: list[HistoryEvent]) -> Closing:
    """Who asked and why stands in an event of its own."""
    for event in latest_first:
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
            asked = event.workflow_execution_cancel_requested_event_attributes
            return _by_somebody("Cancelled", asked.identity, asked.cause)
    return Closing(error="Cancelled.")


def _by_somebody(how: str, identity: str, said: str) -> Closing:
    """Tenantry's own requests name the person who asked; the identity is that of the process alone."""
    why, name = phrases.reason_and_name(said)
    by = name or identity
    return Closing(error=phrases.ended(how, by, why), by=by, reason=why)
