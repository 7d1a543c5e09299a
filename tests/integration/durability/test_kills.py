"""A worker that dies without a word, in whatever step, costs seconds and nothing else."""

import asyncio
from datetime import timedelta

import pytest

from operations import contracts, tenant_kinds
from operations.actions.tenants import Registered
from operations.statuses import Decision, Status, StepStatus, TenantStatus
from operations.tenant_kinds import PROVISIONING_V2
from tests.integration.durability.conftest import OPERATOR, TABLES, Provisioning
from tests.integration.durability.gates import Gate, Gates
from workbench.processes import Module, running
from workbench.servers import eventually
from workers.workflows import steps

APPROVAL_STEPS = tuple(step.name for step in tenant_kinds.APPROVAL)
STEPS = tuple(step.name for step in tenant_kinds.PROVISIONING.steps)
MOST_KILLS = 5
FOR_ALL = 6.0  # seconds until a kill no longer waits for more steps to be hit at once
LONGEST_PAUSE = steps.PATIENCE.maximum_interval or timedelta.max
REST = 10.0  # seconds for what is left of a run
#: Until a step that was killed is missed, and tried again: how long it pauses goes by how often it was tried before.
RECOVERY = steps.HEARTBEAT.total_seconds() + LONGEST_PAUSE.total_seconds() + REST


def slug_of(step: str) -> str:
    return f"killed-in-{step.replace('_', '-')}"


@pytest.mark.long
@pytest.mark.timeout(240)
@pytest.mark.usefixtures("delivering")
async def test_a_worker_killed_in_any_step_leaves_nothing_undone_and_nothing_done_twice(
    provisioning: Provisioning, worker_module: Module
) -> None:
    services = provisioning.services
    async with Gates.at(services.database.dsn) as gates:
        runs = {}
        closed: dict[str, Gate] = {}
        for step in STEPS:
            needs_approval = step in APPROVAL_STEPS
            runs[step] = await provisioning.register(slug_of(step), "enterprise" if needs_approval else "starter")
            if step != contracts.SETTLE_APPROVAL:
                closed[step] = await gates.close(step, str(runs[step].tenant_id))
        # The seed finds its table gone, which no repetition cures: the schema has to be taken back.
        broken = (await services.reads.tenants.by_slug(slug_of(contracts.DROP_SCHEMA))).schema_name
        await provisioning.execute(f"ALTER TABLE {broken}.settings RENAME TO broken")

        async with running(worker_module):
            settling = runs[contracts.SETTLE_APPROVAL]
            await provisioning.waiting_for_approval(settling.execution_id)
            closed[contracts.SETTLE_APPROVAL] = await gates.close(contracts.SETTLE_APPROVAL, str(settling.tenant_id))
            await services.executions.decide(OPERATOR, settling.execution_id, Decision.APPROVED, "signed")
            await kill_until_hit_everywhere(worker_module, provisioning, runs, closed)
            asking = runs[contracts.REQUEST_APPROVAL].execution_id
            await provisioning.waiting_for_approval(asking)
            await services.executions.decide(OPERATOR, asking, Decision.APPROVED, "signed")
            ends = dict(
                zip(
                    STEPS,
                    await asyncio.gather(
                        *(provisioning.ended(run.execution_id, within=RECOVERY) for run in runs.values())
                    ),
                    strict=True,
                )
            )

    undone = ends.pop(contracts.DROP_SCHEMA)
    assert undone.execution.status is Status.FAILED
    assert "settings" in (undone.execution.error_message or "")
    assert not await provisioning.has_schema(slug_of(contracts.DROP_SCHEMA))
    assert await provisioning.tenant_status(slug_of(contracts.DROP_SCHEMA)) is TenantStatus.FAILED
    for step, end in ends.items():
        assert end.execution.status is Status.COMPLETED, end
        assert [each.status for each in end.steps] == [StepStatus.COMPLETED] * len(end.steps)
        tries = {each.name: each.attempts for each in end.steps}
        assert tries.get(step, 0) > 1, f"{step} of {slug_of(step)}: {tries}"
        await assert_done_once(provisioning, slug_of(step))


