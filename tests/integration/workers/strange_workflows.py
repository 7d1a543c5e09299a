"""Workflows of authors who never heard of tracking."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

IMPATIENCE = RetryPolicy(initial_interval=timedelta(milliseconds=50), backoff_coefficient=1.0)


@workflow.defn
class BrewCoffee:
    @workflow.run
    async def run(self, failures: int) -> str:
        for step in ("grind", "pour"):
            await workflow.execute_activity(
                step, failures, start_to_close_timeout=timedelta(seconds=10), retry_policy=IMPATIENCE
            )
        return "coffee"


@workflow.defn
class SpillCoffee:
    @workflow.run
    async def run(self, spilling: str) -> None:
        await workflow.execute_activity(spilling, start_to_close_timeout=timedelta(seconds=10), retry_policy=IMPATIENCE)


@workflow.defn
class RefuseCoffee:
    @workflow.run
    async def run(self) -> None:
        raise ApplicationError("No coffee after six.", type="Rejected", non_retryable=True)


@workflow.defn
class GarbleCoffee:
    """Fails with half a character: valid in Python, and in no encoding that travels."""

    @workflow.run
    async def run(self) -> None:
        raise ApplicationError("latt\udc80") from OSError("mil\udc80")


@workflow.defn
class MistakeCoffee:
    """A bug in workflow code fails the workflow task, not the run: Temporal tries again until the code is mended."""

    @workflow.run
    async def run(self) -> None:
        raise ValueError("tea")


@workflow.defn
class AwaitCoffee:
    @workflow.run
    async def run(self) -> None:
        await asyncio.sleep(3600)


ALL = [BrewCoffee, SpillCoffee, RefuseCoffee, GarbleCoffee, MistakeCoffee, AwaitCoffee]
