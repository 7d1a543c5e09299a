"""The activity side of tracking: writes each try of each step, and keeps its heartbeat going."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from time import monotonic

from temporalio import activity
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import (
    ActivityInboundInterceptor,
    ActivityOutboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
)

from operations.contracts import NEEDS_CONSENT
from operations.error_texts import root_cause, sendable
from operations.statuses import StepStatus
from operations.step_reports import StepReport
from workers.tracking.headers import StepMark
from workers.tracking.recorder import Recorder

LOOK = 1.0  #: seconds between two looks at what a step says of itself


@dataclass(frozen=True, kw_only=True)
class StepTracking(Interceptor):
    """Registers the activity side of tracking with a worker."""

    recorder: Recorder

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return TrackedStep(next, self.recorder)


class TrackedStep(ActivityInboundInterceptor):
    """Reports the beginning and the end of a try; what the step raises passes through."""

    def __init__(self, next_interceptor: ActivityInboundInterceptor, recorder: Recorder) -> None:
        super().__init__(next_interceptor)
        self._recorder = recorder
        self._heartbeats: Heartbeats | None = None

    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        self._heartbeats = Heartbeats(outbound)
        super().init(self._heartbeats)

    async def execute_activity(self, input: ExecuteActivityInput) -> object:  # noqa: A002
        mark = StepMark.from_headers(input.headers)
        if mark is None:
            return await super().execute_activity(input)
        info = activity.info()
        report = StepReport(
            execution_id=mark.execution_id,
            ordinal=mark.ordinal,
            name=info.activity_type,
            attempt=info.attempt,
            run_id=info.workflow_run_id,
            status=StepStatus.RUNNING,
        )
        self._recorder.note(report)
        try:
            async with self._beating(info.heartbeat_timeout, report):
                result: object = await super().execute_activity(input)
        except asyncio.CancelledError:
            status = StepStatus.RETRYING if _comes_again() else StepStatus.CANCELED
            await self._write(_seen(report, status=status))
            raise
        except Exception as error:
            await self._write(_failed(report, error, info))
            if (harmless := sendable(error)) is not error:
                raise harmless from harmless.__cause__
            raise
        self._recorder.note(_seen(report, status=StepStatus.COMPLETED))
        return result

    async def _write(self, report: StepReport) -> None:
        """What went wrong is written before Temporal hears of it: the next try may come at once."""
        self._recorder.note(report)
        await self._recorder.settle(report.execution_id)

    @asynccontextmanager
    async def _beating(self, limit: timedelta | None, report: StepReport) -> AsyncIterator[None]:
        """Tell Temporal that this worker lives, and the database what the step says of itself, while it runs."""
        if not limit or self._heartbeats is None:
            yield
            return
        beating = asyncio.create_task(self._beat(self._heartbeats, limit, report))  # ends in the finally below
        try:
            yield
        finally:
            beating.cancel()

    async def _beat(self, heartbeats: "Heartbeats", limit: timedelta, report: StepReport) -> None:
        written: tuple[object, ...] = ()
        pause = limit.total_seconds() / 3
        look = min(LOOK, pause)
        until_sign_of_life = pause  # Temporal counts from the start of the try: a short step costs no call
        while True:
            await asyncio.sleep(look)
            until_sign_of_life -= look
            if until_sign_of_life <= 0:
                heartbeats.heartbeat()
                until_sign_of_life = pause
            if heartbeats.said != written:
                written = heartbeats.said
                self._recorder.note(_seen(report, progress=str(written[0])))


def _comes_again() -> bool:
    """Whether a try ends because of its worker, or because the step was held or is to be tried anew: no cancel."""
    why = activity.cancellation_details()
    return activity.is_worker_shutdown() or (why is not None and (why.paused or why.reset))


def _seen(report: StepReport, *, status: StepStatus | None = None, progress: str | None = None) -> StepReport:
    return replace(report, status=status or report.status, progress=progress, seen=monotonic())


def _failed(report: StepReport, error: Exception, info: activity.Info) -> StepReport:
    """That a person is waited for is no error: it is said where people are asked."""
    wait = _next_try(error, info)
    waits_for_person = isinstance(error, ApplicationError) and error.type == NEEDS_CONSENT
    return replace(
        report,
        status=StepStatus.FAILED if wait is None else StepStatus.RETRYING,
        error=None if waits_for_person else root_cause(error),
        next_try_in=wait,
        seen=monotonic(),
    )


def _next_try(error: Exception, info: activity.Info) -> timedelta | None:
    """When Temporal will try again, by the retry policy; None when it will not."""
    policy = info.retry_policy or RetryPolicy(initial_interval=timedelta(0))
    said = error if isinstance(error, ApplicationError) else ApplicationError("", type=type(error).__name__)
    is_last = 0 < policy.maximum_attempts <= info.attempt
    if said.non_retryable or said.type in (policy.non_retryable_error_types or ()) or is_last:
        return None
    if said.next_retry_delay is not None:
        return said.next_retry_delay
    first, growth = policy.initial_interval.total_seconds(), policy.backoff_coefficient ** min(info.attempt - 1, 30)
    longest = policy.maximum_interval or 100 * policy.initial_interval
    return timedelta(seconds=min(first * growth, longest.total_seconds()))


class Heartbeats(ActivityOutboundInterceptor):
    """Keeps what a step last said of itself, so that signs of life can repeat it instead of erasing it."""

    def __init__(self, next_interceptor: ActivityOutboundInterceptor) -> None:
        super().__init__(next_interceptor)
        self.said: tuple[object, ...] = ()

    def heartbeat(self, *details: object) -> None:
        self.said = details or self.said
        super().heartbeat(*self.said)
