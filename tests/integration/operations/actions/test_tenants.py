"""Registering: one transaction or nothing, one tenant per slug, and Temporal never on the way of an answer."""

import asyncio
import uuid
from dataclasses import replace
from time import monotonic

import pytest
from psycopg import AsyncConnection, sql
from sqlalchemy.exc import DBAPIError

from embedded import ports
from operations import tenant_kinds
from operations.access import Actor
from operations.actions.registration import Registration
from operations.actions.tenants import Registered, Tenants
from operations.bootstrap import Services
from operations.database import Database
from operations.errors import AlreadyTaken, DatabaseUnavailable, InvalidInput, KeyReused, NotPermitted
from operations.queries.execution_views import ExecutionDetail
from operations.statuses import CommandState, Role, Status, TenantStatus
from operations.temporal import Temporal
from tests.conftest import SECRET_KEY
from workbench.servers import eventually

WRITTEN = {
    "tenants": 1,
    "users": 1,
    "memberships": 1,
    "workflow_executions": 1,
    "commands": 1,
    "audit_log": 1,
    "execution_events": 1,
}
NOTHING = dict.fromkeys(WRITTEN, 0)


@pytest.fixture
def acme() -> Registration:
    """A slug of this test's own: all tests share one Temporal, and workflow ids are made of slugs."""
    slug = f"acme-{uuid.uuid4().hex[:12]}"
    return Registration(slug=slug, name="Acme Inc.", owner_email="ada@acme.example", owner_name="Ada", plan="business")


@pytest.fixture
def viewer() -> Actor:
    return Actor(name="viewer@example.com", role=Role.VIEWER)


async def rows(connection: AsyncConnection) -> dict[str, int]:
    """How many rows each table has that a registration writes."""
    numbers = {}
    for table in WRITTEN:
        found = await connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
        row = await found.fetchone()
        assert row is not None
        numbers[table] = row[0]
    return numbers


async def listed(services: Services, slug: str) -> list[str]:
    """The runs that Temporal's list knows; it lags a moment."""
    query = f"WorkflowId = 'tenant-provision-{slug}'"
    return [run.run_id async for run in services.temporal.client.list_workflows(query)]


async def fail_at(connection: AsyncConnection, table: str, how: str, *, at_commit: bool = False) -> None:
    """Make the database fail at an insert into `table`, or at the commit that follows one."""
    await connection.execute(
        sql.SQL("CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} RETURN NULL; END $$").format(
            sql.SQL(how)
        )
    )
    kind = "CONSTRAINT TRIGGER" if at_commit else "TRIGGER"
    when = "DEFERRABLE INITIALLY DEFERRED" if at_commit else ""
    await connection.execute(
        f"CREATE {kind} fail AFTER INSERT ON {table} {when} FOR EACH ROW EXECUTE FUNCTION fail()".encode()
    )


async def test_a_registration_writes_all_its_rows(
    services: Services, connection: AsyncConnection, support: Actor, acme: Registration
) -> None:
    registered = await services.tenants.register(support, acme)

    assert await rows(connection) == WRITTEN
    tenant = await services.reads.tenants.by_slug(acme.slug)
    assert (tenant.id, tenant.status, tenant.plan) == (registered.tenant_id, TenantStatus.PROVISIONING, "business")
    assert (tenant.name, tenant.owner_email) == ("Acme Inc.", "ada@acme.example")
    assert tenant.schema_name == f"tenant_{registered.tenant_id.hex}"
    detail = await services.reads.executions.detail(registered.execution_id)
    assert detail.execution.status is Status.PENDING
    assert detail.execution.workflow_id == f"tenant-provision-{acme.slug}"
    assert detail.execution.entity_id == registered.tenant_id
    assert detail.execution.requested_by == support.name
    assert [(event.kind, event.actor) for event in detail.events] == [("created", support.name)]


async def test_a_registration_is_in_the_audit_log_with_actor_and_outcome(
    services: Services, connection: AsyncConnection, support: Actor, acme: Registration
) -> None:
    registered = await services.tenants.register(support, acme)

    found = await connection.execute(
        "SELECT actor, role, action, outcome, target_kind, target_id, target_label, after FROM audit_log"
    )
    assert await found.fetchall() == [
        (
            support.name,
            "support",
            "tenant.register",
            "applied",
            "tenant",
            str(registered.tenant_id),
            acme.slug,
            {"name": "Acme Inc.", "plan": "business", "owner_email": "ada@acme.example"},
        )
    ]


