"""The workflow side of tracking: tells the database how a run ended, and that it began where nobody else does.

Every workflow that carries the search attribute `OperationUUID` is tracked, without a line of its author's. The
reports are local activities with few tries: a report that is lost is healed by reconciliation and never changes
the outcome of the run. What this module schedules is part of every history; change it only behind `patched`, or
behind a header of the start as here.
"""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeKey
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, is_cancelled_exception
from temporalio.worker import (
    ExecuteWorkflowInput,
    Interceptor,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

with workflow.unsafe.imports_passed_through():
    from uuid import UUID

    from operations import contracts, phrases
    from operations.contracts import StatusReport
    from operations.error_texts import root_cause, sendable
    from operations.statuses import CloseReason, Status
    from workers.tracking.headers import StepMark

OPERATION_UUID = SearchAttributeKey.for_keyword(contracts.OPERATION_UUID)
PATIENCE = RetryPolicy(
    initial_interval=timedelta(milliseconds=200),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(seconds=1),
    maximum_attempts=4,  # of a local activity only the number of tries bounds how long it takes
)


class RunTracking(Interceptor):
    """Registers the workflow side of tracking with a worker or a replayer."""

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:  # noqa: A002
        return TrackedRun


class TrackedRun(WorkflowInboundInterceptor):
    """Reports `running` before and the outcome after a run; exceptions pass through as they came."""

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(NumberedSteps(outbound))

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> object:  # noqa: A002
        execution_id = _execution_id()
        if execution_id is None:
            return await super().execute_workflow(input)
        try:
            if not _is_begun_by_others() and await _report(execution_id, Status.RUNNING):
                _cancel_at_first_wait()
            result: object = await super().execute_workflow(input)
        except (Exception, asyncio.CancelledError) as error:
            reason = _close_reason(error)
            if reason is not None:
                await _report(execution_id, Status.FAILED, reason, error)
                if (harmless := sendable(error)) is not error:
                    raise harmless from harmless.__cause__
            raise
        await _report(execution_id, Status.COMPLETED)
        return result


class NumberedSteps(WorkflowOutboundInterceptor):
    """Numbers the activities of a tracked run in the order in which the workflow schedules them."""

    def __init__(self, next_interceptor: WorkflowOutboundInterceptor) -> None:
        super().__init__(next_interceptor)
        self._scheduled = 0

    def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[object]:  # noqa: A002
        execution_id = _execution_id()
        if execution_id is not None:
            self._scheduled += 1
            mark = StepMark(execution_id=UUID(execution_id), ordinal=self._scheduled)
            input.headers = {**input.headers, **mark.to_header()}
        return super().start_activity(input)


def _is_begun_by_others() -> bool:
    """Whoever started it writes that it runs, or the fence of its first step: a local activity less in each history."""
    mark = workflow.info().headers.get(contracts.TRACKING_HEADER)
    return mark is not None and mark.data == contracts.TRACKING


def _cancel_at_first_wait() -> None:
    """A cancel that came during the report is for the workflow: it may have something to put in order."""
    task = asyncio.current_task()
    if task is not None:
        task.cancel()


def _execution_id() -> str | None:
    """None also for a mark that is no id: a stranger made it, and the fence refuses the run's steps."""
    mark = workflow.info().typed_search_attributes.get(OPERATION_UUID)
    try:
        return None if mark is None else str(UUID(mark))
    except ValueError:
        return None


def _close_reason(error: BaseException) -> CloseReason | None:
    """How the run will end by this error; None when it does not end.

    An exception that is not a Temporal failure fails only the workflow task: the run stays open, is tried again
    by Temporal, and must not be reported as failed.
    """
    if workflow.cancellation_reason() is not None and is_cancelled_exception(error):
        return CloseReason.CANCELED
    said = error.cause if isinstance(error, ActivityError) else error
    if isinstance(said, ApplicationError) and said.type == contracts.REJECTED:
        return CloseReason.REJECTED
    if isinstance(error, asyncio.CancelledError) or workflow.is_failure_exception(error):
        return CloseReason.ERROR
    return None


def _remark(status: Status) -> str | None:
    """A cancel that had no effect must not look as if it had one."""
    cancelled = workflow.cancellation_reason()
    if status is not Status.COMPLETED or cancelled is None:
        return None
    why, who = phrases.reason_and_name(cancelled)
    cancel = f"A cancel by {phrases.who(who)}" if who else "A cancel"
    return phrases.ended(f"{cancel} came too late, the work was done", "", why)


def _words(reason: CloseReason | None, error: BaseException | None) -> str | None:
    """Of a cancelled run, who wanted it and why: the error by which it ended says neither."""
    if error is None:
        return None
    if reason is not CloseReason.CANCELED:
        return root_cause(error)
    why, who = phrases.reason_and_name(workflow.cancellation_reason() or "")
    return phrases.ended("Cancelled", who, why)


async def _report(
    execution_id: str, status: Status, reason: CloseReason | None = None, error: BaseException | None = None
) -> bool:
    """Whether the run was cancelled meanwhile. At a run's end that comes too late: what it reported is what happens."""
    report = StatusReport(
        execution_id=execution_id,
        status=status.value,
        run_id=workflow.info().run_id,
        close_reason=None if reason is None else reason.value,
        error=_words(reason, error),
        remark=_remark(status),
    )
    handle = workflow.start_local_activity(
        contracts.RECORD_STATUS,
        report,
        start_to_close_timeout=timedelta(seconds=5),
        retry_policy=PATIENCE,
    )
    cancelled = False
    while not handle.done():
        try:
            await asyncio.shield(handle)
        except asyncio.CancelledError:
            cancelled = True
        except FailureError as lost:  # a failed local activity raises ApplicationError, not ActivityError
            workflow.logger.warning("status %s was not recorded, reconciliation will: %s", status, lost)
    return cancelled
