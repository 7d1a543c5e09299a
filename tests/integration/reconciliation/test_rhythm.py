"""Who begins passes: the schedule, the console when the schedule is silent, and people."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleHandle,
    ScheduleIntervalSpec,
    ScheduleSpec,
    ScheduleState,
)
from temporalio.service import RPCError

from operations.access import Actor
from operations.contracts import SCHEDULE_ID
from operations.errors import NotPermitted
from operations.liveness import Part
from operations.queries.reconciliation import ReconciliationQueries
from operations.queries.reconciliation_views import ReconcilerState
from operations.reconciliation.limits import Limits
from operations.reconciliation.watchdog import Watchdog
from operations.statuses import PassOutcome, PassTrigger, Role, Status
from tests.integration.reconciliation.runs import LIMITS, World
from workbench.servers import eventually
from workers import schedules


@pytest.fixture
async def foreign_schedule(client: Client, task_queue: str) -> AsyncIterator[ScheduleHandle]:
    handle = await client.create_schedule(
        f"foreign-{task_queue}",
        Schedule(
            action=ScheduleActionStartWorkflow("Report", id="report", task_queue=task_queue),
            spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(days=1))]),
            state=ScheduleState(note="theirs"),
        ),
    )
    yield handle
    await handle.delete()


@pytest.fixture
async def no_schedule(client: Client) -> AsyncIterator[ScheduleHandle]:
    """Ours is not there before, and not there afterwards."""
    handle = client.get_schedule_handle(SCHEDULE_ID)
    await _delete(handle)
    yield handle
    await _delete(handle)


async def _delete(handle: ScheduleHandle) -> None:
    try:
        await handle.delete()
    except RPCError:
        return


async def test_repeated_starts_make_one_schedule_and_touch_no_other(
    client: Client, task_queue: str, foreign_schedule: ScheduleHandle, no_schedule: ScheduleHandle
) -> None:
    made = [await schedules.ensure(client, task_queue, 60) for _ in range(2)]
    await no_schedule.pause(note="on call: Ada")
    made.append(await schedules.ensure(client, task_queue, 30))

    ours, theirs = (await no_schedule.describe()).schedule, (await foreign_schedule.describe()).schedule
    assert made == [True, False, False]
    assert (ours.state.paused, ours.state.note) == (True, "on call: Ada")
    assert ours.spec.intervals[0].every == timedelta(seconds=30)
    assert ours.policy.catchup_window == timedelta(seconds=60)
    assert theirs.state.note == "theirs"


@pytest.mark.long
async def test_a_schedule_that_somebody_deleted_is_made_again_and_a_pause_stays(
    world: World, client: Client, task_queue: str, no_schedule: ScheduleHandle
) -> None:
    async def is_there() -> bool:
        return not await schedules.is_gone(client)

    keeping = asyncio.ensure_future(schedules.keep(client, world.services.database, task_queue, 60))
    await eventually(is_there, bool)
    await no_schedule.delete()

    await eventually(
        lambda: world.sql("SELECT action, actor FROM audit_log"),
        lambda seen: seen == [("schedule.restore", "system:worker")],
    )
    assert await is_there()
    await no_schedule.pause(note="on call: Ada")
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    again = asyncio.ensure_future(schedules.keep(client, world.services.database, task_queue, 60))
    await asyncio.wait({again}, timeout=1)
    again.cancel()
    await asyncio.gather(again, return_exceptions=True)
    assert (await no_schedule.describe()).schedule.state.paused


@pytest.mark.usefixtures("worker")
async def test_the_schedule_heals_what_a_person_terminated(
    world: World, client: Client, no_schedule: ScheduleHandle
) -> None:
    started = await world.start()
    await started.handle.terminate(reason="by hand")
    await world.sql("UPDATE workflow_executions SET task_queue = task_queue")
    limits = replace(LIMITS, grace=0.0)
    world.services.reconciler.limits = limits
    await schedules.ensure(client, world.task_queue, 1)

    async def look() -> Status:
        return (await world.row(started.id)).status

    await eventually(look, lambda status: status.is_final)

    async def passes() -> list[PassTrigger]:
        return [each.trigger for each in await world.services.reads.reconciliation.recent()]

    triggers = await eventually(passes, bool)
    assert set(triggers) == {PassTrigger.SCHEDULE}


async def test_the_console_reconciles_while_the_schedule_is_silent(world: World) -> None:
    """There is no worker in this test."""
    started = await world.start()
    await started.handle.terminate(reason="nobody home")
    impatient = replace(LIMITS, interval=0.1)
    world.reconciler.limits = impatient
    reads = ReconciliationQueries(database=world.services.database, limits=impatient)
    watchdog = Watchdog(reconciler=world.reconciler, look=reads.state)

    async def tend() -> bool:
        await watchdog.tend()
        return (await world.row(started.id)).status.is_final

    await eventually(tend, bool)

    last = (await reads.recent())[-1]
    assert (last.trigger, last.outcome) == (PassTrigger.WATCHDOG, PassOutcome.COMPLETED)


async def test_the_watchdog_leaves_it_to_a_schedule_that_works(world: World) -> None:
    reads = ReconciliationQueries(database=world.services.database, limits=Limits(interval=60))
    await world.reconciler.run_pass(PassTrigger.SCHEDULE, "schedule")

    assert not await Watchdog(reconciler=world.reconciler, look=reads.state).tend()


async def test_silence_is_noticed_and_ends_with_a_pass(world: World) -> None:
    reads = ReconciliationQueries(database=world.services.database, limits=Limits(interval=10))

    async def state() -> ReconcilerState:
        return await reads.state()

    await world.sql("UPDATE reconciliation_state SET installed_at = now()")
    assert not (await state()).is_silent
    await world.sql("UPDATE reconciliation_state SET installed_at = now() - interval '31 seconds'")
    assert (await state()).is_silent
    await world.run_pass()
    assert not (await state()).is_silent
    assert (await state()).schedule_is_silent


async def test_where_no_pass_can_be_run_either_it_is_said_that_nobody_compares(world: World) -> None:
    world.reconciler.limits = Limits(interval=10)
    reads = ReconciliationQueries(database=world.services.database, limits=world.reconciler.limits)
    watchdog = Watchdog(reconciler=world.reconciler, look=reads.state)
    await world.sql("UPDATE reconciliation_state SET installed_at = now() - interval '31 seconds'")
    await world.sql("ALTER TABLE reconciliation_passes ADD CONSTRAINT never CHECK (false) NOT VALID")

    with pytest.raises(IntegrityError):
        await watchdog.tend()
    silent = watchdog.outages
    await world.sql("ALTER TABLE reconciliation_passes DROP CONSTRAINT never")
    await watchdog.tend()

    assert [each.part for each in silent] == [Part.RECONCILIATION]
    assert watchdog.outages == ()


async def test_running_one_takes_an_operator_and_is_audited(world: World) -> None:
    services = world.services
    with pytest.raises(NotPermitted):
        await services.reconciliation.run(Actor(name="sue@example.com", role=Role.SUPPORT))

    await services.reconciliation.run(Actor(name="otto@example.com", role=Role.OPERATOR))

    assert await world.sql("SELECT actor, action, outcome FROM audit_log") == [
        ("otto@example.com", "reconciliation.run", "applied")
    ]
