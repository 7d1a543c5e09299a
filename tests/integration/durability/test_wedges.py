"""A bad change that was deployed all the same: what can be done while runs stand still, and what heals them."""

from dataclasses import replace

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest

from operations import kinds
from operations.actions.tenants import Registered
from operations.kinds import Kinds
from operations.queries.execution_views import ExecutionView
from operations.settings import Settings
from operations.statuses import Cause, CloseReason, CommandKind, CommandState, Decision, Status
from operations.tenant_kinds import PROVISIONING
from tests.integration.durability.conftest import OPERATOR, TABLES, Provisioning
from workbench.servers import eventually, run_worker
from workers import build as code

BAD = Kinds.of(
    replace(kind, workflow="tests.replay.bad_workflows:Unchanged", patches=()) if kind is PROVISIONING else kind
    for kind in kinds.known()
)


async def until_wedged(provisioning: Provisioning, run: Registered) -> None:
    """Temporal tries the same piece of work again and again; nothing of the run says that it failed."""
    client = provisioning.services.temporal.client
    workflow_id = (await provisioning.detail(run.execution_id)).execution.workflow_id

    async def attempts() -> int:
        request = DescribeWorkflowExecutionRequest(
            namespace=client.namespace, execution=WorkflowExecution(workflow_id=workflow_id)
        )
        answer = await client.workflow_service.describe_workflow_execution(request)
        return answer.pending_workflow_task.attempt

    await eventually(attempts, lambda number: number > 1)


async def named(provisioning: Provisioning, run: Registered) -> ExecutionView:
    """As the first round of the watcher finds it that looks at it at all: after half a minute without progress."""
    await provisioning.execute(
        "UPDATE workflow_executions SET last_progress_at = clock_timestamp() - interval '31 s' WHERE id = %s",
        run.execution_id,
    )
    watcher = provisioning.services.lookout.watcher

    async def look() -> ExecutionView:
        watcher.looker.forget([])
        await watcher.tend()
        return (await provisioning.detail(run.execution_id)).execution

    return await eventually(look, lambda seen: seen.cause == Cause.WORKFLOW_FAILING)


@pytest.mark.long
@pytest.mark.timeout(180)
@pytest.mark.usefixtures("delivering")
async def test_a_wedged_run_is_named_can_be_terminated_keeps_its_cancel_and_is_healed_by_a_good_deploy(
    provisioning: Provisioning, temporal_address: str, task_queue: str
) -> None:
    services = provisioning.services
    bad = code.deployment(Settings.model_construct(task_queue=task_queue), "a-bad-deploy")
    async with run_worker(services, temporal_address, task_queue):
        runs = {deed: await provisioning.register(f"wedged-{deed}", "enterprise") for deed in ("heal", "stop", "end")}
        for run in runs.values():
            await provisioning.waiting_for_approval(run.execution_id)

    async with run_worker(services, temporal_address, task_queue, runs=BAD, deployment=bad):
        await services.executions.decide(OPERATOR, runs["heal"].execution_id, Decision.APPROVED, "signed")
        await services.executions.cancel(OPERATOR, runs["stop"].execution_id, "typed wrongly")
        await services.executions.decide(OPERATOR, runs["end"].execution_id, Decision.APPROVED, "signed")
        for run in runs.values():
            await until_wedged(provisioning, run)
        wedged = [await named(provisioning, run) for run in runs.values()]
        cancelling = await provisioning.detail(runs["stop"].execution_id)
        intents = await services.reads.intents.commands(runs["stop"].execution_id)
        await services.executions.terminate(OPERATOR, runs["end"].execution_id, "wedged by a deploy")
        terminated = await provisioning.ended(runs["end"].execution_id)

    async with run_worker(services, temporal_address, task_queue):
        healed = await provisioning.ended(runs["heal"].execution_id, within=90)
        cancelled = await provisioning.ended(runs["stop"].execution_id, within=90)

    for seen in wedged:
        assert seen.diagnosis is not None
        assert seen.diagnosis.sentence.startswith(
            "The code of build a-bad-deploy does not match this run's history: "
        ), seen.diagnosis.sentence
        assert "roll the last deploy back" in seen.diagnosis.action.lower()
    assert cancelling.execution.status is Status.RUNNING
    assert (CommandKind.CANCEL, CommandState.DELIVERED) in [(each.kind, each.state) for each in intents]
    assert terminated.execution.close_reason is CloseReason.TERMINATED
    assert healed.execution.status is Status.COMPLETED
    assert await provisioning.tables("wedged-heal") == TABLES
    assert cancelled.execution.close_reason is CloseReason.CANCELED
    assert not await provisioning.has_schema("wedged-stop")
