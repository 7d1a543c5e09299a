"""A worker of the next version takes over: runs in flight stay on the version on which they began."""

import asyncio
from dataclasses import replace

import pytest
from temporalio.client import Client

from operations import contracts, kinds, tenant_kinds
from operations.fleet import Fleet
from operations.kinds import Kinds, Subject
from operations.queries.execution_views import ExecutionDetail
from operations.settings import Patches
from operations.statuses import Decision, Status
from operations.tenant_kinds import PROVISIONING, PROVISIONING_V2
from tests.integration.durability.conftest import OPERATOR, TABLES, Provisioning
from tests.integration.durability.gates import Gate, Gates
from workbench.servers import beating, eventually, run_worker
from workers import activation
from workers.activation import Activation
from workers.main import build

APPROVAL_STEPS = tuple(step.name for step in tenant_kinds.APPROVAL)
WAITS = "timer"  #: until somebody decides
BUILDING = tuple(step.name for step in (tenant_kinds.LOAD_TENANT, *tenant_kinds.BUILDING))
FIRST = PROVISIONING.planned(Subject(plan="starter", patches=frozenset()))
SECOND = PROVISIONING.planned(Subject(plan="starter"))
FIRST_VERSION = Kinds.of(
    replace(kind, workflow="tests.replay.first_version:TenantProvisioningWorkflow", patches=())
    if kind is PROVISIONING
    else kind
    for kind in kinds.known()
)
REGISTRATIONS = 60


def slug_of(step: str) -> str:
    return f"began-in-{step.replace('_', '-')}"


async def patches(provisioning: Provisioning, workflow_id: str) -> list[bytes]:
    """What the history of a run has of `workflow.patched`."""
    history = await provisioning.services.temporal.client.get_workflow_handle(workflow_id).fetch_history()
    markers = [event.marker_recorded_event_attributes for event in history.events]
    return [marker.SerializeToString() for marker in markers if marker.marker_name == "core_patch"]


@pytest.mark.long
@pytest.mark.timeout(180)
@pytest.mark.usefixtures("delivering")
async def test_runs_that_wait_in_any_step_of_the_first_version_complete_on_it_under_a_worker_of_the_second(
    provisioning: Provisioning, temporal_address: str, task_queue: str
) -> None:
    services = provisioning.services
    async with Gates.at(services.database.dsn) as gates:
        runs, closed = {}, dict[str, Gate]()
        for step in (*BUILDING, *APPROVAL_STEPS, WAITS):
            plan = "starter" if step in BUILDING else "enterprise"
            runs[step] = await provisioning.register(slug_of(step), plan)
            if step not in (contracts.SETTLE_APPROVAL, WAITS):
                closed[step] = await gates.close(step, str(runs[step].tenant_id))
        async with run_worker(services, temporal_address, task_queue, runs=FIRST_VERSION):
            settling = runs[contracts.SETTLE_APPROVAL]
            for undecided in (settling, runs[WAITS]):
                await provisioning.waiting_for_approval(undecided.execution_id)
            closed[contracts.SETTLE_APPROVAL] = await gates.close(contracts.SETTLE_APPROVAL, str(settling.tenant_id))
            await services.executions.decide(OPERATOR, settling.execution_id, Decision.APPROVED, "signed")
            await asyncio.gather(*(eventually(gate.is_waited_for, bool) for gate in closed.values()))

        async with run_worker(services, temporal_address, task_queue):
            await gates.open_all()
            for undecided in (runs[WAITS], runs[contracts.REQUEST_APPROVAL]):
                await provisioning.waiting_for_approval(undecided.execution_id)
                await services.executions.decide(OPERATOR, undecided.execution_id, Decision.APPROVED, "signed")
            newer = await provisioning.register("began-later")
            old = await asyncio.gather(*(provisioning.ended(run.execution_id, within=60) for run in runs.values()))
            new = await provisioning.ended(newer.execution_id)

    for end in old:
        await assert_complete(provisioning, end, FIRST)
        assert await patches(provisioning, end.execution.workflow_id) == []
    await assert_complete(provisioning, new, SECOND)
    (patch,) = await patches(provisioning, new.execution.workflow_id)
    assert PROVISIONING_V2.encode() in patch


@pytest.mark.long
@pytest.mark.timeout(180)
@pytest.mark.usefixtures("delivering")
async def test_while_workers_of_two_versions_take_up_each_others_runs_none_is_wedged(
    provisioning: Provisioning, temporal_address: str, task_queue: str
) -> None:
    services = provisioning.services
    old, new = [
        await Client.connect(temporal_address, identity=version, runtime=beating()) for version in ("old", "new")
    ]
    active = Activation(
        fleet=Fleet(temporal=services.temporal),
        task_queue=task_queue,
        identity=new.identity,
        declared=activation.patches(kinds.known()),
        policy=Patches.KNOWN,
    )

    async with build(services, new, task_queue, allows=active.allows):
        async with build(services, old, task_queue, runs=FIRST_VERSION):
            await until_active(active, is_active=False)
            runs = [await provisioning.register(f"mixed-{number}") for number in range(REGISTRATIONS)]
            ends = await asyncio.gather(*(provisioning.ended(run.execution_id, within=100) for run in runs))
        await until_active(active, is_active=True)
        later = await provisioning.register("mixed-no-more")
        alone = await provisioning.ended(later.execution_id)

    for end in ends:
        assert end.execution.status is Status.COMPLETED
        assert await patches(provisioning, end.execution.workflow_id) == []
        assert await failed_tasks(provisioning, end.execution.workflow_id) == 0
    assert len(await patches(provisioning, alone.execution.workflow_id)) == 1


async def until_active(active: Activation, *, is_active: bool) -> None:
    """As the worker's process does it, without its pause."""

    async def look() -> bool:
        await active.look()
        return PROVISIONING_V2 in active.active

    await eventually(look, lambda seen: seen is is_active)


async def failed_tasks(provisioning: Provisioning, workflow_id: str) -> int:
    """How often a worker could not go on with a run."""
    history = await provisioning.services.temporal.client.get_workflow_handle(workflow_id).fetch_history()
    return sum(event.HasField("workflow_task_failed_event_attributes") for event in history.events)


async def assert_complete(provisioning: Provisioning, end: ExecutionDetail, steps: tuple[str, ...]) -> None:
    """By these steps, apart from the approval; and the row plans what the run took, whoever registered it."""
    ran = [step.name for step in end.steps]

    assert end.execution.status is Status.COMPLETED, end
    assert tuple(name for name in ran if name not in APPROVAL_STEPS) == steps
    assert set(end.planned) == set(ran)
    assert end.execution.steps_total == end.execution.steps_done == len(end.planned)
    assert await provisioning.tables(end.execution.entity_slug or "") == TABLES
