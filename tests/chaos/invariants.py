"""What must be true once a maltreated system has come to rest, and who would notice if it were not."""

from collections.abc import Awaitable, Callable

from operations import tenant_kinds
from operations.statuses import RetryKind, Status
from tests.chaos import bulks, customers, decisions
from tests.chaos.evidence import OURS, Evidence


async def no_registration_is_lost(evidence: Evidence) -> list[str]:
    first = {row.id: row for row in evidence.rows if row.attempt == 1}
    return [
        f"{slug}: acknowledged, and not there"
        for slug, id_ in evidence.ledger.registered.items()
        if id_ not in first or first[id_].slug != slug
    ]


async def a_registration_is_all_or_nothing(evidence: Evidence) -> list[str]:
    complaints = await evidence.complain(INCOMPLETE, "the registration is not whole")
    return [line for line in complaints if line.split(":")[0] not in evidence.ledger.without_owner]


INCOMPLETE = """
    SELECT t.slug AS what FROM tenants t
    WHERE (SELECT count(*) FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.tenant_id = t.id) <> 1
       OR (
           SELECT count(*) FROM workflow_executions e
           WHERE e.entity_id = t.id AND e.attempt = 1 AND e.workflow_type = 'tenant_provisioning'
       ) <> 1
       OR (SELECT count(*) FROM audit_log a WHERE a.action = 'tenant.register' AND a.target_id = t.id::text) <> 1
    UNION ALL
    SELECT e.workflow_id FROM workflow_executions e
    WHERE (SELECT count(*) FROM commands c WHERE c.execution_id = e.id AND c.kind = 'start') <> 1
"""


async def no_run_is_a_ghost(evidence: Evidence) -> list[str]:
    """Every run of ours in Temporal has its row, and carries its id."""
    ids = {row.workflow_id: str(row.id) for row in evidence.rows}
    return [
        f"{name}: the run carries {run.execution_id}, its row is {ids.get(name)}"
        for name, run in evidence.runs.items()
        if ids.get(name) != run.execution_id
    ]


async def no_row_lacks_its_run(evidence: Evidence) -> list[str]:
    """Unless the start was withdrawn before it was delivered."""
    return [
        f"{row.workflow_id}: {row.status}, its start is {row.start}, and Temporal does not know it"
        for row in evidence.rows
        if row.workflow_id not in evidence.runs and not (row.start == "failed" and row.status is Status.FAILED)
    ]


async def one_run_at_most_is_open_for_a_tenant(evidence: Evidence) -> list[str]:
    open_ = [
        (row.slug, row.workflow_type)
        for row in evidence.rows
        if (run := evidence.runs.get(row.workflow_id)) is not None and run.status.is_open
    ]
    complaints = [f"{slug}: several open runs of {kind}" for slug, kind in set(open_) if open_.count((slug, kind)) > 1]
    return complaints + await evidence.complain(SEVERAL_OPEN, "several open executions")


SEVERAL_OPEN = """
    SELECT entity_id AS what FROM workflow_executions WHERE status IN ('pending', 'running')
    GROUP BY entity_id, workflow_type HAVING count(*) > 1
"""


async def a_workflow_id_has_one_run(evidence: Evidence) -> list[str]:
    seen: dict[str, set[str]] = {name: {run.run_id} for name, run in evidence.runs.items()}
    async for listed in evidence.temporal.client.list_workflows(OURS):
        seen.setdefault(listed.id, set()).add(listed.run_id)
    for row in evidence.rows:
        if row.run_id:
            seen.setdefault(row.workflow_id, set()).add(row.run_id)
    return [f"{name}: several runs {sorted(runs)}" for name, runs in seen.items() if len(runs) > 1]


async def a_final_status_is_never_left(evidence: Evidence) -> list[str]:
    """Reconciliation alone may correct one, by what Temporal says."""
    return await evidence.complain(LEFT, "left a final status")


LEFT = """
    SELECT e.workflow_id || ' by ' || h.actor AS what
    FROM execution_events h JOIN workflow_executions e ON e.id = h.execution_id
    WHERE h.from_status IN ('completed', 'failed') AND h.actor <> 'system:reconciliation'
"""


