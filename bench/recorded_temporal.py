"""Temporal's answers, counted: those of a real server, or generated ones in the same messages."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import SearchAttributes, WorkflowExecution
from temporalio.api.enums.v1 import EventType, WorkflowExecutionStatus
from temporalio.api.history.v1 import History, HistoryEvent, WorkflowExecutionTerminatedEventAttributes
from temporalio.api.namespace.v1 import NamespaceInfo
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeNamespaceResponse,
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
    GetWorkflowExecutionHistoryReverseRequest,
    GetWorkflowExecutionHistoryReverseResponse,
    ListWorkflowExecutionsRequest,
    ListWorkflowExecutionsResponse,
)
from temporalio.client import Client
from temporalio.converter import DataConverter, DefaultPayloadConverter
from temporalio.service import RPCError, RPCStatusCode

from operations import contracts
from operations.temporal import Temporal

BEGAN = datetime.now(UTC) - timedelta(hours=1)
#: How runs that drifted closed, in turn; None: Temporal has lost them.
ENDS = (
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_FAILED,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TIMED_OUT,
    None,
)
RUNNING = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING


class Counted:
    """A workflow service whose calls are counted by name."""

    def __init__(self, service: object) -> None:
        self._service = service
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Callable[..., Awaitable[object]]:
        call = getattr(self._service, name)

        async def counted(*given: object, **named: object) -> object:
            self.calls[name] += 1
            return cast("object", await call(*given, **named))

        return counted


@dataclass(frozen=True, kw_only=True, slots=True)
class StandIn:
    """As much of a client as an observer uses."""

    workflow_service: Counted
    namespace: str
    data_converter: DataConverter


def watched(client: Client) -> tuple[Temporal, Counted]:
    """A real server, and the count of what it is asked."""
    return _counted(client.workflow_service)


def recorded(ids: Sequence[UUID], prefix: str, *, one_in: int) -> tuple[Temporal, Counted]:
    """A run for each execution, called `prefix` and its place; one in so many has closed or is gone."""
    return _counted(Recorded(ids, prefix, one_in))


def recorded_run_id(number: int) -> str:
    return f"run-{number}"


def _counted(service: object) -> tuple[Temporal, Counted]:
    counted = Counted(service)
    stand_in = StandIn(workflow_service=counted, namespace="default", data_converter=DataConverter.default)
    return Temporal(client=cast("Client", stand_in)), counted


class Recorded:
    """Answers as the server does, without keeping more than the ids."""

    def __init__(self, ids: Sequence[UUID], prefix: str, one_in: int) -> None:
        self._ids, self._prefix, self._one_in = ids, prefix, one_in

    async def describe_namespace(self, _: DescribeNamespaceRequest) -> DescribeNamespaceResponse:
        return DescribeNamespaceResponse(namespace_info=NamespaceInfo(id="recorded"))

    async def list_workflow_executions(
        self, request: ListWorkflowExecutionsRequest, **_: object
    ) -> ListWorkflowExecutionsResponse:
        """Open runs alone, as that is all that a pass over running rows asks for."""
        if "ExecutionStatus = 'Running'" not in request.query:
            raise ValueError(f"Only open runs were generated: {request.query}")
        first = int(request.next_page_token or b"0")
        last = min(first + request.page_size, len(self._ids))
        runs = [self._info(number) for number in range(first, last) if number % self._one_in]
        answer = ListWorkflowExecutionsResponse(
            executions=[info for info in runs if info],
            next_page_token=str(last).encode() if last < len(self._ids) else b"",
        )
        return ListWorkflowExecutionsResponse.FromString(answer.SerializeToString())

    async def describe_workflow_execution(
        self, request: DescribeWorkflowExecutionRequest, **_: object
    ) -> DescribeWorkflowExecutionResponse:
        info = self._info(int(request.execution.workflow_id.removeprefix(self._prefix)))
        if info is None:
            raise RPCError("workflow not found", RPCStatusCode.NOT_FOUND, b"")
        answer = DescribeWorkflowExecutionResponse(workflow_execution_info=info)
        return DescribeWorkflowExecutionResponse.FromString(answer.SerializeToString())

    async def get_workflow_execution_history_reverse(
        self, _: GetWorkflowExecutionHistoryReverseRequest
    ) -> GetWorkflowExecutionHistoryReverseResponse:
        ended = HistoryEvent(
            event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
            workflow_execution_terminated_event_attributes=WorkflowExecutionTerminatedEventAttributes(
                reason="drift", identity="bench"
            ),
        )
        return GetWorkflowExecutionHistoryReverseResponse(history=History(events=[ended]))

    def _info(self, number: int) -> WorkflowExecutionInfo | None:
        status = RUNNING if number % self._one_in else ENDS[number // self._one_in % len(ENDS)]
        if status is None:
            return None
        mark = DefaultPayloadConverter().to_payload(str(self._ids[number]))
        return WorkflowExecutionInfo(
            execution=WorkflowExecution(workflow_id=f"{self._prefix}{number}", run_id=recorded_run_id(number)),
            status=status,
            start_time=_moment(BEGAN),
            close_time=None if status == RUNNING else _moment(BEGAN + timedelta(minutes=5)),
            search_attributes=SearchAttributes(indexed_fields={contracts.OPERATION_UUID: mark}),
        )


def _moment(moment: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
