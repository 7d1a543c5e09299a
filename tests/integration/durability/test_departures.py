"""Nobody destroys a customer by mistake: a cancel that was accepted is never followed by a deletion, and none pretends.

Whenever the cancel comes, and whoever dies then, the tenant's status and its schema agree in the end, and what was said
was true: the answer of the action, the command, the row of the execution.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest

from embedded.postgres import EmbeddedPostgres
from operations import contracts, tenant_kinds
from operations.bootstrap import Services
from operations.contracts import TenantStep
from operations.database import Database
from operations.errors import CannotRetry, DatabaseUnavailable, PassRunning, TooLateToCancel
from operations.queries.execution_views import ExecutionDetail
from operations.reconciliation.limits import Limits
from operations.statuses import CloseReason, PassTrigger, Status, StepStatus, TenantStatus
from operations.temporal import Run, RunStatus, Temporal
from tests.conftest import SECRET_KEY
from tests.integration.durability.conftest import OPERATOR, TABLES, Provisioning, Working, work
from tests.integration.durability.gates import Gates
from tests.stand_in_runs import StandInRun
from workbench.processes import Module, ServerProcess, running
from workbench.servers import Databases, eventually, insisting, passable_directory, run_worker
from workers.activities.departures import DepartureActivities
from workers.activities.sessions import Sessions

SOON = 0.2  # seconds until a removal is due


@dataclass(frozen=True, kw_only=True, slots=True)
class Departure:
    """A tenant that was active and leaves."""

    provisioning: Provisioning
    slug: str
    tenant_id: UUID
    execution_id: UUID

    async def cancel(self) -> UUID:
        executions = self.provisioning.services.executions
        return await insisting(lambda: executions.cancel(OPERATOR, self.execution_id, "they stay"))

    async def terminate(self) -> None:
        executions = self.provisioning.services.executions
        await insisting(lambda: executions.terminate(OPERATOR, self.execution_id, "wrong customer"))

    async def retry(self) -> UUID:
        executions = self.provisioning.services.executions
        done = await insisting(lambda: executions.retry(OPERATOR, self.execution_id, "right after all"))
        return done.attempt

    async def cancel_from_outside(self) -> None:
        workflow_id = f"tenant-deprovision-{self.slug}"
        run = await self.provisioning.run(workflow_id)
        assert run is not None
        await self.provisioning.services.temporal.cancel(workflow_id, run.run_id, reason="by hand")

    async def detail(self) -> ExecutionDetail:
        return await self.provisioning.detail(self.execution_id)

    async def status(self) -> TenantStatus:
        return await self.provisioning.tenant_status(self.slug)

    async def commands(self) -> list[str]:
        return await self.provisioning.column(
            "SELECT state FROM commands WHERE kind = 'cancel' AND execution_id = %s", self.execution_id
        )

    async def at_step(self, name: str, status: StepStatus) -> ExecutionDetail:
        return await eventually(
            self.detail, lambda seen: any(each.name == name and each.status is status for each in seen.steps)
        )

    async def at_step_despite_outages(self, name: str, status: StepStatus) -> None:
        """While the server has no lock left, nobody else can read either."""

        async def look() -> bool:
            with suppress(DatabaseUnavailable):
                steps = (await self.detail()).steps
                return any(each.name == name and each.status is status for each in steps)
            return False

        await eventually(look, bool)

    async def assert_stays(self) -> ExecutionDetail:
        end = await self.provisioning.ended(self.execution_id)
        assert (end.execution.status, end.execution.close_reason) == (Status.FAILED, CloseReason.CANCELED)
        assert (await self.provisioning.closed_run(end.execution.workflow_id)).status is RunStatus.CANCELED
        tenant = await self.provisioning.services.reads.tenants.by_slug(self.slug)
        assert (tenant.status, tenant.due_at) == (TenantStatus.ACTIVE, None)
        assert await self.provisioning.tables(self.slug) == TABLES
        return end

    async def assert_deleted(self) -> ExecutionDetail:
        end = await self.provisioning.ended(self.execution_id)
        assert end.execution.status is Status.COMPLETED, end.execution.error_message
        assert (await self.provisioning.closed_run(end.execution.workflow_id)).status is RunStatus.COMPLETED
        assert await self.status() is TenantStatus.DELETED
        assert not await self.provisioning.has_schema(self.slug)
        return end


def said(detail: ExecutionDetail) -> list[str | None]:
    return [event.reason for event in detail.events if event.to_status is Status.COMPLETED]


TOO_LATE = ["A cancel came too late, the work was done: “by hand”"]


async def leaving(provisioning: Provisioning, working: Working, slug: str, *, wait: float = SOON) -> Departure:
    """Provisioned by a worker that is gone by now; its removal is asked for, and nobody has heard of it yet."""
    (departure,) = await all_leaving(provisioning, working, slug, wait=wait)
    return departure


async def all_leaving(provisioning: Provisioning, working: Working, *slugs: str, wait: float = SOON) -> list[Departure]:
    registered = [await provisioning.register(slug) for slug in slugs]
    async with working():
        for each in registered:
            await provisioning.ended(each.execution_id)
    tenants = replace(provisioning.services.tenants, deprovision_wait=wait)
    return [
        Departure(
            provisioning=provisioning,
            slug=each.slug,
            tenant_id=each.tenant_id,
            execution_id=await tenants.deprovision(OPERATOR, each.slug, "contract ended"),
        )
        for each in registered
    ]


@asynccontextmanager
async def delivering(provisioning: Provisioning) -> AsyncIterator[None]:
    deliverer = asyncio.ensure_future(provisioning.services.deliverer.run())
    yield
    deliverer.cancel()
    await asyncio.gather(deliverer, return_exceptions=True)


async def test_a_cancel_accepted_while_somebody_reads_the_schema_keeps_the_tenant(
    provisioning: Provisioning, gates: Gates, working: Working
) -> None:
    departure = await leaving(provisioning, working, "being-dumped")
    reader = await gates.close(contracts.DELETE_TENANT, str(departure.tenant_id))

    async with working():
        await departure.at_step(contracts.DELETE_TENANT, StepStatus.RETRYING)
        await departure.cancel()
        await eventually(departure.commands, lambda seen: seen == ["delivered"])
        await reader.open()

        await departure.assert_stays()


async def test_a_cancel_accepted_in_the_drop_is_obeyed_by_it_before_temporal_has_heard(
    provisioning: Provisioning,
    gates: Gates,
    working: Working,
    temporal_address: str,
    task_queue: str,
) -> None:
    departure = await leaving(provisioning, working, "queued-in-time")
    reader = await gates.close(contracts.DELETE_TENANT, str(departure.tenant_id))
    async with run_worker(provisioning.services, temporal_address, task_queue):
        async with delivering(provisioning):
            await departure.at_step(contracts.DELETE_TENANT, StepStatus.RETRYING)

        await eventually(reader.is_waited_for, bool)
        await departure.cancel()
        await reader.open()

        refused = await eventually(
            departure.detail, lambda seen: "requested by operator@" in (seen.steps[-1].error or "")
        )
        assert refused.execution.status is Status.RUNNING
        assert await departure.status() is TenantStatus.DEPROVISIONING
        assert await provisioning.tables(departure.slug) == TABLES
        assert await departure.commands() == ["queued"]
        async with delivering(provisioning):
            await departure.assert_stays()


async def test_a_cancel_from_outside_in_the_drop_takes_it_back(
    provisioning: Provisioning, gates: Gates, working: Working
) -> None:
    departure = await leaving(provisioning, working, "reset-in-time")
    gate = await gates.close_tenant("deleted", str(departure.tenant_id))

    async with working():
        await eventually(gate.is_waited_for, bool)
        await departure.cancel_from_outside()

        await departure.assert_stays()


async def test_a_cancel_that_waited_for_the_drop_is_refused(
    provisioning: Provisioning, gates: Gates, working: Working
) -> None:
    departure = await leaving(provisioning, working, "a-moment-too-late")
    gate = await gates.close_tenant("deleted", str(departure.tenant_id))

    async with working():
        await eventually(gate.is_waited_for, bool)
        cancelling = asyncio.ensure_future(departure.cancel())
        await eventually(lambda: provisioning.column(WAITS_FOR_EXECUTION), bool)
        await gate.open()

        with pytest.raises(TooLateToCancel, match="the tenant is deleted"):
            await cancelling
        await departure.assert_deleted()
    assert await departure.commands() == []


WAITS_FOR_EXECUTION = """
    SELECT pid FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND query ~ 'SELECT workflow_executions.id.*FOR UPDATE'
