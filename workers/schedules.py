"""The one schedule of Tenantry. Others in the namespace are none of our business."""

import asyncio
from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from operations import audit, contracts
from operations.access import Actor
from operations.database import Database
from operations.errors import DatabaseUnavailable
from operations.logs import logger

log = logger(__name__)

CATCH_UP = timedelta(seconds=60)  #: Temporal's own is a year: after an outage it would make up for every missed pass
LOOK, PAUSE = 10.0, 5.0  #: seconds between two looks; between two tries to make it
LONGEST_RUN = timedelta(minutes=15)  #: so that a run without a worker does not block the next ones for ever


async def keep(client: Client, database: Database, task_queue: str, interval: float) -> None:
    """Have the schedule there until cancelled; while Temporal does not take it, the consoles reconcile.

    One that was deleted is made again, which is logged and audited: nobody can pause reconciliation by deleting it.
    """
    was_there = False
    while True:
        try:
            if not was_there or await is_gone(client):
                is_new = await ensure(client, task_queue, interval)
                log.info("reconciliation is scheduled", every_seconds=interval, is_new=is_new)
                if was_there and is_new:
                    await _tell(database)
                was_there = True
        except (RPCError, RuntimeError) as error:
            log.warning("the reconciliation schedule is not there yet", why=str(error))
        await asyncio.sleep(LOOK if was_there else PAUSE)


async def _tell(database: Database) -> None:
    log.error("the reconciliation schedule had been deleted in Temporal; it was made again")
    target = audit.Target(kind="schedule", id=contracts.SCHEDULE_ID, label=contracts.SCHEDULE_ID)
    try:
        async with database.transaction() as connection:
            await audit.record(
                connection,
                Actor.system("worker"),
                "schedule.restore",
                audit.Outcome.APPLIED,
                target,
                reason="It had been deleted in Temporal.",
            )
    except DatabaseUnavailable as error:
        log.warning("that the schedule was made again could not be audited", why=error.message)


async def ensure(client: Client, task_queue: str, interval: float) -> bool:
    """Create the schedule, or bring it up to date; whether it is new. A pause made by people stays."""
    wanted = _wanted(task_queue, interval)
    try:
        await client.create_schedule(contracts.SCHEDULE_ID, wanted)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(contracts.SCHEDULE_ID).update(lambda now: _updated(now, wanted))
        return False
    return True


async def is_gone(client: Client) -> bool:
    """Whether somebody deleted it; one that is paused is there."""
    try:
        await client.get_schedule_handle(contracts.SCHEDULE_ID).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return True
        raise
    return False


def _wanted(task_queue: str, interval: float) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            contracts.RECONCILIATION,
            id=contracts.SCHEDULE_ID,
            task_queue=task_queue,
            execution_timeout=LONGEST_RUN,
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(seconds=max(1.0, interval)))]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
    )


def _updated(now: ScheduleUpdateInput, wanted: Schedule) -> ScheduleUpdate:
    """`state` stays: it holds the pause and the note of whoever made it."""
    schedule = now.description.schedule
    schedule.action, schedule.spec, schedule.policy = wanted.action, wanted.spec, wanted.policy
    return ScheduleUpdate(schedule=schedule)
