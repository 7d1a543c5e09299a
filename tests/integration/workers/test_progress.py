"""What a long step says of itself is shown, and only that counts as progress."""

import asyncio
from uuid import UUID

import pytest
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from operations.access import Actor
from operations.actions.registration import Registration
from operations.bootstrap import Services
from operations.queries.execution_views import ExecutionDetail
from operations.temporal import OPERATION_UUID
from workbench.servers import eventually
from workers.tracking import plugin
from workers.workflows.steps import run_step

release = asyncio.Event()


@activity.defn(name="copy_rows")
async def copy_rows(rows: int) -> int:
    activity.heartbeat(f"copied {rows} of 200 rows")
    await release.wait()
    return rows


@workflow.defn(name="CopyWorkflow")
class CopyWorkflow:
    @workflow.run
    async def run(self) -> int:
        return await run_step("copy_rows", 100, int)


@pytest.mark.timeout(60)
async def test_progress_of_a_long_step_is_shown_while_it_runs(
    services: Services, temporal_address: str, task_queue: str, support: Actor
) -> None:
    registration = Registration(slug="copier", name="Copier", owner_email="copier@example.com")
    registered = await services.tenants.register(support, registration)
    client = await Client.connect(temporal_address)

    async def look() -> ExecutionDetail:
        return await services.reads.executions.detail(registered.execution_id)

    async with Worker(
        client,
        task_queue=task_queue,
        workflows=[CopyWorkflow],
        activities=[copy_rows],
        plugins=[plugin.tracking(services.database)],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        handle = start(client, registered.execution_id, task_queue)
        began = await eventually(look, lambda detail: bool(detail.steps))
        shown = await eventually(look, lambda detail: detail.steps[0].progress is not None)
        release.set()
        await handle

    assert shown.steps[0].progress == "copied 100 of 200 rows"
    assert shown.execution.last_progress_at >= began.execution.last_progress_at


def start(client: Client, execution_id: UUID, task_queue: str) -> "asyncio.Future[int]":
    mark = TypedSearchAttributes([SearchAttributePair(OPERATION_UUID, str(execution_id))])
    running = client.execute_workflow(
        CopyWorkflow.run, id=f"copy-{execution_id}", task_queue=task_queue, search_attributes=mark
    )
    return asyncio.ensure_future(running)