"""


async def test_a_cancel_that_comes_after_the_drop_is_refused_and_changes_nothing(
    provisioning: Provisioning, gates: Gates, working: Working
) -> None:
    departure = await leaving(provisioning, working, "gone-by-then")
    gate = await gates.close_status("completed", str(departure.tenant_id))

    async with working():
        await eventually(gate.is_waited_for, bool)
        with pytest.raises(TooLateToCancel, match="the tenant is deleted"):
            await departure.cancel()
        await departure.cancel_from_outside()
        await gate.open()

        await departure.assert_deleted()


@pytest.mark.long
@pytest.mark.timeout(180)
async def test_a_worker_killed_between_the_drop_and_its_answer_leaves_a_cancel_from_outside_too_late(
    provisioning: Provisioning, gates: Gates, working: Working, worker_module: Module, sessions: Sessions
) -> None:
    """Temporal believes that the step failed with its worker, and lets it be cancelled."""
    departure = await leaving(provisioning, working, "killed-after-the-drop")
    gate = await gates.close_tenant("deleted", str(departure.tenant_id))
    async with running(worker_module), delivering(provisioning):
        await eventually(gate.is_waited_for, bool)
        await worker_module.kill()
        await gate.open()
        await take(departure, DepartureActivities(sessions=sessions).delete_tenant)

        await departure.cancel_from_outside()
        await worker_module.start()

        end = await departure.assert_deleted()
    assert said(end) == TOO_LATE


@pytest.mark.long
@pytest.mark.timeout(180)
@pytest.mark.parametrize("accepted", [True, False], ids=["accepted", "from-outside"])
async def test_a_worker_killed_in_the_drop_changes_nothing_about_a_cancel(
    provisioning: Provisioning, gates: Gates, working: Working, worker_module: Module, *, accepted: bool
) -> None:
    departure = await leaving(provisioning, working, f"killed-in-the-drop-{'a' if accepted else 'b'}")
    gate = await gates.close_tenant("deleted", str(departure.tenant_id))
    async with running(worker_module), delivering(provisioning):
        await eventually(gate.is_waited_for, bool)
        await worker_module.kill()
        await gate.open()
        await (departure.cancel() if accepted else departure.cancel_from_outside())
        await worker_module.start()

        await departure.assert_stays()


async def test_a_terminate_in_the_drop_leaves_what_it_says(
    provisioning: Provisioning, gates: Gates, working: Working
) -> None:
    departure = await leaving(provisioning, working, "ended-by-force")
    reader = await gates.close(contracts.DELETE_TENANT, str(departure.tenant_id))

    async with working():
        await departure.at_step(contracts.DELETE_TENANT, StepStatus.RETRYING)
        await departure.terminate()
        ended = await provisioning.ended(departure.execution_id)
        await reader.open()

        assert ended.execution.close_reason is CloseReason.TERMINATED
        assert await departure.status() is TenantStatus.DEPROVISIONING
        assert await provisioning.tables(departure.slug) == TABLES
        again = await departure.retry()
        await replace(departure, execution_id=again).assert_deleted()


async def test_a_run_terminated_after_the_drop_has_nothing_left_to_retry(
    provisioning: Provisioning, gates: Gates, working: Working
) -> None:
    departure = await leaving(provisioning, working, "dropped-then-ended")
    gate = await gates.close_status("completed", str(departure.tenant_id))

    async with working():
        await eventually(gate.is_waited_for, bool)
        await departure.terminate()
        await eventually(
            lambda: provisioning.run(f"tenant-deprovision-{departure.slug}"),
            lambda run: run is not None and run.status is RunStatus.TERMINATED,
        )
        await gate.open()
        await provisioning.ended(departure.execution_id)

        with pytest.raises(CannotRetry):
            await departure.retry()
    assert await departure.status() is TenantStatus.DELETED
    assert not await provisioning.has_schema(departure.slug)


@pytest.mark.long
async def test_a_canceled_removal_that_is_reset_removes_nothing(provisioning: Provisioning, working: Working) -> None:
    departure = await leaving(provisioning, working, "stays-for-good", wait=3600)
    async with working():
        await departure.at_step(contracts.ANNOUNCE_DEPARTURE, StepStatus.COMPLETED)
        await departure.cancel()
        ended = await departure.assert_stays()

        await reset(provisioning, ended.execution.workflow_id)
        reconciler = replace(provisioning.services.reconciler, limits=Limits(grace=0.05))

        async def look() -> Run | None:
            with suppress(PassRunning):
                await reconciler.run_pass(PassTrigger.OPERATOR, OPERATOR.name)
            return await provisioning.run(ended.execution.workflow_id)

        await eventually(look, lambda run: run is not None and run.status is RunStatus.FAILED)

    assert await departure.status() is TenantStatus.ACTIVE
    assert await provisioning.tables(departure.slug) == TABLES


@asynccontextmanager
async def own_postgres(
    temporal: Temporal, task_queue: str, settings: dict[str, str] | None = None
) -> AsyncIterator[tuple[ServerProcess, Provisioning]]:
    """A PostgreSQL of a test's own, to be maltreated."""
    with passable_directory() as directory:
        server = EmbeddedPostgres(directory=directory, settings=settings)
        postgres = ServerProcess(server=server)
        async with running(postgres):
            databases = Databases(server.url)
            await asyncio.to_thread(databases.make_template)
            database = Database.at(await asyncio.to_thread(databases.create), name="test")
            services = Services.assemble(database, temporal, name="test", task_queue=task_queue, secret_key=SECRET_KEY)
            yield postgres, Provisioning(services=services)
            await database.close()