async def attempts_grow_by_one(evidence: Evidence) -> list[str]:
    complaints = await evidence.complain(GAPS, "attempts do not count 1, 2, 3")
    known = {row.id: row for row in evidence.rows}
    for row in evidence.rows:
        before = known.get(row.retry_of) if row.retry_of else None
        if row.workflow_type != tenant_kinds.PROVISIONING.stored_name or (row.attempt == 1 and before is None):
            continue
        if before is None or before.entity_id != row.entity_id or before.attempt != row.attempt - 1:
            complaints.append(f"{row.workflow_id}: attempt {row.attempt} is not a retry of the one before")
    return complaints


GAPS = """
    SELECT entity_id AS what FROM workflow_executions GROUP BY entity_id, workflow_type
    HAVING max(attempt) <> count(*) OR count(DISTINCT attempt) <> count(*)
"""


async def a_failure_names_the_attempt_that_took_its_place(evidence: Evidence) -> list[str]:
    return await evidence.complain(MISNAMED, "does not name the newest attempt that is open or completed")


MISNAMED = """
    SELECT e.workflow_id AS what FROM workflow_executions e
    WHERE e.superseded_by IS DISTINCT FROM (
        SELECT n.id FROM workflow_executions n
        WHERE e.status = 'failed' AND n.entity_id = e.entity_id AND n.workflow_type = e.workflow_type
          AND n.attempt > e.attempt AND n.status <> 'failed'
        ORDER BY n.attempt DESC LIMIT 1)
"""


async def no_step_runs_in_a_run_that_completed(evidence: Evidence) -> list[str]:
    return await evidence.complain(RUNNING_STILL, "shown as running in a run that completed")


RUNNING_STILL = """
    SELECT e.workflow_id || ' ' || s.name AS what
    FROM execution_steps s JOIN workflow_executions e ON e.id = s.execution_id
    WHERE e.status = 'completed' AND s.status IN ('running', 'retrying')
"""


async def every_acknowledged_action_is_in_the_audit_log_once(evidence: Evidence) -> list[str]:
    wanted = [(f"execution.{kind}", id_) for id_, kinds in evidence.ledger.ended.items() for kind in kinds]
    wanted += [("execution.retry", old) for old in evidence.ledger.retried]
    wanted += [
        (f"execution.{'approve' if decision == 'approved' else 'reject'}", id_)
        for id_, decision in evidence.ledger.decided.items()
    ]
    complaints = []
    for action, id_ in wanted:
        found = await evidence.ask(ENTRIES, action, str(id_))
        commands = await evidence.ask(COMMANDS, id_, action.removeprefix("execution."))
        expected = max(1, len(commands))  # a repeat whose first one was settled meanwhile is an action of its own
        if len(found) != expected:
            complaints.append(f"{action} of {id_}: {len(found)} entries, {expected} expected")
    for id_, slug in evidence.ledger.leaving.items():
        if len(await evidence.ask(DEPARTURES, slug, str(id_))) != 1:
            complaints.append(f"tenant.deprovision of {slug}: not one entry for {id_}")
    return complaints + await evidence.complain(SETTLED, "settled, but not exactly once in the audit log")


ENTRIES = "SELECT seq FROM audit_log WHERE action = %s AND target_id = %s"
DEPARTURES = """
    SELECT seq FROM audit_log
    WHERE action = 'tenant.deprovision' AND target_label = %s AND after ->> 'execution_id' = %s
"""
COMMANDS = "SELECT id FROM commands WHERE execution_id = %s AND kind = %s"
SETTLED = """
    SELECT c.kind || ' of ' || c.execution_id AS what FROM commands c
    WHERE c.state IN ('delivered', 'failed')
      AND (SELECT count(*) FROM audit_log a WHERE a.after ->> 'command' = c.id::text) <> 1
"""


