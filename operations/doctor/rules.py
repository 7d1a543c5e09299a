"""What must be true of the database, each as a statement that finds what breaks it.

What is under way is not looked at: it is judged when it has rested for a while.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import TextClause, text

from operations.contracts import SCHEMA_MARK

#: What statements may ask for: how long something has to rest until it is judged, and how marks of schemas begin.
VALUES = {"rests": timedelta(minutes=5), "mark": SCHEMA_MARK}


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One thing that must be true, in words; and what to do where it is not."""

    title: str
    remedy: str
    statement: TextClause  #: finds breaches, each with a name `what`


RULES: Mapping[str, Rule] = {
    "registrations": Rule(
        title="Every tenant has its first run, and every run its start",
        remedy="Look at the findings of the reconciliation, which offer to start what is missing.",
        statement=text(
            """
            SELECT t.slug AS what FROM tenants t
            WHERE t.created_at < clock_timestamp() - CAST(:rests AS interval)
              AND NOT EXISTS (SELECT FROM workflow_executions e WHERE e.entity_id = t.id)
            UNION ALL
            SELECT e.workflow_id FROM workflow_executions e
            WHERE e.status = 'pending' AND e.created_at < clock_timestamp() - CAST(:rests AS interval)
              AND NOT EXISTS (SELECT FROM commands c WHERE c.execution_id = e.id AND c.kind = 'start')
        """
        ),
    ),
    "open_runs": Rule(
        title="A tenant has one open run of a kind at most",
        remedy="Terminate the run that should not be there; then look at the indexes of workflow_executions.",
        statement=text(
            """
            SELECT entity_id::text AS what FROM workflow_executions WHERE status IN ('pending', 'running')
            GROUP BY entity_id, lane HAVING count(*) > 1
        """
        ),
    ),
    "attempts": Rule(
        title="Open attempts follow the one before",
        remedy="Somebody wrote executions by hand. Tell the maintainers; nothing is lost by waiting.",
        statement=text(
            """
            SELECT e.workflow_id AS what FROM workflow_executions e
            LEFT JOIN workflow_executions before ON before.id = e.retry_of
            WHERE e.status IN ('pending', 'running') AND e.retry_of IS NOT NULL
              AND (before.id IS NULL OR before.attempt >= e.attempt OR before.status IN ('pending', 'running'))
        """
        ),
    ),
    "schemas": Rule(
        title="Every active tenant has its schema, with its mark",
        remedy="Restore the tenant's schema from a backup, or look at who dropped it. Do not retry the provisioning.",
        statement=text(
            """
            SELECT t.slug AS what FROM tenants t
            LEFT JOIN pg_namespace n ON n.nspname = t.schema_name
            WHERE t.status = 'active'
              AND obj_description(n.oid, 'pg_namespace') IS DISTINCT FROM :mark || t.id::text
        """
        ),
    ),
    "strays": Rule(
        title="No schema is left of a tenant that is deleted",
        remedy="Look at what is in the schema, then drop it by hand.",
        statement=text(
            """
            SELECT n.nspname AS what FROM pg_namespace n
            LEFT JOIN tenants t ON t.schema_name = n.nspname
            WHERE starts_with(obj_description(n.oid, 'pg_namespace'), :mark)
              AND (t.id IS NULL OR t.status = 'deleted')
        """
        ),
    ),
    "outbox": Rule(
        title="What people asked for reaches Temporal",
        remedy="Look at the error on the execution's page, and at whether Temporal answers.",
        statement=text(
            """
            SELECT e.workflow_id || ' ' || c.kind || coalesce(': ' || left(c.error, 200), '') AS what
            FROM commands c JOIN workflow_executions e ON e.id = c.execution_id
            WHERE c.state = 'queued' AND c.created_at < clock_timestamp() - CAST(:rests AS interval)
        """
        ),
    ),
    "steps": Rule(
        title="No step runs in a run that completed",
        remedy="Run the reconciliation; it ends such steps.",
        statement=text(
            """
            SELECT e.workflow_id || ' ' || s.name AS what
            FROM workflow_executions e JOIN execution_steps s ON s.execution_id = e.id
            WHERE e.status = 'completed' AND e.completed_at > clock_timestamp() - interval '1 day'
              AND s.status IN ('running', 'retrying')
        """
        ),
    ),
    "health": Rule(
        title="Nothing that has ended looks stuck",
        remedy="Tell the maintainers; the status is right, and the health a leftover.",
        statement=text(
            """
            SELECT workflow_id AS what FROM workflow_executions
            WHERE status IN ('completed', 'failed') AND health <> 'ok' AND health <> 'drift'
        """
        ),
    ),
    "history": Rule(
        title="Histories of today go forward in time",
        remedy="The database's clock was set back. Let it be kept by NTP.",
        statement=text(
            """
            SELECT e.workflow_id AS what FROM (
                SELECT execution_id, at, lag(at) OVER (PARTITION BY execution_id ORDER BY seq) AS before
                FROM execution_events WHERE at > clock_timestamp() - interval '1 day'
            ) h JOIN workflow_executions e ON e.id = h.execution_id WHERE h.at < h.before
        """
        ),
    ),
    "append_only": Rule(
        title="History and audit log refuse changes",
        remedy="Somebody took the triggers away. Run the migrations of this version on a copy and compare.",
        statement=text(
            """
            SELECT wanted.name AS what FROM unnest(ARRAY['execution_events', 'audit_log']) AS wanted(name)
            WHERE NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = to_regclass(wanted.name)
                              AND NOT g.tgisinternal AND g.tgenabled <> 'D')
        """
        ),
    ),
    "partitions": Rule(
        title="The history has room for the coming months",
        remedy="A running console makes them; look at its log for why it does not.",
        statement=text(
            """
            SELECT to_char(month, 'YYYY-MM') AS what FROM generate_series(
                date_trunc('month', now() AT TIME ZONE 'UTC'),
                date_trunc('month', now() AT TIME ZONE 'UTC') + interval '2 months', interval '1 month') AS month
            WHERE NOT EXISTS (
                SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                WHERE i.inhparent = 'execution_events'::regclass
                  AND pg_get_expr(c.relpartbound, c.oid) LIKE '%FROM (''' || to_char(month, 'YYYY-MM-01') || '%')
        """
        ),
    ),
    "locks": Rule(
        title="Nobody holds up the database",
        remedy="Look at the sessions in pg_stat_activity, and end the one that holds up the others.",
        statement=text(
            """
            SELECT 'session ' || pid || ' of ' || coalesce(nullif(application_name, ''), usename, 'nobody') AS what
            FROM pg_stat_activity
            WHERE datname = current_database() AND (
                state = 'idle in transaction' AND state_change < clock_timestamp() - interval '1 minute'
                OR wait_event_type = 'Lock' AND state_change < clock_timestamp() - interval '1 minute')
        """
        ),
    ),
}
