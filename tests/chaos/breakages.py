"""What breaks each rule: in the database, or between it and what the outside was told."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

from tests.chaos import bulks, customers, decisions, invariants
from tests.chaos.invariants import Check
from tests.chaos.ledger import Ledger


def nothing(ledger: Ledger, execution: UUID) -> None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Breakage:
    """What breaks one rule."""

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


def tell_of_a_bulk_operation(ledger: Ledger, execution: UUID) -> None:
    ledger.begun[uuid4()] = 2


TOLD_TWICE = """
    INSERT INTO audit_log (actor, action, outcome, target_id, after)
    SELECT actor, action, outcome, target_id, after FROM audit_log WHERE action = '{}'
"""
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
    Breakage(check=bulks.no_bulk_operation_is_lost, tell=tell_of_a_bulk_operation),
    Breakage(
        check=bulks.no_bulk_operation_is_lost,
        statement="UPDATE bulk_rows SET state = 'failed', why = 'never happened' WHERE state = 'done'",
    ),
    Breakage(check=bulks.no_bulk_operation_is_lost, statement=TOLD_TWICE.format("bulk.begin")),
    Breakage(check=bulks.no_bulk_operation_is_lost, statement=TOLD_TWICE.format("bulk.finished")),
    Breakage(
        check=bulks.every_bulk_operation_has_come_to_its_end,
        statement="UPDATE bulk_operations SET state = 'paused', finished_at = NULL",
    ),
    Breakage(
        check=bulks.every_bulk_operation_has_come_to_its_end,
        statement="UPDATE bulk_rows SET state = 'sent', settled_at = NULL, result = NULL",
    ),
    Breakage(
        check=bulks.each_bulk_row_has_one_effect_and_one_result,
        statement="UPDATE bulk_operations SET counted = jsonb_set(counted, '{done}', '99')",
    ),
    Breakage(
        check=bulks.each_bulk_row_has_one_effect_and_one_result,
        statement="UPDATE bulk_rows SET result = 'failed' WHERE state = 'skipped'",
    ),
    Breakage(
        check=bulks.each_bulk_row_has_one_effect_and_one_result,
        statement="DELETE FROM bulk_rows WHERE state = 'skipped'",
    ),
    Breakage(
        check=bulks.each_bulk_row_has_one_effect_and_one_result,
        statement="UPDATE bulk_rows SET state = 'done' WHERE state = 'skipped'",
    ),
    Breakage(
        check=bulks.each_bulk_row_has_one_effect_and_one_result,
        statement="UPDATE bulk_rows SET state = 'skipped', why = 'never happened' WHERE state = 'done'",
    ),
    Breakage(
        check=bulks.each_bulk_row_has_one_effect_and_one_result,
        statement="UPDATE bulk_rows SET state = 'failed', why = 'never happened' WHERE state = 'done'",
    ),
    Breakage(
        check=bulks.each_bulk_row_has_one_effect_and_one_result,
        statement="UPDATE commands SET bulk_id = (SELECT id FROM bulk_operations LIMIT 1) WHERE kind = 'start'",
    ),
    Breakage(
        check=bulks.each_bulk_row_has_one_effect_and_one_result,
        statement="UPDATE commands SET execution_id = (SELECT execution_id FROM bulk_rows WHERE state = 'skipped')"
        " WHERE kind = 'decide'",
    ),
    Breakage(check=invariants.the_outbox_is_empty, statement="UPDATE commands SET state = 'queued', settled_at = NULL"),
    Breakage(
        check=invariants.times_go_forward, statement="UPDATE workflow_executions SET created_at = now() + interval '1h'"
    ),
)
