"""How what people want of a single step is delivered: try it now, hold it, let it go on."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from sqlalchemy import text

from operations.errors import TemporalRefused
from operations.outbox.deliveries import Delivery
from operations.outbox.settlements import Settlement
from operations.outbox.step_holds import StepHold
from operations.pending_steps import PendingStep, PendingSteps, Request
from operations.statuses import CommandState
from operations.temporal import is_not_found

Do = Callable[[PendingSteps, PendingStep, Request], Awaitable[None]]

IS_PAUSED = "The step is paused, and stays so: resume it, and it is tried at once. Nothing was done."
WENT_ON = "The step went on by itself before this reached it; nothing was done."


async def retry(delivery: Delivery) -> Settlement:
    """Try the step now. Tries that begin from now on are counted from one, and are not late."""
    step = await _step(delivery)
    if step is None:
        return delivery.settlement(CommandState.FAILED, WENT_ON)
    if step.is_paused:  # whoever may retry may not undo what an operator holds
        return delivery.settlement(CommandState.FAILED, IS_PAUSED)
    if step.is_under_way:
        return delivery.settlement(CommandState.DELIVERED)  # it is being tried right now: that is what was wanted
    async with delivery.database.transaction() as connection:
        await connection.execute(COUNT_ANEW, {"execution": delivery.claim.execution_id, "name": step.name})
    return await _done(delivery, step, PendingSteps.try_now)


async def pause(delivery: Delivery) -> Settlement:
    step = await _step(delivery)
    if step is None:
        return delivery.settlement(CommandState.FAILED, WENT_ON)
    done = delivery.settlement(CommandState.DELIVERED)
    done = done if step.is_paused else await _done(delivery, step, PendingSteps.pause)
    return _with_hold(done, step, is_paused=True)


async def resume(delivery: Delivery) -> Settlement:
    step = await _step(delivery)
    if step is None:
        return delivery.settlement(CommandState.FAILED, WENT_ON)
    done = delivery.settlement(CommandState.DELIVERED)
    done = await _done(delivery, step, PendingSteps.resume) if step.is_paused else done
    return _with_hold(done, step, is_paused=False)


def _with_hold(done: Settlement, step: PendingStep, *, is_paused: bool) -> Settlement:
    """The row says so from then on; what did not reach the step changes nothing."""
    if done.state is not CommandState.DELIVERED:
        return done
    return replace(done, hold=StepHold(step=step, is_paused=is_paused))


async def _step(delivery: Delivery) -> PendingStep | None:
    """Of exactly the run that the page showed, while it follows the row."""
    claim = delivery.claim
    name, run_id = claim.payload.get("step"), claim.seen_run_id
    if claim.status.is_final or run_id is None or run_id != claim.run_id or not isinstance(name, str):
        return None
    return await PendingSteps(temporal=delivery.temporal).named(claim.workflow_id, run_id, name)


async def _done(delivery: Delivery, step: PendingStep, do: Do) -> Settlement:
    claim = delivery.claim
    request = Request(id=str(claim.id), by=claim.requested_by, why=claim.reason or "")  # Temporal keeps the name beside
    try:
        await do(PendingSteps(temporal=delivery.temporal), step, request)
    except TemporalRefused as refusal:
        if not is_not_found(refusal):
            raise
        return delivery.settlement(CommandState.FAILED, WENT_ON)
    return delivery.settlement(CommandState.DELIVERED)


# Before Temporal is asked: the try may begin before the answer is here.
COUNT_ANEW = text(
    """
    UPDATE execution_steps SET reset_at = clock_timestamp()
    WHERE execution_id = :execution AND name = :name AND status IN ('running', 'retrying')
    """
)
