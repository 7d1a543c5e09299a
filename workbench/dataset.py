"""Believable tenants and executions in any number, made by the database itself in minutes.

A year of runs, evenly spread. Two of a hundred are open: the newest ones, and as many old ones that somebody
forgot. Eight of a hundred failed, with error texts of which some are frequent, some rare and some in between;
of some failures another attempt took the place.
"""

from collections.abc import Sequence
from uuid import UUID

import psycopg
from psycopg import sql

TENANTS_SHARE = 50  #: executions per tenant; with more than that, open ones would share a tenant
#: Set for the whole load: open and closed rows may be inserted as they are, and no history or feed is written.
QUIET = ("SET session_replication_role = replica", "SET maintenance_work_mem = '512MB'", "SET synchronous_commit = off")

INDEXES = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid)
    FROM pg_index LEFT JOIN pg_constraint ON conindid = indexrelid
    WHERE indrelid = 'workflow_executions'::regclass AND conindid IS NULL
"""

TENANTS = """
    INSERT INTO tenants (slug, name, plan, status, registered_by, created_at)
    SELECT lower(first || '-' || second || '-' || number), first || ' ' || second || ' ' || number,
           (ARRAY['starter', 'business', 'enterprise'])[1 + number %% 3], 'active', 'load@example.com',
           now() - interval '400 days' + number * interval '400 days' / %(tenants)s
    FROM (
        SELECT number,
               (ARRAY['Acme', 'Globex', 'Initech', 'Umbrella', 'Stark', 'Wayne', 'Soylent', 'Hooli', 'Wonka', 'Tyrell',
                      'Cyberdyne', 'Aperture', 'Oscorp', 'Duff', 'Monsters', 'Gringotts', 'Vandelay', 'Dunder',
                      'Pied', 'Sterling'])[1 + number %% 20] AS first,
               (ARRAY['North', 'South', 'East', 'West', 'Labs', 'Health', 'Logistics', 'Energy', 'Media', 'Foods'])
                   [1 + number / 20 %% 10] AS second
        FROM generate_series(1, %(tenants)s::int) AS number
    ) AS named
"""

OWNERS = """
    WITH owners AS (
        INSERT INTO users (email) SELECT 'Owner@' || slug || '.example.com' FROM tenants RETURNING id, email
    )
    INSERT INTO memberships (tenant_id, user_id, role)
    SELECT tenants.id, owners.id, 'owner' FROM owners JOIN tenants ON email = 'Owner@' || slug || '.example.com'
"""

# `chance` and `other` are the same on every run. An open run is the only one of its tenant.
EXECUTIONS = """
    INSERT INTO workflow_executions (
        workflow_id, workflow_type, entity_type, entity_id, status, close_reason, run_id, task_queue, input,
        requested_by, error_message, current_step, steps_done, steps_total, health, cause, cause_detail, health_since,
        created_at, started_at, completed_at, last_progress_at, verified_at, updated_at)
    SELECT 'tenant-provision-' || slug || '--' || number, type, 'tenant', tenant_id, status,
           CASE WHEN status = 'failed' THEN CASE other %% 10 WHEN 6 THEN 'terminated' WHEN 7 THEN 'timed_out'
               WHEN 8 THEN 'canceled' WHEN 9 THEN 'rejected' ELSE 'error' END END,
           md5(number::text), 'tenantry', '{}', 'load@example.com',
           CASE WHEN status = 'failed' THEN CASE
               WHEN number <= 5 THEN 'checksum deadbeef of the dump does not match'
               WHEN other < 4000 THEN 'configure_domain failed: DNS answered NXDOMAIN for ' || slug || '.example.com'
               WHEN other < 7000 THEN 'connection to tenants-eu-' || other %% 9 || ' refused: too many connections'
               WHEN other < 9975 THEN 'create_schema failed: permission denied for database tenants_' || other %% 40
               ELSE 'disk quota exceeded on volume vol-' || chance END END,
           'create_schema', CASE WHEN status = 'completed' THEN 6 ELSE 2 END, 6,
           health, CASE health WHEN 'ok' THEN CASE WHEN is_open AND chance %% 40 = 7 THEN 'awaiting_approval' END
                               WHEN 'drift' THEN 'drifted' WHEN 'slow' THEN 'step_retrying' ELSE 'no_worker' END,
           CASE health WHEN 'stuck' THEN 'nobody polls the task queue tenantry'
                       WHEN 'slow' THEN 'create_schema: connection to tenants-eu-' || other %% 9 || ' refused' END,
           CASE WHEN health <> 'ok' THEN begun END,
           begun, begun + interval '1 second', CASE WHEN NOT is_open THEN begun + took END,
           begun + CASE WHEN is_open THEN interval '2 seconds' ELSE took END,
           CASE WHEN NOT is_open THEN begun + took END, begun + took
    FROM (
        SELECT numbered.*, tenant.id AS tenant_id, tenant.slug,
               CASE WHEN NOT is_open THEN CASE WHEN number <= 5 OR chance %% 100 < 8 THEN 'failed' ELSE 'completed' END
                    WHEN chance %% 30 = 0 THEN 'pending' ELSE 'running' END AS status,
               CASE WHEN NOT is_open THEN 'ok' WHEN chance %% 200 = 1 THEN 'drift' WHEN chance %% 20 = 2 THEN 'stuck'
                    WHEN chance %% 33 = 3 THEN 'slow' ELSE 'ok' END AS health,
               CASE WHEN other %% 1000 < 780 THEN 'tenant_provisioning' WHEN other %% 1000 < 970
                    THEN 'tenant_deprovisioning' WHEN other %% 1000 < 999 THEN 'tenant_migration'
                    ELSE 'tenant_export' END AS type,
               now() - interval '30 minutes' - (%(rows)s - number) * interval '365 days' / %(rows)s AS begun,
               (1 + chance %% 600) * interval '1 second' AS took
        FROM (
            SELECT number, abs(hashint4(number)::bigint) AS chance, abs(hashint4(number + 7)::bigint) %% 10000 AS other,
                   number > %(rows)s * 0.99 OR number %% 100 = 0 AS is_open
            FROM generate_series(%(first)s::int, %(last)s::int) AS number
        ) AS numbered
        JOIN (SELECT id, slug, row_number() OVER (ORDER BY created_at) AS place FROM tenants) AS tenant
          ON tenant.place = CASE
                 WHEN number > %(rows)s * 0.99 THEN %(tenants)s - (%(rows)s - number)
                 WHEN is_open THEN 1 + number / 100
                 ELSE 1 + (power((chance %% 1000003) / 1000003.0, 1.2) * (%(tenants)s - 1))::int END
    ) AS made
