"""The steps of provisioning and removal: each may run any number of times, and touches nothing of others."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

import pytest
from psycopg import AsyncConnection, sql
from psycopg.types.json import Json
from temporalio.exceptions import ApplicationError

from operations.contracts import SCHEMA_MARK, ProvisioningResult, TenantStep
from operations.database import Database
from operations.kinds import Subject
from operations.statuses import TenantStatus
from operations.tenant_kinds import PROVISIONING, PROVISIONING_V2
from tests.factories import add_owner, add_tenant
from tests.stand_in_runs import StandInRun
from workers.activities import schemas
from workers.activities.sessions import Sessions
from workers.activities.tenants import DEFAULTS, TenantActivities

ResultT = TypeVar("ResultT")

OWN_TABLES = ("accounts", "documents", "projects", "schema_migrations", "settings")
ROWS = (
    "SELECT id, email, name, role, created_at FROM {}.accounts",
    "SELECT key, value, updated_at FROM {}.settings ORDER BY key",
    "SELECT slug, name, created_at FROM {}.projects",
    "SELECT version, applied_at FROM {}.schema_migrations ORDER BY version",
)


@pytest.fixture
def database_url(shared_database_url: str) -> str:
    return shared_database_url


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[AsyncConnection]:
    async with await AsyncConnection.connect(database.dsn, autocommit=True) as opened:
        yield opened


@pytest.fixture
def steps(sessions: Sessions) -> TenantActivities:
    return TenantActivities(sessions=sessions)


@pytest.fixture
async def acme(connection: AsyncConnection) -> TenantStep:
    """A registered tenant and its owner."""
    tenant = await add_tenant(connection)
    owner = await add_owner(connection, tenant, email=f"{tenant}@acme.example")
    return TenantStep(tenant_id=str(tenant), user_id=str(owner))


def schema_of(step: TenantStep) -> str:
    return f"tenant_{UUID(step.tenant_id).hex}"


async def take(
    connection: AsyncConnection, activity: Callable[[TenantStep], Awaitable[ResultT]], step: TenantStep
) -> ResultT:
    """Run a step as a worker does, for the tenant's execution."""
    return await (await StandInRun.about(connection, UUID(step.tenant_id))).take(activity, step)


async def build(connection: AsyncConnection, steps: TenantActivities, step: TenantStep) -> ProvisioningResult:
    await take(connection, steps.load_tenant, step)
    await take(connection, steps.create_schema, step)
    await take(connection, steps.migrate_schema, step)
    await take(connection, steps.verify_schema, step)
    await take(connection, steps.add_owner, step)
    await take(connection, steps.seed_defaults, step)
    return await take(connection, steps.activate_tenant, step)


async def content(connection: AsyncConnection, step: TenantStep) -> list[list[tuple[object, ...]]]:
    """All rows of the tenant's schema, with the times at which they were written."""
    schema = sql.Identifier(schema_of(step))
    return [await (await connection.execute(sql.SQL(each).format(schema))).fetchall() for each in ROWS]


async def tables(connection: AsyncConnection, schema: str) -> list[str]:
    found = await connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", (schema,))
    return [row[0] for row in await found.fetchall()]


async def tenant_row(connection: AsyncConnection, step: TenantStep) -> tuple[TenantStatus, object, object, object]:
    found = await connection.execute(
        "SELECT status, activated_at, deleted_at, schema_version FROM tenants WHERE id = %s", (step.tenant_id,)
    )
    row = await found.fetchone()
    assert row is not None
    return TenantStatus(row[0]), row[1], row[2], row[3]


async def test_the_steps_make_a_tenant(connection: AsyncConnection, steps: TenantActivities, acme: TenantStep) -> None:
    result = await build(connection, steps, acme)

    assert result.schema_name == schema_of(acme)
    assert tuple(await tables(connection, schema_of(acme))) == OWN_TABLES
    accounts, settings, projects, migrations = await content(connection, acme)
    assert [row[:4] for row in accounts] == [(UUID(acme.user_id), f"{acme.tenant_id}@acme.example", "Ada", "owner")]
    assert {row[0]: row[1] for row in settings} == {**DEFAULTS, "plan": "starter"}
    assert [row[0] for row in projects] == ["getting-started"]
    assert [row[0] for row in migrations] == [each.version for each in schemas.migrations()]
    status, activated_at, _, version = await tenant_row(connection, acme)
    assert (status, version) == (TenantStatus.ACTIVE, schemas.latest_version())
    assert activated_at is not None


