"""The worker process: runs workflows and steps, and delivers commands beside the console."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from datetime import timedelta

from temporalio.client import Client
from temporalio.plugin import SimplePlugin
from temporalio.worker import Worker

from operations import logs
from operations.bootstrap import Services
from operations.errors import (
    ConfigurationError,
    DatabaseUnavailable,
    SchemaBehind,
    TemporalRefused,
    TemporalUnavailable,
)
from operations.settings import Requirement, Settings, temporal_profile
from workers import schedules
from workers.activities.approvals import ApprovalActivities
from workers.activities.departures import DepartureActivities
from workers.activities.reconciliation import ReconciliationActivities
from workers.activities.sessions import Sessions
from workers.activities.tenants import TenantActivities
from workers.interceptors import plugin
from workers.interceptors.fence import Fence
from workers.workflows.deprovision_tenant import TenantDeprovisioningWorkflow
from workers.workflows.provision_tenant import TenantProvisioningWorkflow
from workers.workflows.reconcile import ReconciliationWorkflow

log = logs.logger(__name__)

GRACE = timedelta(seconds=10)
ACTIVITIES_AT_ONCE = 40
CACHED_RUNS = 500
LONGEST_WAIT = 5.0  #: seconds between two tries to reach a server
#: Histories are replayed against these before a deployment, too.
WORKFLOWS = (TenantProvisioningWorkflow, TenantDeprovisioningWorkflow, ReconciliationWorkflow)


def build(services: Services, client: Client, task_queue: str) -> Worker:
    """A worker for all workflows of this version; the client must be connected."""
    sessions = Sessions.at(services.database.dsn)
    steps = TenantActivities(sessions=sessions)
    approvals, departures = ApprovalActivities(sessions=sessions), DepartureActivities(sessions=sessions)
    return Worker(
        client,
        task_queue=task_queue,
        workflows=WORKFLOWS,
        activities=[
            steps.load_tenant,
            steps.create_schema,
            steps.migrate_schema,
            steps.add_owner,
            steps.seed_defaults,
            steps.activate_tenant,
            steps.drop_schema,
            approvals.request_approval,
            approvals.settle_approval,
            departures.announce_deprovisioning,
            departures.announce_departure,
            departures.restore_tenant,
            departures.delete_tenant,
            ReconciliationActivities(reconciler=services.reconciler).reconcile,
        ],
        interceptors=[Fence(sessions, services.database)],
        plugins=[
            SimplePlugin("tenantry.sessions", run_context=sessions.running),
            plugin.tracking(services.database),
        ],
        max_concurrent_activities=ACTIVITIES_AT_ONCE,
        max_cached_workflows=CACHED_RUNS,
        graceful_shutdown_timeout=GRACE,
    )


async def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way within `GRACE`."""
    services = await Services.connect(settings, part="worker")
    await _check_schema(services)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        async with asyncio.TaskGroup() as group:
            delivering = group.create_task(services.deliverer.run())
            working = group.create_task(_work(services, settings.task_queue))
            await stop.wait()
            log.info("worker stops", grace_seconds=GRACE.total_seconds())
            delivering.cancel()
            working.cancel()
    finally:
        await services.close()


async def _check_schema(services: Services) -> None:
    """Raises `SchemaBehind`; a database that does not answer is no reason not to start."""
    with suppress(DatabaseUnavailable):
        await services.database.check_schema()


async def _work(services: Services, task_queue: str) -> None:
    """Reach Temporal, however long it takes, then run the worker until cancelled."""
    client = await _reach_temporal(services)
    async with build(services, client, task_queue):
        log.info("worker ready", task_queue=task_queue)
        await schedules.keep(client, services.database, task_queue, services.reconciler.limits.interval)


async def _reach_temporal(services: Services) -> Client:
    """A connected client. A worker takes no lazy client, and the search attribute must be there before a start."""
    wait = 0.2
    while True:
        try:
            if not await services.temporal.ensure_search_attribute():
                log.error("the search attribute OperationUUID exists and is no Keyword; no run can start")
            return await Client.connect(**temporal_profile().to_client_connect_config())
        except (TemporalUnavailable, TemporalRefused, RuntimeError) as error:
            log.warning("Temporal cannot be reached yet", why=str(error), next_try_seconds=wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)


def main() -> int:
    try:
        settings = Settings.load(Requirement.DATABASE_URL, Requirement.TEMPORAL_ADDRESS)
    except ConfigurationError as error:
        print(error.message, file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    logs.configure(settings.log_format)
    try:
        asyncio.run(run(settings))
    except SchemaBehind as error:
        print(error.message, file=sys.stderr)  # noqa: T201
        return 1
    # The SDK's native threads sometimes abort an interpreter that finalizes; everything is closed by now.
    sys.stdout.flush()
    os._exit(0)
