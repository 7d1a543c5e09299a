"""How a workflow asks for a step: the time limits and the retry policy of every step that names none."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, FailureError, RetryState

ResultT = TypeVar("ResultT")

#: A worker that dies is noticed after this long; the interceptor sends the heartbeats.
HEARTBEAT = timedelta(seconds=10)
LONGEST_TRY = timedelta(minutes=5)
PATIENCE = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=30)
)


async def run_step(
    name: str, step: object, result: type[ResultT], *, despite_cancel: bool = False, patience: RetryPolicy = PATIENCE
) -> ResultT:
    """Run one step to its end; transient errors are tried again without limit and shown, permanent ones raise.

    A cancel is passed on to the step and waited for: nothing is taken back while it may still be writing. If it ends
    well all the same, `CancelledError` follows. A step that runs `despite_cancel` never hears of it: it came too late.
    """
    running = _start(name, step, result, patience)
    if despite_cancel:
        while not running.done():
            with suppress(asyncio.CancelledError):
                await asyncio.shield(running)
        return running.result()
    task = asyncio.current_task()
    cancels_before = task.cancelling() if task else 0
    try:
        answer = await running
    except ActivityError as error:
        if error.retry_state is RetryState.CANCEL_REQUESTED:  # it would have been tried again, but for the cancel
            raise asyncio.CancelledError from error
        raise
    if task and task.cancelling() > cancels_before:
        raise asyncio.CancelledError
    return answer


async def run_last_step(name: str, step: object, result: type[ResultT]) -> ResultT:
    """Run the step after which there is no way back. If it ends well, that counts: a cancel came too late.

    A cancel is passed on to the step all the same, and waited for. If it does not end well then, `CancelledError`
    follows, whatever the error of the step was.
    """
    running = _start(name, step, result, PATIENCE)
    cancelled = False
    while not running.done():
        try:
            await workflow.wait([running])
        except asyncio.CancelledError:
            # In runs of the first version the step never heard of it.
            if workflow.patched("cancel-reaches-last-step"):
                cancelled = True
                running.cancel()
    try:
        return running.result()
    except FailureError as error:
        if cancelled:
            raise asyncio.CancelledError from error
        raise


def _start(name: str, step: object, result: type[ResultT], patience: RetryPolicy) -> workflow.ActivityHandle[ResultT]:
    return workflow.start_activity(
        name,
        step,
        result_type=result,
        start_to_close_timeout=LONGEST_TRY,
        heartbeat_timeout=HEARTBEAT,
        retry_policy=patience,
        cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    )