async def test_each_step_taken_twice_leaves_what_it_left_once(
    connection: AsyncConnection, steps: TenantActivities, acme: TenantStep
) -> None:
    for activity in (steps.load_tenant, steps.create_schema, steps.migrate_schema, steps.verify_schema):
        assert await take(connection, activity, acme) == await take(connection, activity, acme)
    assert [await take(connection, steps.add_owner, acme) for _ in range(2)] == [True, False]
    assert [await take(connection, steps.seed_defaults, acme) for _ in range(2)] == [len(DEFAULTS) + 2, 0]
    assert await take(connection, steps.activate_tenant, acme) == await take(connection, steps.activate_tenant, acme)
    once, tenant = await content(connection, acme), await tenant_row(connection, acme)

    await build(connection, steps, acme)

    assert await content(connection, acme) == once
    assert await tenant_row(connection, acme) == tenant


async def test_what_the_tenant_has_changed_stays(
    connection: AsyncConnection, steps: TenantActivities, acme: TenantStep
) -> None:
    await build(connection, steps, acme)
    settings = sql.Identifier(schema_of(acme), "settings")
    await connection.execute(sql.SQL("UPDATE {} SET value = %s WHERE key = 'locale'").format(settings), (Json("de"),))

    await build(connection, steps, acme)

    found = await connection.execute(sql.SQL("SELECT value FROM {} WHERE key = 'locale'").format(settings))
    assert await found.fetchone() == ("de",)


async def test_the_tables_that_are_verified_are_those_that_the_migrations_make(
    connection: AsyncConnection, steps: TenantActivities, acme: TenantStep
) -> None:
    await take(connection, steps.create_schema, acme)
    await take(connection, steps.migrate_schema, acme)

    assert sorted(schemas.tables(schemas.latest_version())) == await tables(connection, schema_of(acme))
    assert await take(connection, steps.verify_schema, acme) == schemas.latest_version()


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        ("DROP SCHEMA {schema} CASCADE", "is not there"),
        ("UPDATE public.tenants SET schema_version = NULL WHERE id = {tenant}", "was never migrated"),
        ("DROP TABLE {schema}.documents", "lacks the table documents"),
        ("DROP TABLE {schema}.documents, {schema}.settings", "lacks the tables documents, settings"),
        ("DROP TABLE {schema}.schema_migrations", "lacks the table schema_migrations"),
        ("DELETE FROM {schema}.schema_migrations WHERE version = '0003_settings'", "lacks the migration 0003_settings"),
    ],
)
async def test_a_schema_that_is_not_whole_fails_with_what_it_lacks(
    connection: AsyncConnection, steps: TenantActivities, acme: TenantStep, loss: str, said: str
) -> None:
    await take(connection, steps.create_schema, acme)
    await take(connection, steps.migrate_schema, acme)
    await connection.execute(
        sql.SQL(loss).format(schema=sql.Identifier(schema_of(acme)), tenant=sql.Literal(acme.tenant_id))
    )

    with pytest.raises(ApplicationError, match=f"{said}; the tenant is not switched on") as refused:
        await take(connection, steps.verify_schema, acme)

    assert refused.value.non_retryable


@pytest.mark.parametrize(
    ("version", "said"),
    [("0002_projects", None), ("0004_of_a_newer_worker", "lacks the migration 0004_of_a_newer_worker")],
)
async def test_a_schema_is_held_against_the_version_that_its_worker_noted(
    connection: AsyncConnection, steps: TenantActivities, acme: TenantStep, version: str, said: str | None
) -> None:
    """In a rolling deploy the worker that migrates and the one that verifies may know other migrations."""
    await take(connection, steps.create_schema, acme)
    await take(connection, steps.migrate_schema, acme)
    await connection.execute("UPDATE tenants SET schema_version = %s WHERE id = %s", (version, acme.tenant_id))

    if said is None:
        assert await take(connection, steps.verify_schema, acme) == version
    else:
        with pytest.raises(ApplicationError, match=said):
            await take(connection, steps.verify_schema, acme)


async def test_the_row_keeps_the_plan_of_the_version_that_its_run_is_on(
    connection: AsyncConnection, steps: TenantActivities, acme: TenantStep
) -> None:
    """The console that registered it planned by its own version."""
    first = list(PROVISIONING.planned(Subject(plan="starter", patches=frozenset())))
    second = list(PROVISIONING.planned(Subject(plan="starter")))
    run = await StandInRun.about(connection, UUID(acme.tenant_id))

    kept = []
    for planned, patches in ((second, None), (first, (PROVISIONING_V2,)), (second, (PROVISIONING_V2,))):
        await connection.execute(
            "UPDATE workflow_executions SET input = jsonb_build_object('steps', %s::jsonb) WHERE entity_id = %s",
            (Json(planned), acme.tenant_id),
        )
        await run.take(steps.load_tenant, replace(acme, patches=patches))
        found = await connection.execute(
            "SELECT input -> 'steps' FROM workflow_executions WHERE entity_id = %s", (acme.tenant_id,)
        )
        kept += await found.fetchall()

    assert kept == [(first,), (second,), (second,)]