#: Room for some hundred locks, all in all.
FEW_LOCKS = {
    "max_locks_per_transaction": "10",
    "max_connections": "30",
    "autovacuum": "off",
    "autovacuum_worker_slots": "1",
    "max_worker_processes": "2",
    "max_wal_senders": "0",
    "fsync": "off",
}
MANY_TABLES = """
    DO $$ BEGIN
        FOR number IN {first}..{last} LOOP
            EXECUTE format('CREATE TABLE {schema}.bulk_%s (id serial PRIMARY KEY, words text)', number);
        END LOOP;
    END $$
"""


@pytest.mark.long
@pytest.mark.timeout(180)
async def test_a_tenant_with_more_tables_than_locks_goes_in_parts_and_cannot_stay_from_then_on(
    temporal: Temporal, temporal_address: str, task_queue: str
) -> None:
    async with own_postgres(temporal, task_queue, FEW_LOCKS) as (_, provisioning):
        services = provisioning.services
        departure = await leaving(provisioning, lambda: work(services, temporal_address, task_queue), "large")
        schema = (await services.reads.tenants.by_slug("large")).schema_name
        for first in range(0, 600, 20):
            await provisioning.execute(MANY_TABLES.format(schema=schema, first=first, last=first + 19))

        async with Gates.at(services.database.dsn) as gates:
            gate = await gates.close_tenant("dropping", str(departure.tenant_id))
            async with work(services, temporal_address, task_queue):
                await eventually(gate.is_waited_for, bool)
                reader = await gates.close_table(f"{schema}.bulk_599")
                await gate.open()
                await departure.at_step_despite_outages(contracts.DELETE_TENANT, StepStatus.RETRYING)

                assert await departure.status() is TenantStatus.DROPPING
                assert 0 < len(await provisioning.tables("large")) < 605
                with pytest.raises(TooLateToCancel, match="part of the tenant's data is deleted already"):
                    await departure.cancel()
                await departure.cancel_from_outside()
                await departure.at_step(contracts.RESTORE_TENANT, StepStatus.COMPLETED)
                await reader.open()

                assert said(await departure.assert_deleted()) == TOO_LATE


