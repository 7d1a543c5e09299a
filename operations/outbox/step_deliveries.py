"""How what people want of a single step is delivered: try it now, hold it, let it go on."""

from collections.abc import Awaitable, Callable

from sqlalchemy import text

from operations import phrases
from operations.errors import TemporalRefused
from operations.outbox.deliveries import Delivery
from operations.outbox.settlements import Settlement
from operations.pending_steps import PendingStep, PendingSteps, Request
from operations.statuses import CommandState
from operations.temporal import is_not_found

Do = Callable[[PendingSteps, PendingStep, Request], Awaitable[None]]

WENT_ON = "The step went on by itself before this reached it; nothing was done."


async def retry(delivery: Delivery) -> Settlement:
    """Try the step now. Tries that begin from now on are counted from one, and are not late."""
    step = await _step(delivery)
    if step is None:
        return delivery.settlement(CommandState.FAILED, WENT_ON)
    if step.is_under_way and not step.is_paused:
        return delivery.settlement(CommandState.DELIVERED)  # it is being tried right now: that is what was wanted
    async with delivery.database.transaction() as connection:
        await connection.execute(COUNT_ANEW, {"execution": delivery.claim.execution_id, "name": step.name})
    return await _done(delivery, step, PendingSteps.try_now)


async def pause(delivery: Delivery) -> Settlement:
    step = await _step(delivery)
    if step is None:
        return delivery.settlement(CommandState.FAILED, WENT_ON)
    if step.is_paused:
        return delivery.settlement(CommandState.DELIVERED)
    return await _done(delivery, step, PendingSteps.pause)


async def resume(delivery: Delivery) -> Settlement:
    step = await _step(delivery)
    if step is None:
        return delivery.settlement(CommandState.FAILED, WENT_ON)
    if not step.is_paused:
        return delivery.settlement(CommandState.DELIVERED)
    return await _done(delivery, step, PendingSteps.resume)


async def _step(delivery: Delivery) -> PendingStep | None:
    """Of exactly the run that the page showed, while it follows the row."""
    claim = delivery.claim
    name, run_id = claim.payload.get("step"), claim.seen_run_id
    if claim.status.is_final or run_id is None or run_id != claim.run_id or not isinstance(name, str):
        return None
    return await PendingSteps(temporal=delivery.temporal).named(claim.workflow_id, run_id, name)


async def _done(delivery: Delivery, step: PendingStep, do: Do) -> Settlement:
    claim = delivery.claim
    why = phrases.reason_with_name(claim.reason, claim.requested_by)
    request = Request(id=str(claim.id), by=claim.requested_by, why=why)
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