async def kill_until_hit_everywhere(
    worker: Module, provisioning: Provisioning, runs: dict[str, Registered], closed: dict[str, Gate]
) -> None:
    """A step waits two seconds for its lock and comes again a little later: not all are there at the same time."""
    left = dict(closed)
    for _ in range(MOST_KILLS):
        await known(provisioning)
        hit = await waited_for(left)
        passed = {step: run for step, run in runs.items() if step not in left}
        await freeze_with_nothing_to_write(worker, provisioning, passed)
        await worker.kill()
        for step in hit:
            await left.pop(step).open()
        await worker.start()
        if not left:
            return
    raise AssertionError(f"never seen in: {set(left)}")


async def known(provisioning: Provisioning) -> None:
    """Temporal remembers who asked for work. As long as it has not said what it knows, workers that begin after it are
    kept from the second version, and runs that begin under them do without one of the steps.
    """
    services = provisioning.services
    queue = services.executions.task_queue
    await eventually(lambda: services.deliverer.fleet.known(queue), lambda seen: PROVISIONING_V2 in (seen or ()))


async def freeze_with_nothing_to_write(worker: Module, provisioning: Provisioning, runs: dict[str, Registered]) -> None:
    """What a worker has not written yet of a step that is done goes with it, and is not what is tried here."""

    async def unwritten() -> set[str]:
        return {step for step, run in runs.items() if await is_done_unwritten(provisioning, run, step)}

    async def freeze() -> set[str]:
        await eventually(unwritten, lambda left: not left)
        await worker.freeze()
        if left := await unwritten():
            await worker.thaw()
        return left

    await eventually(freeze, lambda left: not left)


async def is_done_unwritten(provisioning: Provisioning, run: Registered, step: str) -> bool:
    """Whether Temporal has the step as done, and its row does not."""
    detail = await provisioning.detail(run.execution_id)
    handle = provisioning.services.temporal.client.get_workflow_handle(detail.execution.workflow_id)
    scheduled, done = dict[int, str](), set[str]()
    for event in (await handle.fetch_history()).events:
        if event.HasField("activity_task_scheduled_event_attributes"):
            scheduled[event.event_id] = event.activity_task_scheduled_event_attributes.activity_type.name
        if event.HasField("activity_task_completed_event_attributes"):
            done.add(scheduled[event.activity_task_completed_event_attributes.scheduled_event_id])
    return step in done and StepStatus.COMPLETED not in {each.status for each in detail.steps if each.name == step}


async def waited_for(closed: dict[str, Gate]) -> set[str]:
    """The steps that are at their gates now: all of them, or as many as come in time."""
    clock = asyncio.get_running_loop().time
    patience = clock() + FOR_ALL

    async def look() -> set[str]:
        return {step for step, gate in closed.items() if await gate.is_waited_for()}

    return await eventually(look, lambda seen: seen == set(closed) or (bool(seen) and clock() > patience))


async def assert_done_once(provisioning: Provisioning, slug: str) -> None:
    schema = (await provisioning.services.reads.tenants.by_slug(slug)).schema_name
    assert await provisioning.tenant_status(slug) is TenantStatus.ACTIVE
    assert await provisioning.tables(slug) == TABLES
    assert await provisioning.column(f"SELECT role FROM {schema}.accounts") == ["owner"]
    assert await provisioning.column(f"SELECT slug FROM {schema}.projects") == ["getting-started"]
    assert await provisioning.column(f"SELECT count(*) FROM {schema}.settings") == ["4"]
    assert await provisioning.column(
        "SELECT m.role FROM memberships m JOIN tenants t ON t.id = m.tenant_id WHERE t.slug = %s", slug
    ) == ["owner"]