async def test_a_migration_that_fails_leaves_the_schema_as_it_was(
    connection: AsyncConnection, steps: TenantActivities, acme: TenantStep
) -> None:
    await take(connection, steps.create_schema, acme)
    await connection.execute(sql.SQL("CREATE TABLE {} (x int)").format(sql.Identifier(schema_of(acme), "settings")))

    with pytest.raises(ApplicationError, match="settings"):
        await take(connection, steps.migrate_schema, acme)

    assert await tables(connection, schema_of(acme)) == ["settings"]
    assert (await tenant_row(connection, acme))[-1] is None


@pytest.mark.parametrize("mark", [None, "tenantry:tenant:somebody-else", SCHEMA_MARK, "hands off"])
async def test_a_strangers_schema_is_left_alone_by_every_step(
    connection: AsyncConnection, steps: TenantActivities, acme: TenantStep, mark: str | None
) -> None:
    schema = sql.Identifier(schema_of(acme))
    await connection.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
    await connection.execute(sql.SQL("CREATE TABLE {}.treasure AS SELECT 1 AS gold").format(schema))
    if mark is not None:
        await connection.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(schema, sql.Literal(mark)))

    for activity in (steps.create_schema, steps.migrate_schema, steps.verify_schema, steps.drop_schema):
        with pytest.raises(ApplicationError, match="does not carry this tenant's mark") as refused:
            await take(connection, activity, acme)
        assert refused.value.non_retryable

    assert await tables(connection, schema_of(acme)) == ["treasure"]


async def test_what_was_built_can_be_taken_back_any_number_of_times(
    connection: AsyncConnection, steps: TenantActivities, acme: TenantStep
) -> None:
    await take(connection, steps.create_schema, acme)
    await take(connection, steps.migrate_schema, acme)

    assert [await take(connection, steps.drop_schema, acme) for _ in range(2)] == [True, False]
    assert await tables(connection, schema_of(acme)) == []


async def test_an_active_tenant_keeps_its_schema(
    connection: AsyncConnection, steps: TenantActivities, acme: TenantStep
) -> None:
    await build(connection, steps, acme)

    with pytest.raises(ApplicationError, match="is active"):
        await take(connection, steps.drop_schema, acme)

    assert tuple(await tables(connection, schema_of(acme))) == OWN_TABLES


@pytest.mark.parametrize("status", [TenantStatus.DEPROVISIONING, TenantStatus.DROPPING, TenantStatus.DELETED])
async def test_a_tenant_that_leaves_is_not_provisioned_again(
    connection: AsyncConnection, steps: TenantActivities, status: TenantStatus
) -> None:
    leaving = TenantStep(tenant_id=str(await add_tenant(connection, status=status)))

    for activity in (steps.load_tenant, steps.create_schema, steps.activate_tenant):
        with pytest.raises(ApplicationError, match="it is not provisioned again") as refused:
            await take(connection, activity, leaving)
        assert refused.value.non_retryable


async def test_a_tenant_without_a_row_or_an_owner_is_a_clear_error(
    connection: AsyncConnection, steps: TenantActivities
) -> None:
    nobody = TenantStep(tenant_id=str(UUID(int=0)))
    ownerless = TenantStep(tenant_id=str(await add_tenant(connection, slug="ownerless")))
    await take(connection, steps.create_schema, ownerless)
    await take(connection, steps.migrate_schema, ownerless)

    with pytest.raises(ApplicationError, match="There is no tenant") as missing:
        await take(connection, steps.load_tenant, nobody)
    with pytest.raises(ApplicationError, match="Tenant ownerless has no owner") as without_owner:
        await take(connection, steps.add_owner, ownerless)

    assert missing.value.non_retryable
    assert without_owner.value.non_retryable


async def make_nothing(connection: AsyncConnection, steps: TenantActivities, step: TenantStep) -> None:
    pass


async def make_the_schema(connection: AsyncConnection, steps: TenantActivities, step: TenantStep) -> None:
    await take(connection, steps.create_schema, step)


@pytest.mark.parametrize("made", [make_nothing, make_the_schema])
async def test_a_tenant_is_not_switched_on_because_steps_are_said_to_be_done(
    connection: AsyncConnection,
    steps: TenantActivities,
    acme: TenantStep,
    made: Callable[[AsyncConnection, TenantActivities, TenantStep], Awaitable[None]],
) -> None:
    await made(connection, steps, acme)

    with pytest.raises(ApplicationError, match="the tenant is not switched on") as refused:
        await take(connection, steps.activate_tenant, acme)

    assert refused.value.non_retryable
    assert (await tenant_row(connection, acme))[0] is TenantStatus.PROVISIONING
