"""Runs that stand still for every reason there is, and rows that know nothing of it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from psycopg import AsyncConnection
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkerDeploymentConfig

from operations import tenant_kinds
from operations.bootstrap import Services
from operations.diagnosis.leases import Round
from operations.diagnosis.watcher import Watcher
from operations.queries.execution_views import ExecutionView
from operations.statuses import Status
from tests import factories
from tests.integration.reconciliation.runs import marked

FAR = timedelta(minutes=10)
OLDER = """
    UPDATE workflow_executions SET last_progress_at = last_progress_at - interval '10 min',
           health_since = health_since - interval '10 min', cause_since = cause_since - interval '10 min' WHERE id = %s
"""


@activity.defn(name="create_schema")
async def fail() -> None:
    raise ApplicationError("permission denied for schema public")


@activity.defn(name="migrate_schema")
async def hang() -> None:
    await asyncio.Event().wait()


@workflow.defn(name="Grandchild")
class Child:
    def __init__(self) -> None:
        self._is_told = False

    @workflow.signal
    def tell(self) -> None:
        self._is_told = True

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: self._is_told)


@workflow.defn(name=tenant_kinds.PROVISIONING.temporal_name)
class Still:
    """Stands still as its first argument says; "… after a …": once that is over for which it waits before."""

    def __init__(self) -> None:
        self._is_told = False

    @workflow.signal
    def tell(self) -> None:
        self._is_told = True

    @workflow.run
    async def run(self, why: str, _: str | None = None) -> None:
        why, _, before = why.partition(" after a ")
        await self._wait(before)
        match why:
            case "timer":
                await workflow.sleep(3600)
            case "signal":
                await workflow.wait_condition(lambda: False)
            case "child":
                await workflow.execute_child_workflow(Child.run, id=f"{workflow.info().workflow_id}-child")
            case "failing":
                slowly = RetryPolicy(initial_interval=timedelta(seconds=300))
                await workflow.execute_activity("create_schema", start_to_close_timeout=FAR, retry_policy=slowly)
            case "hanging":
                await workflow.execute_activity("migrate_schema", start_to_close_timeout=FAR)
            case "elsewhere":
                await workflow.execute_activity(
                    "migrate_schema", task_queue=f"{workflow.info().task_queue}-nobody", start_to_close_timeout=FAR
                )
            case "deaf":
                while True:
                    with suppress(asyncio.CancelledError):
                        await workflow.wait_condition(lambda: False)
            case "broken":
                raise ValueError("the code has a mistake")

    async def _wait(self, what: str) -> None:
        match what:
            case "timer":
                await workflow.sleep(10)
            case "signal":
                await workflow.wait_condition(lambda: self._is_told)
            case "child":
                await workflow.execute_child_workflow(Child.run, id=f"{workflow.info().workflow_id}-child")


@workflow.defn(name=tenant_kinds.PROVISIONING.temporal_name)
class Deployed:
    """What a bad deploy puts in the place of `Still`: what runs have done already is not among what it does."""

    @workflow.run
    async def run(self, why: str, _: str | None = None) -> None:
        await workflow.execute_activity("create_schema", start_to_close_timeout=FAR)


@workflow.defn(name="SomethingElse")
class SomethingElse:
    @workflow.run
    async def run(self) -> None:
        return


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """A database, a task queue and a watcher of one test's own."""

    services: Services
    client: Client
    watcher: Watcher
    task_queue: str

    async def start(
        self, why: str, *, idle: float = 600, queue: str | None = None
    ) -> tuple[UUID, WorkflowHandle[Still, None]]:
        """A run, and a row that has not moved for so many seconds; of a queue that nobody works at, if one is given."""
        id_ = await self.add_row(idle=idle)
        handle = await self.client.start_workflow(
            Still.run,
            args=[why, None],
            id=f"test-{id_}",
            task_queue=queue or self.task_queue,
            search_attributes=marked(id_),
        )
        await self.sql(
            "UPDATE workflow_executions SET run_id = %s, task_queue = %s WHERE id = %s",
            handle.result_run_id,
            queue or self.task_queue,
            id_,
        )
        return id_, handle

    async def add_row(self, *, idle: float = 600, status: Status = Status.RUNNING) -> UUID:
        async with await AsyncConnection.connect(self.services.database.dsn) as connection:
            tenant = await factories.add_tenant(connection)
            id_ = await factories.add_execution(connection, status=status, entity_id=tenant, task_queue=self.task_queue)
            await connection.execute(
                "UPDATE workflow_executions SET last_progress_at = clock_timestamp() - make_interval(secs => %s)"
                " WHERE id = %s",
                (idle, id_),
            )
        return id_

    async def age(self, id_: UUID) -> None:
        """As if it had stood still for ten more minutes."""
        await self.sql(OLDER, id_)

    async def named(self, id_: UUID) -> ExecutionView:
        """What the row says after another round."""
        await self.round()
        return await self.seen(id_)

    async def named_again(self, id_: UUID) -> ExecutionView:
        """The same, by a watcher that remembers."""
        await self.watcher.tend()
        return await self.seen(id_)

    async def seen(self, id_: UUID) -> ExecutionView:
        return (await self.services.reads.executions.detail(id_)).execution

    async def round(self) -> Round:
        """Descriptions of the round before are not believed: a test does not wait for a minute."""
        self.watcher.looker.forget([])
        done = await self.watcher.tend()
        assert done is not None
        return done

    async def sql(self, statement: str, *values: object) -> None:
        async with await AsyncConnection.connect(self.services.database.dsn) as connection:
            await connection.execute(statement.encode(), values)


@asynccontextmanager
async def working(
    stage: Stage,
    *workflows: type,
    client: Client | None = None,
    activities: Sequence[Callable[..., object]] = (fail, hang),
    deployment: WorkerDeploymentConfig | None = None,
) -> AsyncIterator[None]:
    """A worker that knows these, or those of this module."""
    async with Worker(
        client or stage.client,
        task_queue=stage.task_queue,
        workflows=workflows or [Still, Child],
        activities=activities,
        workflow_runner=UnsandboxedWorkflowRunner(),
        graceful_shutdown_timeout=timedelta(0),
        deployment_config=deployment,
    ):
        yield