"""

# Of the failures that something of the same kind came after, a third.
SUPERSEDED = """
    UPDATE workflow_executions e SET superseded_by = newest.id
    FROM (
        SELECT DISTINCT ON (entity_id, workflow_type) entity_id, workflow_type, created_at, id
        FROM workflow_executions WHERE status <> 'failed' ORDER BY entity_id, workflow_type, created_at DESC
    ) AS newest
    WHERE e.entity_id = newest.entity_id AND e.workflow_type = newest.workflow_type
      AND e.created_at < newest.created_at AND e.status = 'failed' AND hashtext(e.workflow_id) % 3 = 0
"""

RUNNING_TENANTS = """
    INSERT INTO tenants (slug, name, plan, status, registered_by)
    SELECT %(prefix)s || number, 'Running ' || number, 'starter', 'provisioning', 'load@example.com'
    FROM generate_series(0, %(last)s::int) AS number
"""

RUNNING = """
    INSERT INTO workflow_executions (
        id, workflow_id, workflow_type, entity_type, entity_id, status, run_id, task_queue, input, requested_by,
        steps_total, created_at, started_at, updated_at)
    SELECT made.id, tenants.slug, 'tenant_provisioning', 'tenant', tenants.id, 'running', made.run_id, %(queue)s, '{}',
           'load@example.com', 6, now() - interval '1 hour', now() - interval '1 hour', now() - interval '1 hour'
    FROM unnest(%(ids)s::uuid[], %(run_ids)s::text[]) WITH ORDINALITY AS made (id, run_id, place)
    JOIN tenants ON tenants.slug = %(prefix)s || made.place - 1
"""


def load(dsn: str, rows: int, *, tenants: int | None = None) -> None:
    """Fill the empty tables of a migrated database; by default every tenant has fifty executions, more or less."""
    tenants = tenants or max(rows // TENANTS_SHARE, 1)
    with psycopg.connect(dsn, autocommit=True) as connection:
        for setting in QUIET:
            connection.execute(setting)
        indexes = connection.execute(INDEXES).fetchall()
        for name, _ in indexes:
            connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
        connection.execute(TENANTS, {"tenants": tenants})
        connection.execute(OWNERS)
        connection.execute("ANALYZE tenants")
        numbers = {"rows": rows, "tenants": tenants}
        for first in range(1, rows + 1, 500_000):
            connection.execute(EXECUTIONS, {**numbers, "first": first, "last": min(first + 499_999, rows)})
        connection.execute(SUPERSEDED)
        for _, definition in indexes:
            connection.execute(definition)
        connection.execute("VACUUM (ANALYZE) tenants, users, memberships")
        connection.execute("VACUUM (ANALYZE) workflow_executions")


def load_running(dsn: str, ids: Sequence[UUID], run_ids: Sequence[str], *, prefix: str, task_queue: str) -> None:
    """A tenant and its running execution for each id; their names are `prefix` and the id's place."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(QUIET[0])
        connection.execute(RUNNING_TENANTS, {"prefix": prefix, "last": len(ids) - 1})
        values = {"ids": list(ids), "run_ids": list(run_ids), "prefix": prefix, "queue": task_queue}
        connection.execute(RUNNING, values)
        connection.execute("VACUUM (ANALYZE) tenants")
        connection.execute("VACUUM (ANALYZE) workflow_executions")
