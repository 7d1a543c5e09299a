"""What we ask of Temporal. Every call is bounded from outside, and every answer is one of three: yes, no, unknown.

The SDK's `rpc_timeout` bounds one try and not the call, and a lazy client that cannot connect raises a bare
RuntimeError after up to 30 s; therefore `ask` wraps each call. Runs are described by the raw RPC: the SDK's
own `describe` raises on statuses it does not know, such as paused.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Self, TypeVar
from uuid import UUID

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import IndexedValueType, WorkflowExecutionStatus
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.converter import DefaultPayloadConverter
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from operations import contracts, refusals
from operations.errors import TemporalRefused, TemporalUnavailable
from operations.settings import temporal_profile
from operations.start_header import marking

BUDGET = 5.0  #: seconds that any question to Temporal may take
KEYWORD = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
OPERATION_UUID = SearchAttributeKey.for_keyword(contracts.OPERATION_UUID)
#: What repeating cannot change. Anything else (unreachable, overloaded, key expired, namespace misspelt) may heal.
REFUSALS = frozenset(
    {
        RPCStatusCode.INVALID_ARGUMENT,
        RPCStatusCode.NOT_FOUND,
        RPCStatusCode.ALREADY_EXISTS,
        RPCStatusCode.FAILED_PRECONDITION,
        RPCStatusCode.OUT_OF_RANGE,
    }
)
#: These may heal, but not without somebody; what the server says of them may quote the key.
KEY_REFUSED = {
    RPCStatusCode.UNAUTHENTICATED: "it does not accept the API key (TEMPORAL_API_KEY)",
    RPCStatusCode.PERMISSION_DENIED: "the API key or certificate has no right to this namespace",
}
AnswerT = TypeVar("AnswerT")


class RunStatus(StrEnum):
    """Temporal's word for a run."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"
    TERMINATED = "terminated"
    CONTINUED_AS_NEW = "continued_as_new"
    TIMED_OUT = "timed_out"
    PAUSED = "paused"
    UNKNOWN = "unknown"  #: a status that this version does not know

    @property
    def is_open(self) -> bool:
        return self in (RunStatus.RUNNING, RunStatus.PAUSED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """A run to start."""

    workflow_id: str
    temporal_name: str
    task_queue: str
    execution_id: UUID
    arguments: tuple[object, ...]
    is_begun_by_others: bool = False  #: all workers know that the run does not report its beginning itself


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """The latest run of a workflow id, as Temporal describes it (strongly consistent, unlike its lists)."""

    workflow_id: str
    run_id: str
    status: RunStatus
    execution_id: str | None  #: its `OperationUUID`
    started_at: datetime
    closed_at: datetime | None
    is_cancel_requested: bool = False  #: also of a closed one: whether it was asked before it closed
    first_run_id: str | None = None  #: of the chain that resets, retries and continuations make; a start begins one
    is_stranger: bool = False  #: it carries our mark, and does not descend from the run that the row knows


class AlreadyStarted(Exception):
    """Temporal has a run, open or closed, under this workflow id."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Temporal:
    """One namespace of Temporal, through a client that connects at its first use."""

    client: Client

    @classmethod
    async def connect_lazily(cls) -> Self:
        """Connects nothing yet, so that a process starts and stays up while Temporal is down."""
        profile = temporal_profile()
        return cls(client=await Client.connect(**profile.to_client_connect_config(), lazy=True))

    @classmethod
    async def at(cls, address: str, namespace: str = "default") -> Self:
        """The same for an address, whatever the environment says."""
        return cls(client=await Client.connect(address, namespace=namespace, lazy=True))

    async def start(self, start: Start) -> str:
        """Start a run and return its run id; raises `AlreadyStarted`, `TemporalRefused` or `TemporalUnavailable`.

        REJECT_DUPLICATE also refuses ids of closed runs. USE_EXISTING is not used: it would silently adopt a
        stranger's run.
        """
        try:
            handle = await ask(
                (marking(self.client) if start.is_begun_by_others else self.client).start_workflow(
                    start.temporal_name,
                    args=start.arguments,
                    id=start.workflow_id,
                    task_queue=start.task_queue,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    search_attributes=TypedSearchAttributes(
                        [SearchAttributePair(OPERATION_UUID, str(start.execution_id))]
                    ),
                    rpc_timeout=timedelta(seconds=BUDGET / 2),
                )
            )
        except WorkflowAlreadyStartedError:
            raise AlreadyStarted from None
        except TemporalRefused as refusal:
            if is_not_found(refusal):
                raise TemporalUnavailable(f"The namespace is not there: {refusal.message}") from refusal
            raise
        return handle.result_run_id or ""

    async def describe(self, workflow_id: str, run_id: str = "") -> Run | None:
        """The latest run of `workflow_id`, or exactly `run_id`; None when this namespace knows no such one."""
        request = DescribeWorkflowExecutionRequest(
            namespace=self.client.namespace, execution=WorkflowExecution(workflow_id=workflow_id, run_id=run_id)
        )
        try:
            answer = await ask(
                self.client.workflow_service.describe_workflow_execution(request, timeout=timedelta(seconds=BUDGET / 2))
            )
        except TemporalRefused as refusal:
            if is_not_found(refusal):
                return None
            raise
        info = answer.workflow_execution_info
        return Run(
            workflow_id=info.execution.workflow_id,
            run_id=info.execution.run_id,
            status=run_status(info.status),
            execution_id=operation_uuid(info),
            started_at=info.start_time.ToDatetime(UTC),
            closed_at=info.close_time.ToDatetime(UTC) if info.HasField("close_time") else None,
            is_cancel_requested=answer.workflow_extended_info.cancel_requested,
            first_run_id=info.first_run_id or None,
        )

    async def terminate(self, workflow_id: str, run_id: str, *, reason: str) -> bool:
        """End exactly this run by force; False when Temporal knows it no more as an open one."""
        handle = self.client.get_workflow_handle(workflow_id, run_id=run_id)
        return await _is_taken(handle.terminate(reason=reason, rpc_timeout=timedelta(seconds=BUDGET / 2)))

    async def cancel(self, workflow_id: str, run_id: str, *, reason: str) -> bool:
        """Ask exactly this run to end in order; False when Temporal knows it no more as an open one."""
        handle = self.client.get_workflow_handle(workflow_id, run_id=run_id)
        return await _is_taken(handle.cancel(reason=reason, rpc_timeout=timedelta(seconds=BUDGET / 2)))

    async def signal(self, workflow_id: str, run_id: str, name: str) -> None:
        """Send a signal without arguments to exactly this run."""
        handle = self.client.get_workflow_handle(workflow_id, run_id=run_id)
        await ask(handle.signal(name, rpc_timeout=timedelta(seconds=BUDGET / 2)))

    async def was_signaled(self, workflow_id: str, run_id: str, name: str) -> bool:
        """Whether the history of this run has the signal; for a signal whose answer was lost before the run ended."""
        history = await ask(self.client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history())
        return any(each.workflow_execution_signaled_event_attributes.signal_name == name for each in history.events)

    async def answers(self) -> bool:
        """Whether the frontend serves, asked with a short deadline."""
        try:
            return await ask(self.client.service_client.check_health(timeout=timedelta(seconds=1)), within=1.5)
        except (TemporalUnavailable, TemporalRefused):
            return False

    async def has_search_attribute(self) -> bool:
        """Whether runs can carry `OperationUUID`; without it every start is refused."""
        request = ListSearchAttributesRequest(namespace=self.client.namespace)
        known = await ask(self.client.operator_service.list_search_attributes(request))
        return known.custom_attributes.get(contracts.OPERATION_UUID) == KEYWORD

    async def ensure_search_attribute(self) -> bool:
        """Register `OperationUUID` where missing; False when it exists as something other than a Keyword.

        Adding an attribute that exists with another type is silently ignored by Temporal, hence the second look.
        """
        if await self.has_search_attribute():
            return True
        request = AddSearchAttributesRequest(
            namespace=self.client.namespace, search_attributes={contracts.OPERATION_UUID: KEYWORD}
        )
        await ask(self.client.operator_service.add_search_attributes(request))
        return await self.has_search_attribute()


async def _is_taken(request: Awaitable[None]) -> bool:
    """Temporal answers NOT_FOUND for a run that has ended; the caller looks at how it ended."""
    try:
        await ask(request)
    except TemporalRefused as refusal:
        if not is_not_found(refusal):
            raise
        return False
    return True


def is_not_found(refusal: TemporalRefused) -> bool:
    """Whether Temporal knows no such thing."""
    cause = refusal.__cause__
    return isinstance(cause, RPCError) and cause.status is RPCStatusCode.NOT_FOUND


def operation_uuid(info: WorkflowExecutionInfo) -> str | None:
    """The execution that a run says it belongs to."""
    mark = info.search_attributes.indexed_fields.get(contracts.OPERATION_UUID)
    return None if mark is None else str(DefaultPayloadConverter().from_payload(mark))


_STATUS_NAMES = {int(number): name for name, number in WorkflowExecutionStatus.items()}


def run_status(number: int) -> RunStatus:
    """Temporal's word for a status by its number on the wire."""
    word = _STATUS_NAMES.get(number, "").removeprefix("WORKFLOW_EXECUTION_STATUS_").lower()
    return RunStatus(word) if word in set(RunStatus) else RunStatus.UNKNOWN


def unreachable(error: RuntimeError) -> TemporalUnavailable:
    """What a client that cannot connect says, without what it quotes."""
    why = refusals.reason(error)
    return TemporalUnavailable(f"Temporal cannot be reached: {why}." if why else "Temporal cannot be reached.")


async def ask(question: Awaitable[AnswerT], within: float = BUDGET) -> AnswerT:
    """Await an answer for at most `within` seconds; no answer is `TemporalUnavailable`, a no is `TemporalRefused`."""
    try:
        async with asyncio.timeout(within):  # `wait_for` loses a cancellation that comes together with the answer
            return await question
    except TimeoutError:
        raise TemporalUnavailable(f"Temporal did not answer within {within:g} s.") from None
    except RPCError as error:
        if refusals.lacks_namespace(error):
            raise TemporalUnavailable(f"The namespace is not there: {error.message}") from error
        if error.status in REFUSALS:
            raise TemporalRefused(error.message) from error
        if error.status in KEY_REFUSED:
            raise TemporalUnavailable(f"Temporal does not answer: {KEY_REFUSED[error.status]}.") from error
        raise TemporalUnavailable(f"Temporal does not answer: {error.message}") from error
    except RuntimeError as error:  # what a lazy client raises when it cannot connect
        if "connect" not in str(error):
            raise
        raise unreachable(error) from error
