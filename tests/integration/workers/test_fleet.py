"""Runs are begun in the new way only where every worker that may take them knows it."""

from uuid import UUID

import pytest
from temporalio.client import Client, WorkflowHistory
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.worker import Worker

from operations import contracts
from operations.access import Actor
from operations.actions.registration import Registration
from operations.bootstrap import Services
from operations.fleet import Fleet
from operations.queries.execution_views import ExecutionDetail
from operations.settings import Patches
from operations.statuses import Status
from operations.temporal import Start
from operations.tenant_kinds import PROVISIONING, PROVISIONING_V2
from tests.integration.workers.strange_workflows import AwaitCoffee
from workbench.servers import beating, eventually
from workers.activation import Activation
from workers.main import build


def registration(slug: str) -> Registration:
    return Registration(slug=slug, name=slug, owner_email=f"{slug}@example.com")


async def completed(services: Services, execution: UUID) -> ExecutionDetail:
    return await eventually(
        lambda: services.reads.executions.detail(execution), lambda seen: seen.execution.status is Status.COMPLETED
    )


async def history(services: Services, workflow_id: str) -> WorkflowHistory:
    """Of a run that ended well; the row knows of that before Temporal has the report of it."""
    handle = services.temporal.client.get_workflow_handle(workflow_id)
    await handle.result()
    return await handle.fetch_history()


def reports(history: WorkflowHistory) -> int:
    names = [event.marker_recorded_event_attributes.marker_name for event in history.events]
    return names.count("core_local_activity")


def statuses(detail: ExecutionDetail) -> list[Status]:
    return [event.to_status for event in detail.events if event.to_status is not None]


@pytest.mark.usefixtures("delivering", "worker")
async def test_where_all_workers_know_it_a_run_does_not_report_its_beginning(
    services: Services, support: Actor, task_queue: str
) -> None:
    await eventually(lambda: services.deliverer.fleet.all_know(task_queue, contracts.TRACKING_2), bool)

    registered = await services.tenants.register(support, registration("begun-by-others"))
    done = await completed(services, registered.execution_id)

    assert statuses(done) == [Status.PENDING, Status.RUNNING, Status.COMPLETED]
    assert reports(await history(services, done.execution.workflow_id)) == 1


@pytest.mark.usefixtures("worker")
async def test_a_worker_that_does_not_know_it_keeps_the_others_from_it(
    services: Services, temporal_address: str, task_queue: str
) -> None:
    fleet = Fleet(temporal=services.temporal)
    await eventually(lambda: fleet.all_know(task_queue, contracts.TRACKING_2), bool)

    async with Worker(
        await Client.connect(temporal_address, runtime=beating()), task_queue=task_queue, workflows=[AwaitCoffee]
    ):
        knows = await eventually(lambda: fleet.all_know(task_queue, contracts.TRACKING_2), lambda known: not known)

    assert not knows
    assert not await fleet.all_know("a-queue-that-nobody-polls", contracts.TRACKING_2)


async def test_a_worker_whose_first_heartbeat_has_not_come_keeps_itself_from_nothing(
    services: Services, temporal_address: str, task_queue: str
) -> None:
    """It asks for work at once, and Temporal lists who asks; what it takes then would begin on the old version."""
    silent = Runtime(telemetry=TelemetryConfig(), worker_heartbeat_interval=None)
    client = await Client.connect(temporal_address, identity="just-begun", runtime=silent)
    fleet = Fleet(temporal=services.temporal)
    async with build(services, client, task_queue):
        await eventually(lambda: fleet.known(task_queue), lambda known: known is not None)
        active = Activation(
            fleet=fleet,
            task_queue=task_queue,
            identity=client.identity,
            declared=frozenset({PROVISIONING_V2}),
            policy=Patches.KNOWN,
        )
        await active.look()

    assert active.active == {PROVISIONING_V2}


@pytest.mark.usefixtures("worker")
async def test_the_first_step_writes_that_its_run_has_begun_where_nobody_else_has(
    services: Services, support: Actor, task_queue: str
) -> None:
    """The deliverer that started it was killed before it could say so."""
    registered = await services.tenants.register(support, registration("nobody-else"))
    row = (await services.reads.executions.detail(registered.execution_id)).execution

    await services.temporal.start(
        Start(
            workflow_id=row.workflow_id,
            temporal_name=PROVISIONING.temporal_name,
            task_queue=task_queue,
            execution_id=row.id,
            arguments=(str(registered.tenant_id), None),
            is_begun_by_others=True,
        )
    )
    done = await completed(services, row.id)

    assert statuses(done) == [Status.PENDING, Status.RUNNING, Status.COMPLETED]
    assert done.execution.started_at is not None
    assert done.execution.run_id is not None
    assert reports(await history(services, row.workflow_id)) == 1
