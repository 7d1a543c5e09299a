"""Runs whose rows nobody keeps up to date: a worker without tracking, so that reconciliation has all to do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Self
from uuid import UUID, uuid4

from psycopg import AsyncConnection
from temporalio import activity, workflow
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from operations import contracts, tenant_kinds
from operations.bootstrap import Services
from operations.queries.execution_views import ExecutionView
from operations.reconciliation.limits import Limits
from operations.reconciliation.observations import Observer
from operations.reconciliation.passes import PassResult, Reconciler
from operations.run_queries import quoted
from operations.statuses import PassTrigger, Status
from operations.temporal import OPERATION_UUID
from tests import factories
from workbench.servers import eventually

LIMITS = Limits(grace=0.05)


@activity.defn(name="wait")
async def wait() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(0.1)


@workflow.defn(name=tenant_kinds.PROVISIONING.temporal_name)
class Obedient:
    """Does what its first argument says."""

    def __init__(self) -> None:
        self.go = False

    @workflow.run
    async def run(self, what: str, _: str | None = None) -> None:
        match what:
            case "sleep":
                await workflow.sleep(3600)
            case "work":
                await workflow.execute_activity(
                    "wait",
                    start_to_close_timeout=timedelta(minutes=5),
                    heartbeat_timeout=timedelta(seconds=5),
                    cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                )
            case "fail":
                raise ApplicationError("disk full", type="OutOfSpace", non_retryable=True)
            case "reject":
                raise ApplicationError("no budget", type=contracts.REJECTED, non_retryable=True)
            case "again":
                workflow.continue_as_new(args=["sleep"])

    @workflow.signal
    def anything(self) -> None:
        self.go = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """A row and its run."""

    id: UUID
    tenant_id: UUID
    workflow_id: str
    handle: WorkflowHandle[Obedient, None]

    async def delete(self, client: Client) -> None:
        """As retention, or somebody with the CLI, would; until Temporal has forgotten it."""
        request = DeleteWorkflowExecutionRequest(
            namespace=client.namespace, workflow_execution=WorkflowExecution(workflow_id=self.workflow_id)
        )
        await client.workflow_service.delete_workflow_execution(request)


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """A database, a task queue and a reconciler of one test's own."""

    services: Services
    client: Client
    reconciler: Reconciler
    task_queue: str
    begun: list[str] = field(default_factory=list)  #: workflow ids that lists have to know before a pass

    async def start(
        self, what: str = "sleep", *, status: Status = Status.RUNNING, limit: timedelta | None = None
    ) -> Started:
        """A run with a tenant that is being provisioned, and a row in `status` that knows the run if it is running."""
        id_, tenant_id, workflow_id = await self.add_row(status=status)
        handle = await self.client.start_workflow(
            Obedient.run,
            args=[what, None],
            id=workflow_id,
            task_queue=self.task_queue,
            search_attributes=marked(id_),
            execution_timeout=limit,
        )
        self.begun.append(workflow_id)
        if status is not Status.PENDING:
            await self.sql("UPDATE workflow_executions SET run_id = %s WHERE id = %s", handle.result_run_id, id_)
        return Started(id=id_, tenant_id=tenant_id, workflow_id=workflow_id, handle=handle)

    async def add_row(self, *, status: Status = Status.RUNNING) -> tuple[UUID, UUID, str]:
        async with await AsyncConnection.connect(self.services.database.dsn) as connection:
            tenant_id = await factories.add_tenant(connection)
            id_ = await factories.add_execution(
                connection, status=status, entity_id=tenant_id, task_queue=self.task_queue
            )
        return id_, tenant_id, f"test-{id_}"

    async def run_pass(self, *, apply: bool = False, accept_namespace: bool = False) -> PassResult:
        """A pass of an operator, when all rows are old enough to be looked at, and lists know of all runs."""
        await asyncio.sleep(self.reconciler.limits.grace * 1.2)
        await self.until_listed()
        return await self.reconciler.run_pass(
            PassTrigger.OPERATOR, "test", apply=apply, accept_namespace=accept_namespace
        )

    async def row(self, id_: UUID) -> ExecutionView:
        return (await self.services.reads.executions.detail(id_)).execution

    async def sql(self, statement: str, *parameters: object) -> list[tuple[object, ...]]:
        async with await AsyncConnection.connect(self.services.database.dsn) as connection:
            cursor = await connection.execute(statement.encode(), parameters)
            return [] if cursor.description is None else [tuple(row) for row in await cursor.fetchall()]

    async def tenant_status(self, started: Started) -> str:
        [[status]] = await self.sql("SELECT status FROM tenants WHERE id = %s", started.tenant_id)
        return str(status)

    async def tamper(self, id_: UUID, status: Status, close_reason: str | None = None) -> None:
        """Write a status past every rule, as only a superuser in trouble would."""
        await self.sql(
            "WITH on_ AS (SELECT set_config('tenantry.correction', 'on', true)) "
            "UPDATE workflow_executions SET status = %s, close_reason = %s, "
            "completed_at = CASE WHEN %s THEN clock_timestamp() END FROM on_ WHERE id = %s",
            status.value,
            close_reason,
            status.is_final,
            id_,
        )

    async def events(self, id_: UUID) -> list[tuple[object, ...]]:
        """What reconciliation did to a row."""
        return await self.sql(
            "SELECT kind, from_status, to_status FROM execution_events "
            "WHERE execution_id = %s AND actor = 'system:reconciliation' ORDER BY seq",
            id_,
        )

    async def findings(self) -> list[tuple[object, ...]]:
        """Kind, workflow id, and whether it stands."""
        return await self.sql(
            "SELECT kind, workflow_id, resolved_at IS NULL FROM reconciliation_findings ORDER BY first_seen_at, kind"
        )

    async def until_closed(self, workflow_id: str) -> None:
        async def look() -> bool:
            run = await self.services.temporal.describe(workflow_id)
            return run is None or not run.status.is_open

        await eventually(look, bool)

    async def until_listed(self) -> None:
        """Lists lag, and a pass looks by them: until they say of each run what Temporal itself says of it."""
        await eventually(self._behind, lambda run_ids: not run_ids)

    async def _behind(self) -> list[str]:
        """Ids of the runs of which lists know nothing yet, or what was so before."""
        temporal, query = self.services.temporal, f"TaskQueue = {quoted(self.task_queue)}"
        listed = [each async for page in Observer(temporal=temporal).pages(query) for each in page]
        described = [await temporal.describe(each.workflow_id, each.run_id) for each in listed]
        pairs = zip(listed, described, strict=True)
        changed = [each.run_id for each, run in pairs if run is None or run.status is not each.status]
        latest = [await temporal.describe(workflow_id) for workflow_id in self.begun]
        return changed + [run.run_id for run in latest if run and run.run_id not in {each.run_id for each in listed}]

    def another(self, name: str) -> Self:
        """The same, as another process sees it; two of one name would take each other's lease over."""
        return replace(
            self,
            reconciler=Reconciler(
                database=self.services.database,
                temporal=self.services.temporal,
                name=name,
                task_queue=self.task_queue,
                wake=self.services.deliverer.wake,
                provisioning=tenant_kinds.PROVISIONING,
                limits=self.reconciler.limits,
            ),
        )


def marked(id_: UUID | None) -> TypedSearchAttributes:
    return TypedSearchAttributes([] if id_ is None else [SearchAttributePair(OPERATION_UUID, str(id_))])


def stranger() -> UUID:
    return uuid4()


@asynccontextmanager
async def obedient_worker(client: Client, task_queue: str) -> AsyncIterator[Worker]:
    async with Worker(
        client,
        task_queue=task_queue,
        workflows=[Obedient],
        activities=[wait],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ) as worker:
        yield worker