@pytest.mark.timeout(180)
async def test_postgresql_killed_in_the_drop_leaves_what_was_before_it(
    temporal: Temporal, temporal_address: str, task_queue: str
) -> None:
    async with own_postgres(temporal, task_queue) as (postgres, provisioning):
        services = provisioning.services

        def working() -> AbstractAsyncContextManager[None]:
            return work(services, temporal_address, task_queue)

        goes, stays = await all_leaving(provisioning, working, "goes", "stays")
        async with Gates.at(services.database.dsn) as gates, working():
            closed = [await gates.close_tenant("deleted", str(each.tenant_id)) for each in (goes, stays)]
            for gate in closed:
                await eventually(gate.is_waited_for, bool)

            await postgres.kill()
            await stays.cancel_from_outside()
            await postgres.start()

            await stays.assert_stays()
            await goes.assert_deleted()


async def reset(provisioning: Provisioning, workflow_id: str) -> None:
    """To its first workflow task, as with Temporal's command line."""
    client = provisioning.services.temporal.client
    run = await provisioning.run(workflow_id)
    assert run is not None
    await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id, run_id=run.run_id),
            reason="by hand",
            workflow_task_finish_event_id=3,
            request_id=str(uuid4()),
        )
    )


async def take(departure: Departure, step: Callable[[TenantStep], Awaitable[bool]]) -> None:
    """Take the deletion with the mark that the run gave it, as a worker that Temporal gave up on."""
    row = (await departure.provisioning.detail(departure.execution_id)).execution
    kind = tenant_kinds.DEPROVISIONING.temporal_name
    run = StandInRun.of(row.id, row.workflow_id, temporal_type=kind, run_id=row.run_id or "run")
    argument = TenantStep(tenant_id=str(departure.tenant_id))
    await run.take(step, argument, name=contracts.DELETE_TENANT, ordinal=2)
