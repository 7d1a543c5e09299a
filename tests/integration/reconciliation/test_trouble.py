"""What a pass does when it should not trust what it sees: it changes nothing, says why, and is well afterwards."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import pytest
from temporalio.client import Client

from console.components.strips import Tone
from console.pages import pass_marks
from operations import tenant_kinds
from operations.database import Database
from operations.errors import DatabaseUnavailable, LeaseLost, PassRunning, ReconciliationPaused
from operations.reconciliation import lease
from operations.reconciliation.limits import Limits
from operations.reconciliation.passes import PassResult, Reconciler
from operations.statuses import FindingKind, PassOutcome, Status
from operations.temporal import Run, Temporal
from tests.integration.reconciliation.runs import LIMITS, Started, World
from tests.proxies import Proxy, address_in, proxy_to, through


@pytest.fixture
async def way(temporal_address: str) -> AsyncIterator[Proxy]:
    async with proxy_to(temporal_address) as proxy:
        yield proxy


async def terminated(world: World, number: int) -> list[Started]:
    """Runs that ended while nobody looked."""
    started = [await world.start() for _ in range(number)]
    for each in started:
        await each.handle.terminate(reason="all of them")
    return started


async def failed_rows(world: World) -> int:
    [[number]] = await world.sql("SELECT count(*) FROM workflow_executions WHERE status = 'failed'")
    return int(str(number))


def looking_through(world: World, temporal: Temporal, *, limits: Limits = LIMITS) -> World:
    return replace(world, reconciler=replace_reconciler(world, temporal=temporal, limits=limits))


def replace_reconciler(
    world: World, *, temporal: Temporal | None = None, database: Database | None = None, limits: Limits = LIMITS
) -> Reconciler:
    return Reconciler(
        database=database or world.services.database,
        temporal=temporal or world.services.temporal,
        name="other",
        task_queue=world.task_queue,
        wake=world.services.deliverer.wake,
        provisioning=tenant_kinds.PROVISIONING,
        limits=limits,
    )


async def test_a_misspelt_namespace_is_not_a_world_without_runs(world: World, temporal_address: str) -> None:
    await world.start()
    misspelt = looking_through(world, await Temporal.at(temporal_address, "defualt"))

    results = [await misspelt.run_pass() for _ in range(2)]

    assert {each.outcome for each in results} == {PassOutcome.UNREACHABLE}
    assert "defualt" in (results[0].error or "")
    assert await failed_rows(world) == 0
    assert await world.findings() == []


async def test_another_namespace_changes_nothing_until_it_is_accepted(world: World) -> None:
    lost, _, _ = await world.add_row()
    await world.run_pass()
    await world.sql("UPDATE reconciliation_state SET namespace_id = 'another'")

    refused = [await world.run_pass() for _ in range(2)]
    between = (await world.row(lost)).status
    accepted = await world.run_pass(accept_namespace=True)
    [[by]] = await world.sql("SELECT namespace_accepted_by FROM reconciliation_state")

    assert {each.outcome for each in refused} == {PassOutcome.NAMESPACE_CHANGED}
    assert between is Status.RUNNING
    assert (accepted.outcome, accepted.healed, by) == (PassOutcome.COMPLETED, 1, "test")
    assert (await world.run_pass()).outcome is PassOutcome.COMPLETED


async def test_while_temporal_is_away_nothing_changes_and_then_all_is_well(world: World, way: Proxy) -> None:
    started = await terminated(world, 2)
    seeing = looking_through(world, await Temporal.at(way.address))
    await way.cut()

    away = await seeing.run_pass()
    await way.restore()
    back = await seeing.run_pass()

    assert (away.outcome, away.healed) == (PassOutcome.UNREACHABLE, 0)
    assert (back.outcome, back.healed) == (PassOutcome.COMPLETED, 2)
    assert (await world.row(started[0].id)).status is Status.FAILED


async def test_a_database_cut_in_mid_pass_leaves_the_rest_to_the_next_one(world: World) -> None:
    await terminated(world, 8)
    async with proxy_to(address_in(world.services.database.dsn)) as proxy:
        database = Database.at(through(proxy, world.services.database.dsn), name="cut")
        cutting = Cutting(client=world.client, proxy=proxy)
        broken = replace(world, reconciler=replace_reconciler(world, database=database, temporal=cutting))

        with pytest.raises(DatabaseUnavailable):
            await broken.run_pass()
        await proxy.restore()
        again = await broken.run_pass()
        await database.close()

    outcomes = await world.sql("SELECT outcome FROM reconciliation_passes ORDER BY started_at")
    assert (again.outcome, await failed_rows(world)) == (PassOutcome.COMPLETED, 8)
    assert outcomes == [("abandoned",), ("completed",)]


class Cutting(Temporal):
    """Cuts the way to the database while the first run is described."""

    def __init__(self, client: Client, proxy: Proxy) -> None:
        super().__init__(client=client)
        object.__setattr__(self, "proxy", proxy)
        object.__setattr__(self, "cut", False)

    async def describe(self, workflow_id: str, run_id: str = "") -> Run | None:
        run = await Temporal.describe(self, workflow_id, run_id)
        if not getattr(self, "cut"):  # noqa: B009
            object.__setattr__(self, "cut", True)
            await getattr(self, "proxy").cut()  # noqa: B009
        return run


async def test_the_breaker_holds_back_what_is_implausible_until_somebody_applies_it(world: World) -> None:
    await terminated(world, 25)

    tripped = await world.run_pass()
    failed_before = await failed_rows(world)
    shown = await world.findings()
    applied = await world.run_pass(apply=True)
    after = await world.run_pass()

    assert (tripped.outcome, tripped.healed, failed_before) == (PassOutcome.TRIPPED, 0, 0)
    assert len(shown) == 25
    assert all(stands for _, _, stands in shown)
    assert (applied.outcome, applied.healed) == (PassOutcome.COMPLETED, 25)
    assert (after.outcome, after.healed) == (PassOutcome.COMPLETED, 0)
    assert not any(stands for kind, _, stands in await world.findings() if kind == FindingKind.ENDED)


async def test_a_temporal_that_lost_everything_is_noticed_early(world: World) -> None:
    await world.sql(
        "INSERT INTO workflow_executions (workflow_id, workflow_type, entity_type, entity_id, task_queue, input, "
        "requested_by, run_id) SELECT 'lost-' || gen_random_uuid(), 'tenant_provisioning', 'tenant', "
        "gen_random_uuid(), 'lost', '{}', 'test', 'run' FROM generate_series(1, 2000)"
    )
    small = looking_through(world, world.services.temporal, limits=replace(LIMITS, batch=100))

    result = await small.run_pass()

    assert result.outcome is PassOutcome.TRIPPED
    assert result.described <= 200
    assert await failed_rows(world) == 0


async def test_of_two_passes_at_once_one_is_refused_and_each_row_changes_once(world: World) -> None:
    started = await terminated(world, 10)
    others = [world, world.another("another"), world.another("a third")]

    answers = await asyncio.gather(*(each.run_pass() for each in others), return_exceptions=True)

    done = [answer for answer in answers if isinstance(answer, PassResult)]
    assert [type(answer) for answer in answers if not isinstance(answer, PassResult)] == [PassRunning] * (3 - len(done))
    assert sum(each.healed for each in done) == 10
    for each in started:
        assert len(await world.events(each.id)) == 1


async def test_a_holder_that_was_frozen_writes_nothing_more(world: World) -> None:
    database = world.services.database
    async with lease.held(database, holder="frozen", seconds=0.05) as old:
        await asyncio.sleep(0.1)
        async with lease.held(database, holder="next", seconds=90):
            with pytest.raises(LeaseLost):
                async with database.transaction() as connection:
                    await old.fence(connection)
            with pytest.raises(PassRunning):
                await world.run_pass()

    assert (await world.run_pass()).outcome is PassOutcome.COMPLETED


async def test_a_pause_stops_every_pass_until_it_is_over(world: World) -> None:
    await world.sql(
        "UPDATE reconciliation_state SET paused_until = now() + interval '1 hour', "
        "paused_by = 'ada@example.com', pause_reason = 'restoring a backup'"
    )

    with pytest.raises(ReconciliationPaused, match="restoring a backup"):
        await world.run_pass()

    await world.sql("UPDATE reconciliation_state SET paused_until = now() - interval '1 second'")
    assert (await world.run_pass()).outcome is PassOutcome.COMPLETED


async def test_a_pass_out_of_time_goes_on_where_it_stopped(world: World) -> None:
    started = await terminated(world, 6)
    hurried = replace(LIMITS, batch=2, longest=0.0)
    passes = looking_through(world, world.services.temporal, limits=hurried)
    ids: set[UUID] = {each.id for each in started}

    first = await passes.run_pass()
    patient = looking_through(world, world.services.temporal)
    second = await patient.run_pass()

    assert first.outcome is PassOutcome.PARTIAL
    assert second.outcome is PassOutcome.COMPLETED
    assert first.healed + second.healed == len(ids)
    assert (await patient.run_pass()).healed == 0


async def test_a_difference_is_new_to_the_first_pass_that_sees_it(world: World) -> None:
    await world.sql("INSERT INTO tenants (slug, name, plan, registered_by) VALUES ('gap', 'Gap', 'starter', 'test')")

    for _ in range(2):
        await world.run_pass()

    passes = await world.services.reads.reconciliation.recent()
    assert [(each.found, each.new, pass_marks.mark(each).tone) for each in passes] == [
        (1, 1, Tone.CHANGED),
        (1, 0, Tone.FINE),
    ]


async def test_old_passes_are_forgotten(world: World) -> None:
    await world.run_pass()
    await world.sql("UPDATE reconciliation_passes SET started_at = now() - interval '91 days'")

    await world.run_pass()

    assert len(await world.sql("SELECT 1 FROM reconciliation_passes")) == 1
