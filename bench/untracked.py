"""The peer of P8, in a process of its own: the same workflow and steps in a worker that tracks nothing.

`python -m bench.untracked`, with the variables of a worker.
"""

import asyncio
import signal
from datetime import UTC, datetime
from uuid import UUID

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor, Worker

from operations import tenant_kinds
from operations.contracts import TenantStep
from operations.settings import Requirement, Settings, temporal_profile
from workers.activities.admission import CurrentStep, current_step
from workers.activities.sessions import Sessions
from workers.activities.tenants import TenantActivities
from workers.main import ACTIVITIES_AT_ONCE, CACHED_RUNS
from workers.workflows.provision_tenant import TenantProvisioningWorkflow


class Admitted(Interceptor):
    """Tells the steps for whom they act, without a look at anything."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return AdmittedStep(next)


class AdmittedStep(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> object:  # noqa: A002
        match input.args:
            case [TenantStep(tenant_id=tenant_id)]:
                step_for(tenant_id, activity.info().workflow_run_id or "")
        return await super().execute_activity(input)


def workflow_id(tenant_id: str) -> str:
    return f"untracked-{tenant_id}"


def step_for(tenant_id: str, run_id: str) -> None:
    """Have what runs in this task act for the execution that has the tenant's own id."""
    current_step.set(
        CurrentStep(
            execution_id=UUID(tenant_id),
            ordinal=1,
            name="a step",
            workflow_id=workflow_id(tenant_id),
            workflow_type=tenant_kinds.PROVISIONING.temporal_name,
            run_id=run_id,
            scheduled_at=datetime.now(UTC),
        )
    )


READY = "untracked worker ready"


async def work(settings: Settings) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    sessions = Sessions.at(settings.database_dsn)
    steps = TenantActivities(sessions=sessions)
    async with sessions.running():
        client = await Client.connect(**temporal_profile().to_client_connect_config())
        worker = Worker(
            client,
            task_queue=settings.task_queue,
            workflows=[TenantProvisioningWorkflow],
            activities=[
                steps.load_tenant,
                steps.create_schema,
                steps.migrate_schema,
                steps.verify_schema,
                steps.add_owner,
                steps.seed_defaults,
                steps.activate_tenant,
            ],
            interceptors=[Admitted()],
            max_concurrent_activities=ACTIVITIES_AT_ONCE,
            max_cached_workflows=CACHED_RUNS,
        )
        async with worker:
            print(READY, flush=True)
            await stop.wait()


if __name__ == "__main__":
    asyncio.run(work(Settings.load(Requirement.DATABASE_URL, Requirement.TEMPORAL_ADDRESS)))
