"""The peer of P8, in a process of its own: the same workflow and steps in a worker that tracks nothing.

`python -m bench.untracked`, with the variables of a worker.
"""

import asyncio
import signal

from temporalio.client import Client
from temporalio.worker import Worker

from operations.settings import Requirement, Settings, temporal_profile
from workers.activities.sessions import Sessions
from workers.activities.tenants import TenantActivities
from workers.main import ACTIVITIES_AT_ONCE, CACHED_RUNS
from workers.workflows.provision_tenant import TenantProvisioningWorkflow

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
                steps.add_owner,
                steps.seed_defaults,
                steps.activate_tenant,
            ],
            max_concurrent_activities=ACTIVITIES_AT_ONCE,
            max_cached_workflows=CACHED_RUNS,
        )
        async with worker:
            print(READY, flush=True)
            await stop.wait()


if __name__ == "__main__":
    asyncio.run(work(Settings.load(Requirement.DATABASE_URL, Requirement.TEMPORAL_ADDRESS)))
