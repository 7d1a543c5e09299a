"""Pressed twice, on a stale page, on a run that has ended, while Temporal is away: one effect, and a true sentence."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from time import monotonic
from uuid import UUID

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle

from console.pages.words import pending_command
from operations.access import Actor
from operations.bootstrap import Services
from operations.errors import AlreadyEnded, CannotHoldStep, CannotRetry, RunChanged
from operations.kinds import Deed
from operations.outbox.step_deliveries import IS_PAUSED
from operations.queries.execution_views import EventView, ExecutionView
from operations.queries.intents import CommandView
from operations.statuses import CommandState, Decision, PassTrigger, RetryKind, Role, Status
from operations.temporal import Temporal
from tests.conftest import SECRET_KEY
from tests.integration.diagnosis.still_runs import Stage, Still, working
from tests.integration.reconciliation.runs import LIMITS, marked
from tests.proxies import Proxy, proxy_to
from workbench.servers import eventually

OTTO = Actor(name="otto@example.com", role=Role.OPERATOR)
WHY = "the quota was raised"
ANSWERED = 3.0  #: seconds, whatever Temporal does
ASKS = """
    INSERT INTO approval_requests (execution_id, requested_at, expires_at) VALUES (%s, now(), now() + '7 d'::interval)
"""
Press = Callable[[Services, UUID, str | None], Awaitable[object]]
ENDS: dict[str, Press] = {
    "terminate": lambda services, id_, seen: services.executions.terminate(OTTO, id_, WHY, seen_run_id=seen),
    "cancel": lambda services, id_, seen: services.executions.cancel(OTTO, id_, WHY, seen_run_id=seen),
}
DEEDS: dict[str, Press] = ENDS | {
    "retry": lambda services, id_, seen: services.executions.retry(OTTO, id_, WHY, seen_run_id=seen),
    "pause": lambda services, id_, seen: services.executions.hold(OTTO, id_, Deed.PAUSE_STEP, WHY, seen_run_id=seen),
    "approve": lambda services, id_, seen: services.executions.decide(
        OTTO, id_, Decision.APPROVED, WHY, seen_run_id=seen
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """Services of a console whose way to Temporal can be cut."""

    services: Services
    way: Proxy


@pytest.fixture
async def far(stage: Stage, temporal_address: str) -> AsyncIterator[Cut]:
    async with proxy_to(temporal_address) as way:
        temporal = await Temporal.at(way.address)
        assert await temporal.answers()
        database, queue = stage.services.database, stage.task_queue
        services = Services.assemble(database, temporal, name="far", task_queue=queue, secret_key=SECRET_KEY)
        yield Cut(services=services, way=way)


@pytest.mark.parametrize("deed", ENDS)
async def test_two_clicks_at_once_end_a_run_once(stage: Stage, deed: str) -> None:
    id_, handle = await stage.start("timer")

    first, second = await asyncio.gather(*(ENDS[deed](stage.services, id_, None) for _ in range(2)))
    await stage.services.deliverer.deliver_due()

    [command] = await commands(stage, id_)
    assert (first, second, command.state) == (command.id, command.id, CommandState.DELIVERED)
    assert await told(handle, EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED) == (deed == "cancel")
    assert await told(handle, EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED) == (deed == "terminate")


async def test_two_clicks_at_once_begin_one_new_attempt_and_the_second_is_told_which(stage: Stage) -> None:
    id_ = await stage.add_row(status=Status.FAILED)

    done = await asyncio.gather(*(DEEDS["retry"](stage.services, id_, None) for _ in range(2)), return_exceptions=True)

    [refused] = [each for each in done if isinstance(each, CannotRetry)]
    assert refused.message == "There is a newer attempt (number 2) already; retry that one. Nothing was changed."
    assert await attempts(stage, id_) == [(1, "failed"), (2, "pending")]


async def test_two_clicks_at_once_replace_a_wedged_run_once(stage: Stage) -> None:
    id_, _ = await stage.start("broken")
    async with working(stage):
        await eventually(lambda: stage.named(id_), lambda row: (row.cause, row.health) == ("workflow_failing", "stuck"))

        done = await asyncio.gather(*(stage.services.executions.retry(OTTO, id_, WHY) for _ in range(2)))
        await stage.services.deliverer.deliver_due()

    assert {each.kind for each in done} == {RetryKind.REPLACE}
    assert done[0].command_id == done[1].command_id
    assert await attempts(stage, id_) == [(1, "failed"), (2, "pending")]


@pytest.mark.parametrize("deed", DEEDS)
async def test_a_page_that_shows_another_run_does_nothing_and_says_why(stage: Stage, deed: str) -> None:
    id_, handle = await stage.start("timer")
    await stage.sql(ASKS, id_)

    with pytest.raises(RunChanged, match=r"replaced by a newer one since the page was loaded; nothing was changed"):
        await DEEDS[deed](stage.services, id_, "an earlier run")

    assert await commands(stage, id_) == ()
    assert await stage.services.reads.intents.decisions(id_) == ()
    assert (await handle.describe()).close_time is None


@pytest.mark.parametrize("deed", ENDS)
async def test_a_run_that_is_replaced_after_the_click_is_left_alone_and_that_is_said(stage: Stage, deed: str) -> None:
    id_, handle = await stage.start("timer")
    await ENDS[deed](stage.services, id_, handle.result_run_id)
    await handle.terminate("by somebody with the command line")
    newer = await stage.client.start_workflow(
        Still.run, args=["timer", None], id=handle.id, task_queue=stage.task_queue, search_attributes=marked(id_)
    )

    await stage.services.deliverer.deliver_due()

    [command] = await commands(stage, id_)
    assert command.state is CommandState.FAILED
    assert command.error == f"The run was replaced by a newer one ({newer.result_run_id}), which was left alone."
    assert (await newer.describe()).close_time is None


async def test_a_run_that_had_ended_at_the_click_is_said_to_have_and_its_row_is_brought_up_to_date(
    stage: Stage,
) -> None:
    id_, handle = await stage.start("timer")
    await handle.terminate("by somebody with the command line")

    await DEEDS["terminate"](stage.services, id_, None)
    await stage.services.deliverer.deliver_due()
    reconciler = replace(stage.services.reconciler, limits=LIMITS)

    async def reconciled() -> ExecutionView:
        await reconciler.run_pass(PassTrigger.OPERATOR, "test")
        return await stage.seen(id_)

    seen = await eventually(reconciled, lambda row: row.status.is_final)
    [command] = await commands(stage, id_)
    assert (command.state, command.error) == (CommandState.FAILED, "The run had ended already (terminated).")
    assert (seen.status, seen.close_reason, seen.health) == (Status.FAILED, "terminated", "ok")
    with pytest.raises(AlreadyEnded, match="The run has ended"):
        await DEEDS["terminate"](stage.services, id_, None)


@pytest.mark.parametrize(("deed", "why"), [("terminate", "timer"), ("retry", "failing"), ("approve", "signal")])
async def test_while_temporal_is_away_a_click_is_answered_at_once_waits_visibly_and_is_done_once(
    stage: Stage, far: Cut, deed: str, why: str
) -> None:
    id_, handle = await stage.start(why)
    async with working(stage):
        await eventually(lambda: stage.named(id_), lambda row: row.cause in ("sleeping", "step_retrying", "waiting"))
        if deed == "approve":
            await stage.sql(ASKS, id_)
        await far.way.cut()

        began = monotonic()
        for _ in range(2):
            await DEEDS[deed](far.services, id_, None)
        took = monotonic() - began
        await far.services.deliverer.deliver_due()
        [waiting] = await commands(stage, id_)
        await far.way.restore()
        [done] = await eventually(lambda: delivered(stage, far, id_), lambda seen: seen[0].settled_at is not None)

        assert took < ANSWERED
        assert waiting.state is CommandState.QUEUED
        assert "it has not reached Temporal yet and is sent again by itself. " in (pending_command([waiting]) or "")
        assert (done.id, done.state, done.error) == (waiting.id, CommandState.DELIVERED, None)
        assert len(await stage.services.reads.intents.decisions(id_)) == (deed == "approve")
        assert await told(handle, EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED) == (deed == "approve")


async def test_a_pause_is_on_the_row_when_temporal_has_it_and_no_retry_undoes_it(stage: Stage) -> None:
    id_, _ = await stage.start("failing")
    hold = stage.services.executions.hold
    async with working(stage):
        await eventually(lambda: stage.named(id_), lambda row: (row.cause, row.health) == ("step_retrying", "stuck"))
        retried = await stage.services.executions.retry(OTTO, id_, WHY)  # asked for before, delivered after
        await stage.sql("UPDATE commands SET due_at = now() + interval '1 hour' WHERE id = %s", retried.command_id)

        await hold(OTTO, id_, Deed.PAUSE_STEP, "hold this one")
        with pytest.raises(CannotHoldStep, match="on its way to Temporal"):
            await hold(OTTO, id_, Deed.RESUME_STEP, WHY)
        with pytest.raises(CannotRetry, match="is being paused"):
            await stage.services.executions.retry(OTTO, id_, WHY)
        await stage.services.deliverer.deliver_due()
        paused = await stage.seen(id_)
        with pytest.raises(CannotHoldStep, match="paused already"):
            await hold(OTTO, id_, Deed.PAUSE_STEP, WHY)
        with pytest.raises(CannotRetry):
            await stage.services.executions.retry(OTTO, id_, WHY)
        await stage.sql("UPDATE commands SET due_at = now() WHERE id = %s", retried.command_id)
        await stage.services.deliverer.deliver_due()
        [refused] = [each for each in await commands(stage, id_) if each.id == retried.command_id]
        still_paused = await stage.named_again(id_)

        await hold(OTTO, id_, Deed.RESUME_STEP, WHY)
        await stage.services.deliverer.deliver_due()
        resumed = await stage.seen(id_)
        seen_by_all = await stage.named_again(id_)

    assert paused.last_progress_at < resumed.last_progress_at == resumed.cause_since == resumed.health_since
    assert (paused.cause, paused.health) == ("step_paused", "ok")
    assert paused.cause_detail == "“Create schema” was paused by otto@example.com: “hold this one”."
    assert (refused.state, refused.error) == (CommandState.FAILED, IS_PAUSED)
    assert (still_paused.cause, still_paused.cause_detail) == ("step_paused", paused.cause_detail)
    assert (resumed.cause, seen_by_all.cause) == ("step_retrying", "step_retrying")
    assert (resumed.health, seen_by_all.health) == ("ok", "stuck")  # as before: only the pause does not count
    held_for = resumed.last_progress_at - paused.last_progress_at
    assert held_for < timedelta(seconds=60)
    assert "step_paused" in [event.cause for event in await history(stage, id_)]


async def history(stage: Stage, id_: UUID) -> list[EventView]:
    detail = await stage.services.reads.executions.detail(id_)
    return [event for event in detail.events if event.kind == "diagnosis"]


async def commands(stage: Stage, id_: UUID) -> tuple[CommandView, ...]:
    return await stage.services.reads.intents.commands(id_)


async def delivered(stage: Stage, far: Cut, id_: UUID) -> tuple[CommandView, ...]:
    """After another look of the deliverer, which does not wait for its back-off."""
    await stage.sql("UPDATE commands SET due_at = now() WHERE state = 'queued'")
    await far.services.deliverer.deliver_due()
    return await commands(stage, id_)


async def attempts(stage: Stage, id_: UUID) -> list[tuple[int, str]]:
    detail = await stage.services.reads.executions.detail(id_)
    return [(each.attempt, each.status.value) for each in detail.attempts]


async def told(handle: WorkflowHandle[Still, None], kind: "EventType.ValueType") -> int:
    """How often this happened to the run."""
    return len([event async for event in handle.fetch_history_events() if event.event_type == kind])
