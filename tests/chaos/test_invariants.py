"""Every check is shown a database that breaks its rule; a check that never complains would prove nothing."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from embedded.temporal import EmbeddedTemporal
from operations.access import Actor
from operations.actions.registration import Registration
from operations.bootstrap import Services
from operations.database import Database
from operations.temporal import Temporal
from tests.chaos import invariants
from tests.chaos.invariants import Check, Evidence
from tests.chaos.load import Ledger
from tests.conftest import SECRET_KEY
from tests.servers import eventually, passable_directory, run_worker

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


def tell_of_an_approval(ledger: Ledger, execution: UUID) -> None:
    ledger.decided[execution] = "approved"


BREAKAGES = (
    Breakage(check=invariants.no_registration_is_lost, tell=tell_of_a_customer),
    Breakage(check=invariants.a_registration_is_all_or_nothing, statement="DELETE FROM memberships"),
    Breakage(check=invariants.no_run_is_a_ghost, statement="UPDATE workflow_executions SET id = gen_random_uuid()"),
    Breakage(
        check=invariants.no_row_lacks_its_run, statement="UPDATE workflow_executions SET workflow_id = 'never-started'"
    ),
    Breakage(
        check=invariants.one_run_at_most_is_open_for_a_tenant,
        statement="""
            DROP INDEX uq_workflow_executions_open;
            INSERT INTO workflow_executions (workflow_id, workflow_type, entity_type, entity_id, task_queue, input,
                                             requested_by)
            SELECT n::text, workflow_type, entity_type, entity_id, task_queue, input, requested_by
            FROM workflow_executions, generate_series(1, 2) AS n
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
    Breakage(check=invariants.what_completed_is_there_once, statement="UPDATE tenants SET status = 'failed'"),
    Breakage(check=invariants.a_tenants_status_and_its_schema_agree, statement="UPDATE tenants SET status = 'deleted'"),
    Breakage(
        check=invariants.no_step_runs_in_a_run_that_completed, statement="UPDATE execution_steps SET status = 'running'"
    ),
    Breakage(
        check=invariants.what_failed_is_taken_back,
        statement="""
            UPDATE workflow_executions SET status = 'failed', close_reason = 'error';
            UPDATE tenants SET status = 'failed'
        """,
    ),
    Breakage(check=invariants.every_acknowledged_action_is_in_the_audit_log_once, tell=tell_of_a_termination),
    Breakage(check=invariants.a_decision_stands_once_and_is_followed, tell=tell_of_an_approval),
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


async def test_every_check_notices_what_breaks_its_rule(
    database: Database, own_temporal: Temporal, support: Actor
) -> None:
    services = Services.assemble(database, own_temporal, name="test", task_queue=QUEUE, secret_key=SECRET_KEY)
    registration = Registration(slug="sound", name="Sound", owner_email="sound@example.com")
    registered = await services.tenants.register(support, registration)
    await services.deliverer.deliver_due()
    async with run_worker(services, own_temporal.client.service_client.config.target_host, QUEUE):
        await eventually(
            lambda: services.reads.executions.detail(registered.execution_id),
            lambda seen: seen.execution.status.is_final,
        )

    assert {breakage.check for breakage in BREAKAGES} == set(invariants.CHECKS)
    async with await AsyncConnection.connect(database.dsn, row_factory=dict_row) as connection:
        sound = Ledger(registered={"sound": registered.execution_id})
        evidence = await Evidence.by_way_of(connection, own_temporal, sound)
        assert await invariants.violations(evidence) == []
        assert invariants.drifted(evidence) == {}
        for breakage in BREAKAGES:
            async with connection.transaction(force_rollback=True):
                await connection.execute("SET LOCAL session_replication_role = replica")  # no triggers, no foreign keys
                await connection.execute(breakage.statement.encode())
                ledger = Ledger(registered=dict(sound.registered))
                breakage.tell(ledger, registered.execution_id)

                complaints = await breakage.check(await Evidence.by_way_of(connection, own_temporal, ledger))

            assert complaints != [], breakage.check.__name__


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
        assert set(invariants.drifted(evidence)) == {"tenant-provision-drifted"}
