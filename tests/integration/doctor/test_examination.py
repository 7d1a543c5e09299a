"""Every rule of the doctor is quiet about a healthy installation, and sees what breaks it."""

import pytest
from psycopg import AsyncConnection

from operations.bootstrap import Services
from operations.contracts import SCHEMA_MARK
from operations.database import Database
from operations.doctor.examination import Line
from operations.doctor.rules import RULES
from operations.statuses import Status, TenantStatus
from operations.temporal import Temporal
from tests.factories import add_execution, add_start_command, add_tenant

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
