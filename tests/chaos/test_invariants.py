"""Every check is shown a database that breaks its rule; a check that never complains would prove nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from uuid import UUID

import pytest
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from embedded.temporal import EmbeddedTemporal
from operations.access import Actor
from operations.actions.registration import Registration
from operations.bootstrap import Services
from operations.bulk.selections import ByIds
from operations.database import Database
from operations.kinds import Deed
from operations.queries.bulk_views import BulkView
from operations.queries.execution_views import ExecutionDetail
from operations.statuses import Plan
from operations.temporal import Temporal
from tests.chaos import invariants
from tests.chaos.breakages import BREAKAGES
from tests.chaos.evidence import Evidence, drifted, figures
from tests.chaos.ledger import Ledger
from tests.conftest import SECRET_KEY
from workbench.servers import eventually, passable_directory, run_worker

QUEUE = "invariants"


@pytest.fixture(scope="module")
async def own_temporal() -> AsyncIterator[Temporal]:
    """Without the runs of other tests, which would be ghosts here."""
    with passable_directory() as directory:
        async with EmbeddedTemporal(directory=directory) as server:
            yield await Temporal.at(server.address)


@dataclass(frozen=True, kw_only=True, slots=True)
class Customers:
    """One of each kind: sound, gone, kept, approved, and one that still waits for a decision."""

    services: Services
    actor: Actor

    async def come(self) -> Ledger:
        ledger = Ledger()
        for slug in ("sound", "left", "stayed"):
            ledger.registered[slug] = await self._register(slug, Plan.STARTER)
            await self._until(ledger.registered[slug], lambda seen: seen.execution.status.is_final)
        for slug in ("approved", "still-waiting"):
            ledger.registered[slug] = await self._register(slug, Plan.ENTERPRISE)
            await self._until(ledger.registered[slug], lambda seen: seen.awaits_decision)
        approved = ledger.registered["approved"]
        await self._approve_all(ledger, approved, ledger.registered["sound"])
        ledger.decided = {approved: "approved"}
        await self._until(approved, lambda seen: seen.execution.status.is_final)
        await self._leave(ledger)
        return ledger

    async def _register(self, slug: str, plan: Plan) -> UUID:
        registration = Registration(slug=slug, name=slug.title(), owner_email=f"{slug}@example.com", plan=plan)
        return (await self.services.tenants.register(self.actor, registration)).execution_id

    async def _approve_all(self, ledger: Ledger, *ids: UUID) -> None:
        bulks = self.services.bulks
        planned = await bulks.preview(self.actor, Deed.APPROVE, ByIds(ids=ids))
        id_ = await bulks.begin(self.actor, planned, "contract signed")
        ledger.begun = {id_: len(ids)}

        async def look() -> BulkView:
            await bulks.runner.advance()
            return await self.services.reads.bulks.get(id_)

        await eventually(look, lambda bulk: bulk.finished_at is not None)

    async def _leave(self, ledger: Ledger) -> None:
        soon = replace(self.services.tenants, deprovision_wait=0.1)
        left = await soon.deprovision(self.actor, "left", "contract ended")
        stayed = await self.services.tenants.deprovision(self.actor, "stayed", "contract ended")
        await self._until(stayed, lambda seen: seen.execution.steps_done == 1)
        await self.services.executions.cancel(self.actor, stayed, "they stay")
        for execution, slug in ((left, "left"), (stayed, "stayed")):
            ledger.leaving[execution] = slug
            await self._until(execution, lambda seen: seen.execution.status.is_final)
        ledger.ended = {stayed: {"cancel"}}

    async def _until(self, id_: UUID, is_so: Callable[[ExecutionDetail], bool]) -> None:
        await eventually(lambda: self.services.reads.executions.detail(id_), is_so)


async def test_every_check_notices_what_breaks_its_rule(
    database: Database, own_temporal: Temporal, admin: Actor
) -> None:
    services = Services.assemble(database, own_temporal, name="test", task_queue=QUEUE, secret_key=SECRET_KEY)
    delivering = asyncio.ensure_future(services.deliverer.run())
    async with run_worker(services, own_temporal.client.service_client.config.target_host, QUEUE):
        sound = await Customers(services=services, actor=admin).come()
    delivering.cancel()
    await asyncio.gather(delivering, return_exceptions=True)

    assert {breakage.check for breakage in BREAKAGES} == set(invariants.CHECKS)
    async with await AsyncConnection.connect(database.dsn, row_factory=dict_row) as connection:
        evidence = await eventually(
            lambda: Evidence.by_way_of(connection, own_temporal, sound), lambda seen: drifted(seen) == {}
        )
        assert await invariants.violations(evidence) == []
        assert (await figures(evidence))["deprovisionings"] == {"completed": 1, "failed (canceled)": 1}
        for breakage in BREAKAGES:
            async with connection.transaction(force_rollback=True):
                await connection.execute("SET LOCAL session_replication_role = replica")  # no triggers, no foreign keys
                await connection.execute(breakage.statement.encode())
                ledger = deepcopy(sound)
                breakage.tell(ledger, sound.registered["sound"])

                complaints = await breakage.check(await Evidence.by_way_of(connection, own_temporal, ledger))

            assert complaints != [], breakage


async def test_a_row_that_says_something_else_than_temporal_has_drifted(
    database: Database, own_temporal: Temporal, support: Actor
) -> None:
    services = Services.assemble(database, own_temporal, name="test", task_queue="nobody", secret_key=SECRET_KEY)
    registration = Registration(slug="drifted", name="Drifted", owner_email="drifted@example.com")
    await services.tenants.register(support, registration)
    await services.deliverer.deliver_due()
    run = await own_temporal.describe("tenant-provision-drifted")
    assert run is not None

    await own_temporal.terminate("tenant-provision-drifted", run.run_id, reason="by hand")

    async with Evidence.gathered(database.dsn, own_temporal, Ledger()) as evidence:
        assert set(drifted(evidence)) == {"tenant-provision-drifted"}
