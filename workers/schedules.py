"""The one schedule of Tenantry. Others in the namespace are none of our business."""

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

from operations import contracts

CATCH_UP = timedelta(seconds=60)  #: Temporal's own is a year: after an outage it would make up for every missed pass
LONGEST_RUN = timedelta(minutes=15)  #: so that a run without a worker does not block the next ones for ever


async def ensure(client: Client, task_queue: str, interval: float) -> bool:
    """Create the schedule, or bring it up to date; whether it is new. A pause made by people stays."""
    wanted = _wanted(task_queue, interval)
    try:
        await client.create_schedule(contracts.SCHEDULE_ID, wanted)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(contracts.SCHEDULE_ID).update(lambda now: _updated(now, wanted))
        return False
    return True


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
