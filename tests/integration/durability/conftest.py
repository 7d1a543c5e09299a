"""What tests of durability stand on: customers to provision, and ways to see what became of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from psycopg import AsyncConnection
from psycopg.rows import scalar_row

from operations.access import Actor
from operations.actions.registration import Registration
from operations.actions.tenants import Registered
from operations.bootstrap import Services
from operations.queries.execution_views import ExecutionDetail
from operations.statuses import Role, TenantStatus
from operations.temporal import Run
from tests.integration.durability.gates import Gates
from workbench.consoles import Servers
from workbench.processes import Module, worker_process
from workbench.servers import eventually, run_worker

Working = Callable[[], AbstractAsyncContextManager[None]]

TABLES = ["accounts", "documents", "projects", "schema_migrations", "settings"]
OPERATOR = Actor(name="operator@example.com", role=Role.OPERATOR)


@dataclass(frozen=True, kw_only=True, slots=True)
class Provisioning:
    """Registers customers and looks at what became of them."""

    services: Services

    async def register(self, slug: str, plan: str = "starter") -> Registered:
        registration = Registration(slug=slug, name=slug.title(), owner_email=f"{slug}@example.com", plan=plan)
        return await self.services.tenants.register(OPERATOR, registration)

    async def detail(self, id_: UUID) -> ExecutionDetail:
        return await self.services.reads.executions.detail(id_)

    async def ended(self, id_: UUID, *, within: float = 45) -> ExecutionDetail:
        return await eventually(lambda: self.detail(id_), lambda seen: seen.execution.status.is_final, within=within)

    async def waiting_for_approval(self, id_: UUID) -> ExecutionDetail:
        return await eventually(lambda: self.detail(id_), lambda seen: seen.execution.cause == "awaiting_approval")

    async def tenant_status(self, slug: str) -> TenantStatus:
        return (await self.services.reads.tenants.by_slug(slug)).status

    async def run(self, workflow_id: str) -> Run | None:
        return await self.services.temporal.describe(workflow_id)

    async def closed_run(self, workflow_id: str) -> Run:
        """Temporal closes a run a moment after the run has reported its end."""
        run = await eventually(lambda: self.run(workflow_id), lambda run: run is not None and not run.status.is_open)
        assert run is not None
        return run

    async def tables(self, slug: str) -> list[str]:
        """The tables in the schema of a tenant, each as often as it is there; none when there is no schema."""
        tenant = await self.services.reads.tenants.by_slug(slug)
        return await self.column(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY tablename", tenant.schema_name
        )

    async def has_schema(self, slug: str) -> bool:
        tenant = await self.services.reads.tenants.by_slug(slug)
        return await self.column("SELECT nspname FROM pg_namespace WHERE nspname = %s", tenant.schema_name) != []

    async def column(self, question: str, *arguments: object) -> list[str]:
        async with (
            await AsyncConnection.connect(self.services.database.dsn, autocommit=True) as connection,
            connection.cursor(row_factory=scalar_row) as cursor,
        ):
            return [str(value) async for value in await cursor.execute(question.encode(), arguments)]

    async def execute(self, statement: str, *arguments: object) -> None:
        """Change something past the product, as only a test or a person with psql would."""
        async with await AsyncConnection.connect(self.services.database.dsn, autocommit=True) as connection:
            await connection.execute(statement.encode(), arguments or None)


@pytest.fixture
def provisioning(services: Services) -> Provisioning:
    return Provisioning(services=services)


@pytest.fixture
def servers(database_url: str, temporal_address: str, task_queue: str) -> Servers:
    return Servers(database_url=database_url, temporal_address=temporal_address, task_queue=task_queue)


@pytest.fixture
def worker_module(servers: Servers, tmp_path: Path) -> Module:
    """A worker in a process of its own, not started yet."""
    return worker_process(servers, tmp_path / "worker.log")


@pytest.fixture
async def gates(database_url: str) -> AsyncIterator[Gates]:
    async with Gates.at(database_url) as gates:
        yield gates


@asynccontextmanager
async def work(services: Services, temporal_address: str, task_queue: str) -> AsyncIterator[None]:
    delivering = asyncio.ensure_future(services.deliverer.run())
    async with run_worker(services, temporal_address, task_queue):
        yield
    delivering.cancel()
    await asyncio.gather(delivering, return_exceptions=True)


@pytest.fixture
def working(services: Services, temporal_address: str, task_queue: str) -> Working:
    """Delivers and works while the block lasts; gates are closed before."""
    return lambda: work(services, temporal_address, task_queue)
