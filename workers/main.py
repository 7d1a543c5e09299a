"""The worker process: runs workflows and steps, and delivers commands beside the console."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

from temporalio.client import Client
from temporalio.plugin import SimplePlugin
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.worker import Worker, WorkerDeploymentConfig

from operations import contracts, fleet, kinds, liveness, logs
from operations.bootstrap import Services
from operations.database import Database
from operations.errors import (
    ConfigurationError,
    DatabaseUnavailable,
    OperationsError,
    SchemaBehind,
    TemporalRefused,
    TemporalUnavailable,
)
from operations.kinds import Kinds
from operations.settings import Patches, Requirement, Settings, temporal_profile
from operations.temporal import unreachable
from workers import activation, loading, schedules
from workers import build as code
from workers.activation import Activation, Allows
from workers.activities.reconciliation import ReconciliationActivities
from workers.activities.sessions import Sessions
from workers.fence import Fence
from workers.tracking import plugin

log = logs.logger(__name__)

GRACE = timedelta(seconds=10)
ACTIVITIES_AT_ONCE = 40
CACHED_RUNS = 500
FIRST_WAIT, LONGEST_WAIT = 0.2, 5.0  #: seconds between two tries to reach a server
SAID_AGAIN = 60.0  #: seconds until the same reason is logged once more


def build(
    services: Services,
    client: Client,
    task_queue: str,
    *,
    runs: Kinds | None = None,
    allows: Allows | None = None,
    deployment: WorkerDeploymentConfig | None = None,
    reports: Database | None = None,
) -> Worker:
    """A worker for the kinds of this installation, unless others are given. Raises `ConfigurationError`.

    The client must be connected. New runs take every patch, or those that `allows` says. What is tracked goes to
    `reports`, or to the database of the services.
    """
    sessions = Sessions.at(services.database.dsn)
    known = kinds.known() if runs is None else runs
    return Worker(
        client,
        task_queue=task_queue,
        workflows=loading.workflows(known),
        activities=[
            *loading.activities(known, sessions),
            ReconciliationActivities(reconciler=services.reconciler).reconcile,
        ],
        interceptors=[Fence(sessions, services.database)],
        plugins=[
            SimplePlugin("tenantry.sessions", run_context=sessions.running),
            plugin.tracking(reports or services.database, None if deployment is None else deployment.version.build_id),
            *(SimplePlugin(fleet.mark(what)) for what in sorted({contracts.TRACKING_2, *activation.patches(known)})),
        ],
        patch_activation_callback=allows,
        deployment_config=deployment,
        max_concurrent_activities=ACTIVITIES_AT_ONCE,
        max_cached_workflows=CACHED_RUNS,
        graceful_shutdown_timeout=GRACE,
    )


async def run(settings: Settings, known: Kinds) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way within `GRACE`."""
    services = await Services.connect(settings, part="worker")
    loading.check(known, Sessions.at(services.database.dsn))
    with suppress(DatabaseUnavailable):  # no reason not to start
        await services.database.check_schema()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        async with asyncio.TaskGroup() as group:
            delivering = group.create_task(services.deliverer.run())
            beside = [
                group.create_task(each()) for each in (*services.lookout.work.values(), services.bulks.runner.run)
            ]
            working = group.create_task(_work(services, settings, known))
            await stop.wait()
            log.info("worker stops", grace_seconds=GRACE.total_seconds())
            delivering.cancel()
            for each in beside:
                each.cancel()
            working.cancel()
    finally:
        await services.close()


async def _work(services: Services, settings: Settings, known: Kinds) -> None:
    """Reach both servers, however long it takes, then run the worker until cancelled.

    A worker without its database would take runs and fail their steps.
    """
    task_queue = settings.task_queue
    client = await _reach_temporal(services)
    await _reach_database(services)
    active = Activation(
        fleet=services.deliverer.fleet,
        task_queue=task_queue,
        identity=client.identity,
        declared=activation.patches(known),
        # A run that stays on its build meets no worker of another one.
        policy=Patches.ALL if settings.worker_versioning else settings.patches,
    )
    deployed = code.deployment(settings, code.build_id(settings, known))
    await active.look()
    async with (
        build(services, client, task_queue, runs=known, allows=active.allows, deployment=deployed),
        asyncio.TaskGroup() as group,
    ):
        log.info("worker ready", task_queue=task_queue, build=deployed.version.build_id)
        group.create_task(active.run())
        await schedules.keep(client, services.database, task_queue, services.reconciler.limits.interval)


@dataclass(kw_only=True, slots=True)
class Waiting:
    """Tries again and again, and says why when that changes, else once a minute."""

    fact: str
    _why: str = ""
    _said_at: float = 0.0
    _pause: float = FIRST_WAIT

    async def after(self, why: str) -> None:
        if why != self._why or monotonic() - self._said_at >= SAID_AGAIN:
            log.warning(self.fact, why=why)
            self._why, self._said_at = why, monotonic()
        await asyncio.sleep(self._pause)
        self._pause = min(self._pause * 2, LONGEST_WAIT)


async def _reach_database(services: Services) -> None:
    """Until it answers; raises `SchemaBehind`."""
    waiting = Waiting(fact="PostgreSQL cannot be reached yet")
    while True:
        try:
            return await services.database.check_schema()
        except DatabaseUnavailable as error:
            await waiting.after(error.message)


async def _reach_temporal(services: Services) -> Client:
    """A connected client. A worker takes no lazy client, and the search attribute must be there before a start."""
    waiting = Waiting(fact="Temporal cannot be reached yet")
    runtime = Runtime(telemetry=TelemetryConfig(), worker_heartbeat_interval=liveness.HEARTBEAT)
    while True:
        try:
            if not await services.temporal.ensure_search_attribute():
                log.error("the search attribute OperationUUID exists and is no Keyword; no run can start")
            return await Client.connect(**temporal_profile().to_client_connect_config(), runtime=runtime)
        except (TemporalUnavailable, TemporalRefused) as error:
            await waiting.after(error.message)
        except RuntimeError as error:
            await waiting.after(unreachable(error).message)


def _leaves(group: BaseExceptionGroup) -> Iterator[BaseException]:
    for each in group.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from _leaves(each)
        else:
            yield each


def main(declared: Callable[[], Kinds] = kinds.known) -> int:
    """Run a worker for the kinds that are `declared`."""
    try:
        settings = Settings.load(Requirement.DATABASE_URL, Requirement.TEMPORAL_ADDRESS)
    except ConfigurationError as error:
        print(error.message, file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    logs.configure(settings.log_format)
    code = 0
    try:
        asyncio.run(run(settings, declared()))
    except* (SchemaBehind, ConfigurationError) as errors:  # in a group, when the database answered only later
        first = next(leaf for leaf in _leaves(errors) if isinstance(leaf, OperationsError))
        print(first.message, file=sys.stderr)  # noqa: T201
        code = 1
    # The SDK's native threads sometimes abort an interpreter that finalizes; everything is closed by now.
    sys.stdout.flush()
    os._exit(code)
