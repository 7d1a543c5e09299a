"""Every check is shown a database that breaks its rule; a check that never complains would prove nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from embedded.temporal import EmbeddedTemporal
from operations.access import Actor
from operations.actions.registration import Registration
from operations.bootstrap import Services
from operations.database import Database
from operations.queries.execution_views import ExecutionDetail
from operations.statuses import Decision, Plan
from operations.temporal import Temporal
from tests.chaos import customers, decisions, invariants
from tests.chaos.evidence import Evidence, drifted, figures
from tests.chaos.invariants import Check
from tests.chaos.ledger import Ledger
from tests.conftest import SECRET_KEY
from workbench.servers import eventually, passable_directory, run_worker

QUEUE = "invariants"


def nothing(ledger: Ledger, execution: UUID) -> None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Breakage:
    """What breaks one rule: in the database, or between it and what the outside was told."""

    check: Check
    statement: str = "SELECT"
    tell: Callable[[Ledger, UUID], None] = nothing


def tell_of_a_customer(ledger: Ledger, execution: UUID) -> None:
    ledger.registered["never-heard-of"] = uuid4()


def tell_of_a_termination(ledger: Ledger, execution: UUID) -> None:
    ledger.ended[execution] = {"terminate"}


def tell_of_a_departure(ledger: Ledger, execution: UUID) -> None:
    ledger.leaving[execution] = "sound"


def tell_of_an_approval(ledger: Ledger, execution: UUID) -> None:
    ledger.decided[execution] = "approved"


BREAKAGES = (
    Breakage(check=invariants.no_registration_is_lost, tell=tell_of_a_customer),
    Breakage(check=invariants.a_registration_is_all_or_nothing, statement="DELETE FROM memberships"),
    Breakage(check=invariants.no_run_is_a_ghost, statement="UPDATE workflow_executions SET id = gen_random_uuid()"),
    Breakage(
        check=invariants.no_row_lacks_its_run,
        statement="UPDATE workflow_executions SET workflow_id = 'never-started' WHERE workflow_id LIKE '%-sound'",
    ),
    Breakage(
        check=invariants.one_run_at_most_is_open_for_a_tenant,
        statement="""
            DROP INDEX uq_workflow_executions_open;
            INSERT INTO workflow_executions (workflow_id, workflow_type, entity_type, entity_id, task_queue, input,
                                             requested_by)
            SELECT n::text, workflow_type, entity_type, entity_id, task_queue, input, requested_by
            FROM workflow_executions, generate_series(1, 2) AS n WHERE workflow_id LIKE '%-sound'
        """,
    ),
    Breakage(check=invariants.a_workflow_id_has_one_run, statement="UPDATE workflow_executions SET run_id = 'another'"),
    Breakage(
        check=invariants.a_final_status_is_never_left,
        statement="""
            INSERT INTO execution_events (execution_id, kind, from_status, to_status, actor)
            SELECT id, 'corrected', 'completed', 'running', 'system:worker' FROM workflow_executions
        """,
    ),
    Breakage(check=invariants.attempts_grow_by_one, statement="UPDATE workflow_executions SET attempt = 3"),
    Breakage(
        check=invariants.a_failure_names_the_attempt_that_took_its_place,
        statement="UPDATE workflow_executions SET superseded_by = id",
    ),
    Breakage(check=customers.what_completed_is_there_once, statement="UPDATE tenants SET status = 'failed'"),
    Breakage(
        check=invariants.no_step_runs_in_a_run_that_completed, statement="UPDATE execution_steps SET status = 'running'"
    ),
    Breakage(
        check=customers.what_failed_is_taken_back,
        statement="""
            UPDATE workflow_executions SET status = 'failed', close_reason = 'error' WHERE status = 'completed';
            UPDATE tenants SET status = 'failed'
        """,
    ),
    Breakage(
        check=customers.a_tenant_is_active_if_and_only_if_its_own_schema_is_there,
        statement="UPDATE tenants SET status = 'deprovisioning', former_status = 'active' WHERE slug = 'left'",
    ),
    Breakage(
        check=customers.a_tenant_is_active_if_and_only_if_its_own_schema_is_there,
        statement="UPDATE tenants SET status = 'active' WHERE slug = 'left'",
    ),
    Breakage(
        check=customers.a_tenant_is_active_if_and_only_if_its_own_schema_is_there,
        statement="""
            DO $$ BEGIN
                EXECUTE (
                    SELECT format('COMMENT ON SCHEMA %I IS %L', schema_name, 'tenantry:tenant:' || gen_random_uuid())
                    FROM tenants WHERE slug = 'sound'
                );
            END $$
        """,
    ),
    Breakage(
        check=customers.a_tenant_is_active_if_and_only_if_its_own_schema_is_there,
        statement="UPDATE tenants SET status = 'failed' WHERE slug = 'sound'",
    ),
    Breakage(
        check=customers.a_tenant_is_active_if_and_only_if_its_own_schema_is_there,
        statement="CREATE SCHEMA tenant_of_nobody",
    ),
    Breakage(
        check=customers.a_tenant_is_deleted_if_and_only_if_its_schema_is_gone,
        statement="UPDATE tenants SET status = 'deleted', deleted_at = now() WHERE slug = 'stayed'",
    ),
    Breakage(
        check=customers.a_tenant_is_deleted_if_and_only_if_its_schema_is_gone,
        statement="UPDATE workflow_executions SET workflow_type = 'another' WHERE workflow_id LIKE '%n-left'",
    ),
    Breakage(
        check=customers.a_tenant_is_deleted_if_and_only_if_its_schema_is_gone,
        statement="UPDATE tenants SET status = 'active' WHERE slug = 'left'",
    ),
    Breakage(
        check=customers.a_cancelled_deprovisioning_leaves_the_customer_as_it_was,
        statement="UPDATE tenants SET status = 'deleted', deleted_at = now() WHERE slug = 'stayed'",
    ),
    Breakage(check=invariants.every_acknowledged_action_is_in_the_audit_log_once, tell=tell_of_a_termination),
    Breakage(check=invariants.every_acknowledged_action_is_in_the_audit_log_once, tell=tell_of_a_departure),
    Breakage(check=decisions.a_decision_stands_once_and_is_followed, tell=tell_of_an_approval),
    Breakage(
        check=decisions.a_decision_reaches_its_run_once_or_the_run_had_ended,
        statement="DELETE FROM commands WHERE kind = 'decide'",
    ),
    Breakage(
        check=decisions.a_decision_reaches_its_run_once_or_the_run_had_ended,
        statement="UPDATE commands SET state = 'failed' WHERE kind = 'decide'",
    ),
    Breakage(
        check=decisions.a_decision_reaches_its_run_once_or_the_run_had_ended,
        statement="UPDATE approvals SET decision = 'rejected'",
    ),
    Breakage(
        check=decisions.a_decision_reaches_its_run_once_or_the_run_had_ended,
        statement="UPDATE approvals SET execution_id = (SELECT execution_id FROM approval_requests r WHERE NOT EXISTS"
        " (SELECT FROM approvals a WHERE a.execution_id = r.execution_id))",
    ),
    Breakage(
        check=decisions.nobody_waits_for_a_decision_that_cannot_be_made, statement="DELETE FROM approval_requests"
    ),
    Breakage(
        check=decisions.nobody_waits_for_a_decision_that_cannot_be_made,
        statement="""
            INSERT INTO approvals (execution_id, decision, decided_by, reason)
            SELECT execution_id, 'approved', 'ada@example.com', 'never told' FROM approval_requests
            ON CONFLICT DO NOTHING
        """,
    ),
    Breakage(
        check=customers.what_was_cleaned_up_is_gone,
        statement="UPDATE workflow_executions SET workflow_type = 'tenant_cleanup', created_at = now() + interval '1h'",
    ),
    Breakage(
        check=invariants.a_retry_is_asked_for_once_and_a_replaced_run_has_a_successor,
        statement="UPDATE commands SET kind = 'retry_step'",
    ),
    Breakage(check=invariants.the_outbox_is_empty, statement="UPDATE commands SET state = 'queued', settled_at = NULL"),
    Breakage(
        check=invariants.times_go_forward, statement="UPDATE workflow_executions SET created_at = now() + interval '1h'"
    ),
)


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
        await self.services.executions.decide(self.actor, approved, Decision.APPROVED, "contract signed")
        ledger.decided = {approved: "approved"}
        await self._until(approved, lambda seen: seen.execution.status.is_final)
        await self._leave(ledger)
        return ledger

    async def _register(self, slug: str, plan: Plan) -> UUID:
        registration = Registration(slug=slug, name=slug.title(), owner_email=f"{slug}@example.com", plan=plan)
        return (await self.services.tenants.register(self.actor, registration)).execution_id

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
