"""What somebody who may start workflows in the namespace can try against a tenant, and what became of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from psycopg import AsyncConnection
from temporalio import workflow
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import RetryPolicy, SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.worker import (
    Interceptor,
    StartActivityInput,
    UnsandboxedWorkflowRunner,
    Worker,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

from operations.access import Actor
from operations.actions.registration import Registration
from operations.bootstrap import Services
from operations.queries.execution_views import ExecutionDetail
from operations.queries.reconciliation_views import FindingFilter, FindingView, Standing
from operations.statuses import Role, TenantStatus
from operations.temporal import OPERATION_UUID
from workbench.servers import eventually
from workers.tracking.headers import StepMark

OTTO = Actor(name="otto@example.com", role=Role.OPERATOR)
IMPATIENCE = RetryPolicy(maximum_attempts=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Customer:
    """An active tenant."""

    tenant_id: UUID
    slug: str
    execution_id: UUID  #: of its provisioning
    workflow_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Town:
    """Customers, and ways to see whether they are well."""

    services: Services
    client: Client
    task_queue: str

    async def customer(self, name: str) -> Customer:
        """One whose slug no other test has used: Temporal is theirs, too."""
        slug = f"{name}-{uuid4().hex[:8]}"
        registration = Registration(slug=slug, name=slug.title(), owner_email=f"{slug}@example.com")
        registered = await self.services.tenants.register(OTTO, registration)
        row = (await self.ended(registered.execution_id)).execution
        await eventually(  # a moment after the run has reported its end
            lambda: self.services.temporal.describe(row.workflow_id), lambda run: bool(run and run.closed_at)
        )
        return Customer(tenant_id=registered.tenant_id, slug=slug, execution_id=row.id, workflow_id=row.workflow_id)

    async def detail(self, execution_id: UUID) -> ExecutionDetail:
        return await self.services.reads.executions.detail(execution_id)

    async def ended(self, execution_id: UUID) -> ExecutionDetail:
        return await eventually(lambda: self.detail(execution_id), lambda seen: seen.execution.status.is_final)

    async def is_well(self, customer: Customer) -> bool:
        """Active, with its schema."""
        tenant = await self.services.reads.tenants.by_slug(customer.slug)
        [[schemas]] = await self.sql("SELECT count(*) FROM pg_namespace WHERE nspname = %s", tenant.schema_name)
        return tenant.status is TenantStatus.ACTIVE and schemas == 1

    async def findings(self) -> list[FindingView]:
        page = await self.services.reads.reconciliation.findings(FindingFilter(standing=Standing.OPEN))
        return list(page.items)

    async def sql(self, statement: str, *arguments: object) -> list[tuple[object, ...]]:
        async with await AsyncConnection.connect(self.services.database.dsn, autocommit=True) as connection:
            cursor = await connection.execute(statement.encode(), arguments or None)
            return await cursor.fetchall() if cursor.description else []

    async def start(
        self, temporal_name: str, *arguments: object, id_: str | None = None, mark: UUID | str | None = None
    ) -> WorkflowHandle[object, object]:
        """By a plain client, as anybody could."""
        attributes = [] if mark is None else [SearchAttributePair(OPERATION_UUID, str(mark))]
        return await self.client.start_workflow(
            temporal_name,
            args=arguments,
            id=id_ or f"stranger-{uuid4()}",
            task_queue=self.task_queue,
            search_attributes=TypedSearchAttributes(attributes),
        )

    async def last_failure(self, handle: WorkflowHandle[object, object]) -> str:
        """Of the step that is tried again."""

        async def look() -> list[str]:
            described = await handle.describe()
            pending = described.raw_description.pending_activities
            return [each.last_failure.message for each in pending if each.HasField("last_failure")]

        [message] = await eventually(look, bool)
        return message


async def failure_of(handle: WorkflowHandle[object, object]) -> ApplicationError:
    """The error of the step by which the run failed."""
    try:
        async with asyncio.timeout(30):
            await handle.result()
    except WorkflowFailureError as failure:
        error = failure.cause.cause if isinstance(failure.cause, ActivityError) else failure.cause
        assert isinstance(error, ApplicationError)
        return error
    raise AssertionError("it did not fail")


@workflow.defn
class Burglar:
    """Schedules an activity of ours, on our queue, from a worker of its own."""

    @workflow.run
    async def run(self, activity: str, task_queue: str, argument: dict[str, str | None]) -> None:
        await workflow.execute_activity(
            activity,
            argument,
            task_queue=task_queue,
            start_to_close_timeout=timedelta(seconds=10),
            retry_policy=IMPATIENCE,
        )


@dataclass(frozen=True, kw_only=True)
class Forger(Interceptor):
    """Writes the header by which a step says whose it is."""

    execution_id: UUID

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:  # noqa: A002
        mark = StepMark(execution_id=self.execution_id, ordinal=1).to_header()

        class Forging(WorkflowOutboundInterceptor):
            def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[object]:  # noqa: A002
                input.headers = {**input.headers, **mark}
                return super().start_activity(input)

        class Inbound(WorkflowInboundInterceptor):
            def init(self, outbound: WorkflowOutboundInterceptor) -> None:
                super().init(Forging(outbound))

        return Inbound


@asynccontextmanager
async def burglar(
    town: Town, activity: str, argument: object, *, pretends_to_be: UUID
) -> AsyncIterator[WorkflowHandle[object, object]]:
    """A foreign workflow that has scheduled `activity` on our queue with a forged header."""
    queue = f"burglars-{uuid4()}"
    async with Worker(
        town.client,
        task_queue=queue,
        workflows=[Burglar],
        interceptors=[Forger(execution_id=pretends_to_be)],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        yield await town.client.start_workflow(
            "Burglar", args=[activity, town.task_queue, argument], id=f"burglar-{uuid4()}", task_queue=queue
        )


def leaving_at_once(customer: Customer) -> tuple[object, ...]:
    """What a deprovisioning is started with, to begin at once."""
    return str(customer.tenant_id), "active", 0.0
