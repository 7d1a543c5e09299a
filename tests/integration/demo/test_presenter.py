"""Faults are for databases that were made for a demo, whoever asks and however."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

import psycopg
import pytest
from psycopg import sql

from demo import scene
from embedded.keeper import Keeper, Pace
from embedded.stage import Stage
from operations.access import Actor
from operations.bootstrap import Services
from operations.contracts import DEMO_MARK
from operations.errors import CannotBreak, InvalidInput, NotADemo, NotPermitted
from operations.faults import LASTS, OF_PROCESSES, TITLES, Fault
from operations.queries.stage import Scene
from operations.statuses import Role
from workbench.servers import RunningWorker, eventually, sleeper

WRITTEN = "SELECT (SELECT count(*) FROM audit_log) + (SELECT count(*) FROM tenants) + (SELECT count(*) FROM changes)"


def execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def number(url: str, question: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(question.encode()).fetchone()
    return None if row is None else row[0]


@pytest.fixture
def forged(database_url: str) -> str:
    """An installation that somebody has given all that a demo has, but for the mark."""
    execute(database_url, *scene.STATEMENTS)
    return database_url


@pytest.fixture
def marked(forged: str) -> str:
    """As `tenantry up --demo` leaves it."""
    with psycopg.connect(forged, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, sql.Literal(DEMO_MARK)))
    return forged


@pytest.mark.parametrize("fault", Fault)
async def test_no_fault_is_ordered_where_there_is_no_mark(
    database_url: str, services: Services, admin: Actor, fault: Fault
) -> None:
    before = number(database_url, WRITTEN)

    with pytest.raises(NotADemo, match="nothing was changed"):
        await services.presenter.order(admin, fault)

    assert number(database_url, WRITTEN) == before


@pytest.mark.parametrize("fault", Fault)
async def test_a_forged_stage_is_none(forged: str, services: Services, admin: Actor, fault: Fault) -> None:
    with pytest.raises(NotADemo):
        await services.presenter.order(admin, fault)

    assert number(forged, "SELECT count(*) FROM demo.faults") == 0


async def test_a_mark_that_was_seen_before_is_not_believed(marked: str, services: Services, admin: Actor) -> None:
    assert await services.reads.stage.look()
    execute(marked, f"COMMENT ON DATABASE {number(marked, 'SELECT current_database()')} IS NULL")

    with pytest.raises(NotADemo):
        await services.presenter.order(admin, Fault.RUSH)
    with pytest.raises(NotADemo):
        await services.reads.stage.scene()

    assert number(marked, "SELECT count(*) FROM tenants") == 0


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SUPPORT, Role.OPERATOR])
async def test_only_an_administrator_presents(marked: str, services: Services, role: Role) -> None:
    actor = Actor(name="somebody@example.com", role=role)

    with pytest.raises(NotPermitted):
        await services.presenter.order(actor, Fault.STOP_POSTGRES)

    assert number(marked, "SELECT count(*) FROM demo.faults") == 0


async def test_a_fault_goes_on_once_and_can_be_ended(marked: str, services: Services, admin: Actor) -> None:
    await services.presenter.order(admin, Fault.BREAK_STEP)

    with pytest.raises(CannotBreak, match="goes on already"):
        await services.presenter.order(admin, Fault.BREAK_STEP)
    await services.presenter.order(admin, Fault.BREAK_STEP, slug="acme")
    (ordered, *_) = [each for each in (await services.reads.stage.scene()).faults if each.slug is None]
    await services.presenter.end(admin, ordered.id)

    await services.presenter.order(admin, Fault.BREAK_STEP)
    assert [each.is_going_on for each in (await services.reads.stage.scene()).faults] == [True, True, False]
    assert number(marked, "SELECT count(*) FROM audit_log WHERE action = 'demo.break_step'") == 3


async def test_nothing_begins_anew_while_something_else_goes_on(marked: str, services: Services, admin: Actor) -> None:
    await services.presenter.order(admin, Fault.STOP_WORKER)
    await services.presenter.order(admin, Fault.FREEZE_TEMPORAL)
    said = r"“Freeze Temporal” goes on for another (30|2\d) seconds. “Stop the worker” goes on for another (60|5\d) s"
    with pytest.raises(CannotBreak, match=said):
        await services.presenter.order(admin, Fault.RESET)
    execute(marked, "UPDATE demo.faults SET ended_at = now()")

    await services.presenter.order(admin, Fault.RESET)

    with pytest.raises(CannotBreak, match="begins anew just now"):
        await services.presenter.order(admin, Fault.RUSH)


@pytest.mark.parametrize("slug", ["x'; DROP SCHEMA demo CASCADE; --", "Acme", "%", ""])
async def test_a_slug_that_is_none_is_refused(marked: str, services: Services, admin: Actor, slug: str) -> None:
    with pytest.raises(InvalidInput):
        await services.presenter.order(admin, Fault.BREAK_STEP, slug=slug)

    assert number(marked, "SELECT count(*) FROM demo.faults") == 0


async def test_without_an_open_run_there_is_none_to_terminate(marked: str, services: Services, admin: Actor) -> None:
    with pytest.raises(CannotBreak, match="register a customer first"):
        await services.presenter.order(admin, Fault.TERMINATE_RUN)

    assert number(marked, "SELECT count(*) FROM demo.faults") == 0


async def test_a_full_disk_ends_by_the_clock(marked: str, services: Services, admin: Actor) -> None:
    execute(marked, "INSERT INTO tenants (slug, name, plan, registered_by) VALUES ('full', 'Full', 'starter', 'test')")
    schema = f"CREATE SCHEMA {number(marked, 'SELECT schema_name FROM tenants')}"
    await services.presenter.order(admin, Fault.BREAK_STEP)

    with pytest.raises(psycopg.errors.DiskFull):
        execute(marked, schema)
    execute(marked, "UPDATE demo.faults SET ends_at = clock_timestamp()")

    execute(marked, schema)


async def test_rushes_never_use_a_slug_twice(
    marked: str, services: Services, admin: Actor, worker: RunningWorker
) -> None:
    del worker
    for _ in range(2):
        await services.presenter.order(admin, Fault.RUSH)

    assert number(marked, "SELECT count(*) FROM tenants") == 80


def test_every_fault_has_its_time() -> None:
    assert set(LASTS) == set(TITLES) == set(Fault) > set(OF_PROCESSES)
    assert max(seconds for fault, seconds in LASTS.items() if fault is not Fault.RESET) <= 90


@asynccontextmanager
async def kept() -> AsyncIterator[Keeper]:
    """A server with nothing to do, and its keeper, which ends first."""
    async with sleeper() as server:
        pace = Pace(poll=0.05, first_pause=0.05)
        keeper = Keeper(server=server, pace=pace, report=lambda *_: None, changed=lambda: None)
        async with _running(keeper.keep()):
            yield keeper


@asynccontextmanager
async def _running(work: Coroutine[object, object, object]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def stage(url: str, keeper: Keeper) -> Stage:
    async def begin_anew() -> None:
        raise AssertionError("nobody asked for it")

    async def deploy(*, bad: bool) -> None:
        raise AssertionError(f"nobody asked for it: {bad}")

    servers = dict.fromkeys(("temporal", "postgresql"), keeper)
    return Stage(
        dsn=url, workers=[keeper], servers=servers, begin_anew=begin_anew, deploy=deploy, report=lambda *_: None
    )


async def test_the_supervisor_stops_the_worker_and_begins_another_one(
    marked: str, services: Services, admin: Actor
) -> None:
    async with kept() as keeper, _running(stage(marked, keeper).run()):
        await services.presenter.order(admin, Fault.STOP_WORKER)
        await eventually(lambda: _pid(keeper), lambda pid: pid is None)
        (fault,) = (await services.reads.stage.scene()).faults
        assert fault.begun_at is not None

        await services.presenter.end(admin, fault.id)

        await eventually(lambda: _pid(keeper), lambda pid: pid is not None)


async def test_a_supervisor_takes_no_order_without_the_mark(forged: str) -> None:
    execute(
        forged,
        "INSERT INTO demo.faults (fault, ordered_by, ends_at) VALUES ('stop_worker', 'me', now() + interval '1 hour')",
    )

    async with kept() as keeper, await psycopg.AsyncConnection.connect(forged, autocommit=True) as connection:
        assert await stage(forged, keeper)._look(connection) == []

    assert number(forged, "SELECT count(begun_at) FROM demo.faults") == 0


async def test_what_is_ordered_while_a_supervisor_begins_is_taken_up(
    marked: str, services: Services, admin: Actor
) -> None:
    await services.presenter.order(admin, Fault.FREEZE_TEMPORAL)

    async with kept() as keeper, _running(stage(marked, keeper).run()):
        await eventually(services.reads.stage.scene, _has_begun)


async def test_what_is_frozen_goes_on_when_its_supervisor_ends(marked: str, services: Services, admin: Actor) -> None:
    async with kept() as keeper:
        async with _running(stage(marked, keeper).run()):
            await services.presenter.order(admin, Fault.FREEZE_TEMPORAL)
            await eventually(services.reads.stage.scene, _has_begun)

        await eventually(keeper.server.answers, bool)
        async with _running(stage(marked, keeper).run()):
            await eventually(services.reads.stage.scene, lambda scene: not scene.faults[0].is_going_on)


def _has_begun(scene: Scene) -> bool:
    return scene.faults[0].begun_at is not None


async def _pid(keeper: Keeper) -> int | None:
    return keeper.server.pid
