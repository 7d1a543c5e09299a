"""How a workflow asks for a step: the limits and the patience that every step has."""

from datetime import timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy

ResultT = TypeVar("ResultT")

#: A worker that dies is noticed after this long; the interceptor sends the heartbeats.
HEARTBEAT = timedelta(seconds=10)
LONGEST_TRY = timedelta(minutes=5)
PATIENCE = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=30)
)


async def run_step(name: str, step: object, result: type[ResultT]) -> ResultT:
    """Run one step to its end; transient errors are tried again without limit and shown, permanent ones raise."""
    answer: ResultT = await workflow.execute_activity(
        name,
        step,
        result_type=result,
        start_to_close_timeout=LONGEST_TRY,
        heartbeat_timeout=HEARTBEAT,
        retry_policy=PATIENCE,
    )
    return answer
