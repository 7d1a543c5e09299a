"""A workflow of five steps, without tracking of its own and with the classic decorator's two status activities."""

from datetime import timedelta

from temporalio import activity, workflow

LIMIT = timedelta(seconds=30)


@activity.defn(name="bench_step")
async def step(number: int) -> int:
    return number


@workflow.defn(name="BenchFiveSteps")
class FiveSteps:
    """Tracked when it carries `OperationUUID`, and otherwise not."""

    @workflow.run
    async def run(self) -> int:
        return await _five()


@workflow.defn(name="BenchDecorated")
class Decorated:
    """What a decorator around `run` does: an activity writes the status before, and one after."""

    @workflow.run
    async def run(self, execution_id: str) -> int:
        await workflow.execute_activity("bench_status", args=[execution_id, "running"], start_to_close_timeout=LIMIT)
        done = await _five()
        await workflow.execute_activity("bench_status", args=[execution_id, "completed"], start_to_close_timeout=LIMIT)
        return done


async def _five() -> int:
    done = 0
    for number in range(5):
        await workflow.execute_activity(step, number, start_to_close_timeout=LIMIT, heartbeat_timeout=LIMIT)
        done += 1
    return done
