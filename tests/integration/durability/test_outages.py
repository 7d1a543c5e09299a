"""Servers stop, freeze and answer into the void; what was accepted is done once they are back, and only once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from embedded.postgres import EmbeddedPostgres
from embedded.temporal import EmbeddedTemporal
from operations import contracts
from operations.actions.registration import Registration
from operations.bootstrap import Services
from operations.database import Database
from operations.errors import DatabaseUnavailable
from operations.statuses import CommandState, Decision, Status, TenantStatus
from operations.temporal import RunStatus, Temporal
from tests.chaos.proxy import COMMIT, Way, proxy_to
from tests.conftest import SECRET_KEY
from tests.integration.durability.conftest import OPERATOR, TABLES, Provisioning
from tests.integration.durability.gates import Gates
from tests.proxies import address_in
from workbench.consoles import Servers
from workbench.processes import Module, ServerProcess, running, worker_process
from workbench.servers import Databases, eventually, passable_directory, run_worker
from workers.main import GRACE

OUTAGE = 10.0  # seconds
TO_CLOSE = 5.0  # seconds beyond the grace, on a busy machine
ANSWERED = 3.0  # seconds in which a registration is answered, whatever Temporal does


@asynccontextmanager
async def delivering(services: Services) -> AsyncIterator[None]:
    running = asyncio.ensure_future(services.deliverer.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def assemble(database: Database, temporal: Temporal, task_queue: str) -> Services:
    return Services.assemble(database, temporal, name="test", task_queue=task_queue, secret_key=SECRET_KEY)


@pytest.mark.long
@pytest.mark.timeout(120)
async def test_runs_go_on_after_postgresql_was_gone_for_a_while(
    temporal: Temporal, temporal_address: str, task_queue: str, tmp_path: Path
) -> None:
    with passable_directory() as directory:
        postgres = ServerProcess(server=EmbeddedPostgres(directory=directory))
        async with running(postgres):
            assert isinstance(postgres.server, EmbeddedPostgres)
            databases = Databases(postgres.server.url)
            await asyncio.to_thread(databases.make_template)
            url = await asyncio.to_thread(databases.create)
            database = Database.at(url, name="test")
            services = assemble(database, temporal, task_queue)
            provisioning = Provisioning(services=services)
            servers = Servers(database_url=url, temporal_address=temporal_address, task_queue=task_queue)
            worker = worker_process(servers, tmp_path / "worker.log")
            async with Gates.at(url) as gates:
                building = await provisioning.register("building-in-outage")
                asking = await provisioning.register("asking-in-outage", "enterprise")
                gate = await gates.close(contracts.MIGRATE_SCHEMA, str(building.tenant_id))
                async with delivering(services), running(worker):
                    await eventually(gate.is_waited_for, bool)
                    await provisioning.waiting_for_approval(asking.execution_id)
                    unstarted = await provisioning.register("unstarted-in-outage")

                    await postgres.end()
                    await asyncio.sleep(OUTAGE)  # what is tried is how the parts bear it
                    await postgres.start()

                    await services.executions.decide(OPERATOR, asking.execution_id, Decision.APPROVED, "signed")
                    ends = await asyncio.gather(
                        *(provisioning.ended(each.execution_id, within=40) for each in (building, asking, unstarted))
                    )
                    survived = worker.pid is not None
            await database.close()

    assert [end.execution.status for end in ends] == [Status.COMPLETED] * 3
    assert survived


@pytest.mark.parametrize("fault", ["frozen", pytest.param("killed", marks=pytest.mark.long)])
async def test_a_registration_is_answered_while_temporal_is_away_and_started_once_when_it_is_back(
    own_temporal: ServerProcess, database: Database, task_queue: str, fault: str
) -> None:
    assert isinstance(own_temporal.server, EmbeddedTemporal)
    address = own_temporal.server.address
    temporal = await Temporal.at(address)
    assert await temporal.answers()
    services = assemble(database, temporal, task_queue)
    provisioning = Provisioning(services=services)
    clock = asyncio.get_running_loop().time

    async with delivering(services):
        await (own_temporal.freeze() if fault == "frozen" else own_temporal.kill())
        asked = clock()
        registered = await provisioning.register(f"registered-while-{fault}")
        answered = clock() - asked
        waiting = await eventually(
            lambda: provisioning.detail(registered.execution_id),
            lambda seen: seen.start is not None and seen.start.error is not None,
        )
        await (own_temporal.thaw() if fault == "frozen" else own_temporal.start())
        async with run_worker(services, address, task_queue):
            end = await provisioning.ended(registered.execution_id, within=40)

    assert answered < ANSWERED
    assert waiting.execution.status is Status.PENDING
    assert end.execution.status is Status.COMPLETED
    assert await runs_of(temporal, end.execution.workflow_id) == [end.execution.run_id]


async def test_a_start_whose_answer_was_lost_is_found_and_adopted(
    database: Database, temporal: Temporal, temporal_address: str, task_queue: str
) -> None:
    async with proxy_to(temporal_address) as proxy:
        deaf = await Temporal.at(proxy.address)
        assert await deaf.answers()
        services = assemble(database, deaf, task_queue)
        provisioning = Provisioning(services=replace(services, temporal=temporal))
        registered = await provisioning.register("answer-lost")
        await proxy.take(Way.LOSE_REPLIES)

        async with delivering(services):
            run = await eventually(lambda: temporal.describe("tenant-provision-answer-lost"), bool)
            unheard = await provisioning.detail(registered.execution_id)
            await proxy.take(Way.PASS)
            adopted = await eventually(
                lambda: provisioning.detail(registered.execution_id),
                lambda seen: seen.execution.status is Status.RUNNING,
            )

    assert run is not None
    assert proxy.replies_lost > 0
    assert unheard.execution.status is Status.PENDING
    assert adopted.execution.run_id == run.run_id
    assert adopted.start is not None
    assert adopted.start.state is CommandState.DELIVERED
    assert await runs_of(temporal, "tenant-provision-answer-lost") == [run.run_id]


async def test_a_registration_whose_commit_was_not_answered_is_found_by_its_key(
    database_url: str, temporal: Temporal, task_queue: str
) -> None:
    registration = Registration(slug="commit-lost", name="Lost", owner_email="lost@example.com")
    async with proxy_to(address_in(database_url)) as proxy:
        database = Database.at(proxy.url(database_url), name="test")
        services = assemble(database, temporal, task_queue)
        await services.database.check_schema()
        proxy.lose_reply_to(COMMIT)

        with pytest.raises(DatabaseUnavailable):
            await services.tenants.register(OPERATOR, registration, key="a-key")
        again = await services.tenants.register(OPERATOR, registration, key="a-key")
        await database.close()

    assert proxy.replies_lost == 1
    assert again.repeated


async def test_a_run_ends_well_although_the_database_hears_nothing_of_it(
    provisioning: Provisioning, database_url: str, temporal_address: str, task_queue: str
) -> None:
    """The row is then left to reconciliation, which alone may correct it."""
    registered = await provisioning.register("unheard")
    await provisioning.services.deliverer.deliver_due()
    async with proxy_to(address_in(database_url)) as proxy:
        reports = Database.at(proxy.url(database_url), name="test reports")
        await proxy.take(Way.REFUSE)

        # Steps have the database, reports have none.
        async with run_worker(provisioning.services, temporal_address, task_queue, reports=reports):
            run = await provisioning.closed_run("tenant-provision-unheard")
        await reports.close()

    assert run.status is RunStatus.COMPLETED
    assert await provisioning.tenant_status("unheard") is TenantStatus.ACTIVE
    assert await provisioning.tables("unheard") == TABLES
    left = await provisioning.detail(registered.execution_id)
    assert (left.execution.status, left.execution.run_id) == (Status.RUNNING, run.run_id)


@pytest.mark.usefixtures("delivering")
async def test_a_worker_that_is_asked_to_end_finishes_its_step(
    provisioning: Provisioning, worker_module: Module, temporal_address: str, task_queue: str
) -> None:
    registered = await provisioning.register("drained")
    async with Gates.at(provisioning.services.database.dsn) as gates:
        gate = await gates.close(contracts.CREATE_SCHEMA, str(registered.tenant_id))
        async with running(worker_module):
            await eventually(gate.is_waited_for, bool)

            asked = asyncio.get_running_loop().time()
            ending = asyncio.ensure_future(worker_module.end())
            await gate.open()
            exit_code = await ending
            took = asyncio.get_running_loop().time() - asked

    assert exit_code == 0
    assert took < GRACE.total_seconds() + TO_CLOSE
    assert await provisioning.has_schema("drained")
    async with run_worker(provisioning.services, temporal_address, task_queue):
        end = await provisioning.ended(registered.execution_id)
    assert end.execution.status is Status.COMPLETED
    assert [step.attempts for step in end.steps] == [1] * len(end.steps)


async def runs_of(temporal: Temporal, workflow_id: str) -> list[str]:
    """Every run under this id, newest first, once the list has caught up with what `describe` knows."""
    described = await temporal.describe(workflow_id)
    assert described is not None

    async def listed() -> list[str]:
        found = temporal.client.list_workflows(f"WorkflowId = '{workflow_id}'")
        return [each.run_id async for each in found]

    return await eventually(listed, lambda seen: described.run_id in seen)