@pytest.mark.parametrize("table", ["users", "workflow_executions", "commands", "audit_log"])
async def test_a_failure_in_the_middle_leaves_nothing(
    services: Services, connection: AsyncConnection, support: Actor, acme: Registration, table: str
) -> None:
    await fail_at(connection, table, "RAISE EXCEPTION 'no more';")

    with pytest.raises(DBAPIError, match="no more"):
        await services.tenants.register(support, acme)

    assert await rows(connection) == NOTHING
    assert await services.deliverer.deliver_due() == 0


async def test_a_commit_that_fails_leaves_nothing_and_starts_nothing(
    services: Services, connection: AsyncConnection, support: Actor, acme: Registration
) -> None:
    await fail_at(connection, "audit_log", "RAISE EXCEPTION 'not after all';", at_commit=True)

    with pytest.raises(DBAPIError, match="not after all"):
        await services.tenants.register(support, acme)

    assert await rows(connection) == NOTHING
    assert await services.deliverer.deliver_due() == 0
    assert await services.temporal.describe(f"tenant-provision-{acme.slug}") is None


async def test_a_connection_lost_in_the_middle_leaves_nothing_and_is_named(
    services: Services, connection: AsyncConnection, support: Actor, acme: Registration
) -> None:
    await fail_at(connection, "audit_log", "PERFORM pg_terminate_backend(pg_backend_pid());")

    with pytest.raises(DatabaseUnavailable):
        await services.tenants.register(support, acme)

    assert await rows(connection) == NOTHING


async def test_a_slug_in_use_is_named_also_when_the_e_mail_is_in_use_too(
    services: Services, connection: AsyncConnection, support: Actor, acme: Registration
) -> None:
    await services.tenants.register(support, acme)

    with pytest.raises(AlreadyTaken, match=f"The slug {acme.slug} is in use") as refused:
        await services.tenants.register(support, acme)

    assert refused.value.field == "slug"
    assert await rows(connection) == WRITTEN


async def test_a_slug_that_reads_like_a_table_is_still_a_slug(services: Services, support: Actor) -> None:
    users = Registration(slug="users-inc", name="Users Inc.", owner_email="ada@acme.example")
    await services.tenants.register(support, users)

    with pytest.raises(AlreadyTaken) as refused:
        await services.tenants.register(support, replace(users, owner_email="eve@users.example"))

    assert refused.value.field == "slug"


async def test_an_e_mail_in_use_is_named_however_it_is_written(
    services: Services, connection: AsyncConnection, support: Actor, acme: Registration
) -> None:
    await services.tenants.register(support, acme)

    for email in ("ada@acme.example", "ADA@acme.example", "Ada@Acme.Example"):
        with pytest.raises(AlreadyTaken, match=r"ada@acme\.example already owns another tenant") as refused:
            await services.tenants.register(support, replace(acme, slug="another", owner_email=email))

        assert refused.value.field == "owner_email"
    assert await rows(connection) == WRITTEN


async def test_of_twenty_registrations_of_one_slug_one_wins(
    services: Services, connection: AsyncConnection, support: Actor, acme: Registration
) -> None:
    rivals = [replace(acme, owner_email=f"owner-{number}@acme.example") for number in range(20)]

    answers = await asyncio.gather(
        *(services.tenants.register(support, rival) for rival in rivals), return_exceptions=True
    )

    assert sum(isinstance(answer, Registered) for answer in answers) == 1
    assert [answer.field for answer in answers if isinstance(answer, AlreadyTaken)] == ["slug"] * 19
    assert await rows(connection) == WRITTEN


async def test_repeating_a_request_finds_what_it_made(
    services: Services, connection: AsyncConnection, support: Actor, acme: Registration
) -> None:
    first = await services.tenants.register(support, acme, key="request-1")

    again = await services.tenants.register(support, acme, key="request-1")

    assert (first.repeated, again.repeated) == (False, True)
    assert replace(again, repeated=False) == first
    assert await rows(connection) == WRITTEN


async def test_a_key_used_for_something_else_is_refused(
    services: Services, connection: AsyncConnection, support: Actor, acme: Registration
) -> None:
    await services.tenants.register(support, acme, key="request-1")

    with pytest.raises(KeyReused):
        await services.tenants.register(support, replace(acme, slug="another"), key="request-1")

    assert await rows(connection) == WRITTEN


async def test_a_key_belongs_to_the_one_who_used_it(
    services: Services, support: Actor, admin: Actor, acme: Registration
) -> None:
    await services.tenants.register(support, acme, key="request-1")
    other = replace(acme, slug="another", owner_email="eve@acme.example")

    registered = await services.tenants.register(admin, other, key="request-1")

    assert registered.slug == "another"
    assert not registered.repeated


