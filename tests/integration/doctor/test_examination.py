"""Every rule of the doctor is quiet about a healthy installation, and sees what breaks it."""

import asyncio
from asyncio import StreamReader, StreamWriter
from dataclasses import replace
from uuid import uuid4

import pytest
from psycopg import AsyncConnection
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from operations.access import Actor
from operations.actions.registration import Registration
from operations.bootstrap import Services
from operations.contracts import SCHEMA_MARK
from operations.database import Database
from operations.doctor.examination import Line
from operations.doctor.rules import RULES
from operations.settings import Settings
from operations.statuses import Status, TenantStatus
from operations.temporal import Temporal
from tests.factories import add_execution, add_start_command, add_tenant
from tests.poolers import pooler_to
from workbench.servers import beating, eventually, run_worker
from workers import build as code

OLD = "now() - interval '1 hour'"


@pytest.fixture
async def well(database: Database) -> None:
    """A tenant of each kind that is as it has to be."""
    async with await AsyncConnection.connect(database.dsn) as connection:
        active = await add_tenant(connection, status=TenantStatus.ACTIVE)
        await add_execution(connection, status=Status.COMPLETED, entity_id=active)
        schema = f"tenant_{active.hex}"
        await connection.execute(f"CREATE SCHEMA {schema}".encode())
        await connection.execute(f"COMMENT ON SCHEMA {schema} IS '{SCHEMA_MARK}{active}'".encode())
        pending = await add_tenant(connection)
        await add_start_command(connection, await add_execution(connection, entity_id=pending))


async def examined(services: Services) -> dict[str, Line]:
    return {line.name: line for line in await services.lookout.doctor.examine()}


@pytest.mark.usefixtures("well")
async def test_a_healthy_database_breaks_no_rule(services: Services) -> None:
    lines = await examined(services)

    assert [name for name in RULES if not lines[name].is_well] == []


@pytest.mark.usefixtures("well")
@pytest.mark.parametrize(
    ("rule", "breach"),
    [
        ("registrations", f"UPDATE tenants SET created_at = {OLD}; DELETE FROM workflow_executions"),
        ("registrations", f"DELETE FROM commands; UPDATE workflow_executions SET created_at = {OLD}"),
        (
            "schemas",
            "DO $$ BEGIN EXECUTE (SELECT 'DROP SCHEMA ' || schema_name FROM tenants WHERE status = 'active'); END $$",
        ),
        (
            "schemas",
            "DO $$ BEGIN EXECUTE (SELECT format('COMMENT ON SCHEMA %I IS NULL', schema_name) FROM tenants"
            " WHERE status = 'active'); END $$",
        ),
        ("strays", "DELETE FROM commands; DELETE FROM workflow_executions; DELETE FROM tenants"),
        ("outbox", f"UPDATE commands SET created_at = {OLD}"),
        (
            "steps",
            "INSERT INTO execution_steps (execution_id, ordinal, name, status, attempts)"
            " SELECT id, 1, 'load_tenant', 'running', 1 FROM workflow_executions",
        ),
        ("health", "UPDATE workflow_executions SET health = 'stuck'"),
        ("append_only", "ALTER TABLE audit_log DISABLE TRIGGER ALL"),
    ],
)
async def test_each_rule_sees_what_breaks_it(services: Services, database: Database, rule: str, breach: str) -> None:
    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connection:
        for statement in breach.split("; ") if "DO $$" not in breach else [breach]:
            await connection.execute(statement.encode())

    line = (await examined(services))[rule]

    assert not line.is_well
    assert line.found
    assert line.remedy


async def test_a_clock_a_silent_watcher_and_missing_parts_are_told(services: Services, database: Database) -> None:
    async with await AsyncConnection.connect(database.dsn) as connection:
        await connection.execute(f"UPDATE diagnosis_state SET finished_at = {OLD}".encode())

    lines = await examined(services)

    assert not lines["watcher"].is_well
    assert not lines["worker"].is_well
    assert lines["temporal"].is_well
    assert lines["clock"].is_well


async def test_of_a_temporal_that_says_nothing_no_check_makes_a_lack_of_workers(services: Services) -> None:
    writers: set[StreamWriter] = set()

    async def say_nothing(reader: StreamReader, writer: StreamWriter) -> None:
        writers.add(writer)
        await reader.read(-1)

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    silent = await Temporal.at(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
    lines = {line.name: line for line in await replace(services.lookout.doctor, temporal=silent).examine()}
    server.close()
    for writer in writers:
        writer.transport.abort()
    await server.wait_closed()

    told = {name: lines[name].found[0] for name in ("temporal", "search_attribute", "worker", "versions")}
    assert told["temporal"].startswith("It does not.")
    assert told["worker"] == "Nobody can tell: Temporal could not be asked. Workers may well be there."
    for name in ("search_attribute", "versions"):
        assert told[name].startswith("Temporal ")


async def test_a_pooler_that_keeps_no_sessions_is_told(services: Services, database_url: str) -> None:
    async with pooler_to(database_url, mode="transaction", ignore_startup_parameters="options") as pooler:
        pooled = Database.at(pooler.url(database_url), name="test")
        doctor = replace(services.lookout.doctor, database=pooled)
        lines = {line.name: line for line in await doctor.examine()}
        await pooled.close()

    assert "pool_mode = session" in lines["pooler"].found[0]
    assert not lines["database"].is_well


async def test_a_worker_that_knows_less_and_a_build_that_is_gone_are_told(
    services: Services, temporal_address: str, task_queue: str
) -> None:
    client = await Client.connect(temporal_address, identity="older@example.com", runtime=beating())
    current = code.deployment(Settings.model_construct(task_queue=task_queue, worker_versioning=True), "gone")

    async def versions() -> Line:
        return (await examined(services))["versions"]

    async with Worker(client, task_queue=task_queue, workflows=[Waits], workflow_runner=UnsandboxedWorkflowRunner()):
        older = await eventually(versions, lambda line: not line.is_well)
    async with run_worker(services, temporal_address, task_queue, deployment=current):
        await eventually(services.deployments.builds, bool)
        await services.deployments.make_current("gone", by="test")
        slug = f"on-{uuid4().hex[:8]}"
        wanted = Registration(slug=slug, name=slug, owner_email=f"{slug}@example.com", plan="enterprise")
        await services.tenants.register(Actor.system("test"), wanted)
        await services.deliverer.deliver_due()
        await eventually(services.deployments.builds, lambda builds: builds[0].runs == 1)
        well = await eventually(versions, lambda line: line.is_well)
    abandoned = await eventually(versions, lambda line: not line.is_well)

    assert "older@example.com did not say" in older.found[0]
    assert well.found == ()
    assert "1 run can go on only on the build gone" in abandoned.found[0]


@workflow.defn
class Waits:
    """Of a worker that is not ours."""

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)


async def test_without_its_servers_the_doctor_still_speaks(services: Services) -> None:
    nowhere = Services.assemble(
        Database.at("postgresql://127.0.0.1:1/x", name="test"),
        await Temporal.at("127.0.0.1:1"),
        name="test",
        task_queue="nobody",
        secret_key="",
    )

    lines = await examined(nowhere)

    assert not any(line.is_well for line in lines.values())
    assert "schemas" not in lines