async def a_retry_is_asked_for_once_and_a_replaced_run_has_a_successor(evidence: Evidence) -> list[str]:
    """Every acknowledged one is a command with its audit entry; whoever ended by itself before needs no successor."""
    complaints = [
        f"{kind} of {id_}: acknowledged, and not there"
        for kind, id_ in evidence.ledger.helped
        if kind in ASKED_AS and not await evidence.ask(COMMANDS, id_, ASKED_AS[kind])
    ]
    complaints += await evidence.complain(UNLOGGED, "asked for, but not exactly once in the audit log")
    return complaints + await evidence.complain(WITHOUT_SUCCESSOR, "replaced, and there is no other attempt")


ASKED_AS = {RetryKind.STEP: "retry_step", RetryKind.REPLACE: "replace"}
UNLOGGED = """
    SELECT c.kind || ' of ' || c.execution_id AS what FROM commands c WHERE c.kind IN ('retry_step', 'replace')
    GROUP BY c.kind, c.execution_id
    HAVING count(*) <> (SELECT count(*) FROM audit_log a WHERE a.action = 'execution.' || c.kind
                        AND a.outcome = 'requested' AND a.target_id = c.execution_id::text)
"""
WITHOUT_SUCCESSOR = """
    SELECT e.workflow_id AS what FROM workflow_executions e JOIN commands c ON c.execution_id = e.id
    WHERE c.kind = 'replace' AND c.state = 'delivered' AND e.close_reason = 'terminated'
      AND NOT EXISTS (SELECT FROM workflow_executions n WHERE n.retry_of = e.id)
"""


async def the_outbox_is_empty(evidence: Evidence) -> list[str]:
    return await evidence.complain(QUEUED, "still queued")


QUEUED = (
    "SELECT kind || ' of ' || execution_id || coalesce(': ' || error, '') AS what FROM commands WHERE state = 'queued'"
)


async def times_go_forward(evidence: Evidence) -> list[str]:
    return await evidence.complain(BACKWARD, "a time goes backward")


BACKWARD = """
    SELECT workflow_id AS what FROM workflow_executions
    WHERE started_at < created_at OR completed_at < started_at OR completed_at < created_at
    UNION ALL
    SELECT e.workflow_id || ' event ' || h.seq FROM (
        SELECT execution_id, seq, at, lag(at) OVER (PARTITION BY execution_id ORDER BY seq) AS before
        FROM execution_events
    ) h JOIN workflow_executions e ON e.id = h.execution_id WHERE h.at < h.before
    UNION ALL
    SELECT execution_id::text FROM execution_steps WHERE completed_at < started_at
"""

Check = Callable[[Evidence], Awaitable[list[str]]]
CHECKS: tuple[Check, ...] = (
    no_registration_is_lost,
    a_registration_is_all_or_nothing,
    no_run_is_a_ghost,
    no_row_lacks_its_run,
    one_run_at_most_is_open_for_a_tenant,
    a_workflow_id_has_one_run,
    a_final_status_is_never_left,
    attempts_grow_by_one,
    a_failure_names_the_attempt_that_took_its_place,
    customers.what_completed_is_there_once,
    no_step_runs_in_a_run_that_completed,
    customers.what_failed_is_taken_back,
    customers.what_was_cleaned_up_is_gone,
    customers.a_tenant_is_active_if_and_only_if_its_own_schema_is_there,
    customers.a_tenant_is_deleted_if_and_only_if_its_schema_is_gone,
    customers.a_cancelled_deprovisioning_leaves_the_customer_as_it_was,
    every_acknowledged_action_is_in_the_audit_log_once,
    a_retry_is_asked_for_once_and_a_replaced_run_has_a_successor,
    decisions.a_decision_stands_once_and_is_followed,
    decisions.a_decision_reaches_its_run_once_or_the_run_had_ended,
    decisions.nobody_waits_for_a_decision_that_cannot_be_made,
    bulks.no_bulk_operation_is_lost,
    bulks.every_bulk_operation_has_come_to_its_end,
    bulks.each_bulk_row_has_one_effect_and_one_result,
    the_outbox_is_empty,
    times_go_forward,
)


async def violations(evidence: Evidence) -> list[str]:
    return [f"{check.__name__}: {complaint}" for check in CHECKS for complaint in await check(evidence)]