async def test_a_request_sent_eight_times_at_once_makes_one_tenant(
    services: Services, connection: AsyncConnection, support: Actor, acme: Registration
) -> None:
    answers = await asyncio.gather(*(services.tenants.register(support, acme, key="request-1") for _ in range(8)))

    assert sorted(answer.repeated for answer in answers) == [False] + [True] * 7
    assert len({answer.execution_id for answer in answers}) == 1
    assert await rows(connection) == WRITTEN


async def test_a_key_that_cannot_be_kept_is_refused_at_its_field(
    services: Services, connection: AsyncConnection, support: Actor, acme: Registration
) -> None:
    for key in ("", "k" * 201, "k\x00", "k\ud800", "k\n"):
        with pytest.raises(InvalidInput) as refused:
            await services.tenants.register(support, acme, key=key)

        assert set(refused.value.problems) == {"idempotency_key"}
    assert await rows(connection) == NOTHING


async def test_bad_input_writes_nothing_and_starts_nothing(
    services: Services, connection: AsyncConnection, support: Actor, acme: Registration
) -> None:
    for change in ({"slug": "A"}, {"name": "\x00"}, {"owner_email": "?"}, {"owner_name": "\n"}, {"plan": "gold"}):
        with pytest.raises(InvalidInput) as refused:
            await services.tenants.register(support, replace(acme, **change))
        assert set(refused.value.problems) == set(change)

    assert await rows(connection) == NOTHING
    assert await services.deliverer.deliver_due() == 0


async def test_the_database_takes_whatever_the_rules_allow(services: Services, support: Actor) -> None:
    names = ["\u202egnp.exe", "💥" * 200, "'; DROP TABLE tenants; --", "<img src=x onerror=alert(1)>"]
    for number, name in enumerate(names):
        slug = f"s{number}" + "-x" * 26
        await services.tenants.register(
            support, Registration(slug=slug, name=name, owner_email=f"{number}@acme.example", owner_name=name)
        )

        assert (await services.reads.tenants.by_slug(slug)).name == name


async def test_a_viewer_registers_nobody(
    services: Services, connection: AsyncConnection, viewer: Actor, acme: Registration
) -> None:
    with pytest.raises(NotPermitted):
        await services.tenants.register(viewer, acme)

    assert await rows(connection) == NOTHING


async def test_a_registration_wakes_the_deliverer_after_its_commit(
    database: Database, connection: AsyncConnection, support: Actor, acme: Registration
) -> None:
    woken = asyncio.Event()
    tenants = Tenants(
        database=database,
        task_queue="test",
        wake=woken.set,
        provisioning=tenant_kinds.PROVISIONING,
        removing=tenant_kinds.DEPROVISIONING,
    )

    with pytest.raises(InvalidInput):
        await tenants.register(support, replace(acme, slug="A"))
    assert not woken.is_set()
    await tenants.register(support, acme)

    assert woken.is_set()


async def test_while_temporal_is_away_tenants_are_registered_and_start_once_when_it_is_back(
    database: Database, services: Services, support: Actor, acme: Registration, task_queue: str
) -> None:
    away = await Temporal.at(f"127.0.0.1:{ports.any_free()}")
    cut_off = Services.assemble(database, away, name="cut-off", task_queue=task_queue, secret_key=SECRET_KEY)
    delivering = asyncio.ensure_future(cut_off.deliverer.run())

    async def look(id_: uuid.UUID) -> ExecutionDetail:
        return await services.reads.executions.detail(id_)

    begun = monotonic()
    registered = await cut_off.tenants.register(support, acme)
    answered_after = monotonic() - begun
    waiting = await eventually(
        lambda: look(registered.execution_id), lambda seen: seen.start is not None and seen.start.error is not None
    )
    delivering.cancel()
    await asyncio.gather(delivering, return_exceptions=True)

    assert answered_after < 3
    assert waiting.execution.status is Status.PENDING
    assert waiting.start is not None
    assert waiting.start.state is CommandState.QUEUED
    assert "Temporal" in (waiting.start.error or "")

    delivering = asyncio.ensure_future(services.deliverer.run())
    started = await eventually(
        lambda: look(registered.execution_id), lambda seen: seen.execution.status is Status.RUNNING, within=60
    )
    delivering.cancel()
    await asyncio.gather(delivering, return_exceptions=True)

    assert started.start is not None
    assert started.start.state is CommandState.DELIVERED
    runs = await eventually(lambda: listed(services, acme.slug), lambda seen: len(seen) > 0)
    assert runs == [started.execution.run_id]
