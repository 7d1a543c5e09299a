"""What must be true of customers once a maltreated system has come to rest: nobody half there, nobody destroyed."""

from operations import contracts, tenant_kinds
from operations.statuses import CloseReason, Status
from tests.chaos.evidence import Evidence, Row

TABLES = ["accounts", "documents", "projects", "schema_migrations", "settings"]


async def what_completed_is_there_once(evidence: Evidence) -> list[str]:
    """Unless it was removed later, or somebody ended its removal by force."""
    complaints = []
    removals = {
        row.entity_id for row in evidence.rows if _removes(row) and row.close_reason is not CloseReason.CANCELED
    }
    for row in evidence.rows:
        if row.status is not Status.COMPLETED or not _makes(row) or row.entity_id in removals:
            continue
        tenant = (await evidence.ask("SELECT * FROM tenants WHERE id = %s", row.entity_id))[0]
        schema = str(tenant["schema_name"])
        if tenant["status"] != "active" or tenant["activated_at"] is None:
            complaints.append(f"{row.slug}: completed, and the tenant is {tenant['status']}")
        if (tables := await _tables(evidence, schema)) != TABLES:
            complaints.append(f"{row.slug}: completed with the tables {tables}")
            continue
        numbers = (await evidence.ask(CONTENTS.format(schema=schema)))[0]
        if numbers != {"owners": 1, "projects": 1, "settings": 4, "migrations": 3}:
            complaints.append(f"{row.slug}: completed with {numbers}")
    return complaints


CONTENTS = """
    SELECT (SELECT count(*) FROM {schema}.accounts WHERE role = 'owner') AS owners,
           (SELECT count(*) FROM {schema}.projects) AS projects,
           (SELECT count(*) FROM {schema}.settings) AS settings,
           (SELECT count(*) FROM {schema}.schema_migrations) AS migrations
"""


async def _tables(evidence: Evidence, schema: str) -> list[object]:
    found = await evidence.ask("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY tablename", schema)
    return [row["tablename"] for row in found]


async def what_failed_is_taken_back(evidence: Evidence) -> list[str]:
    """Unless it was terminated: then nothing is taken back, and a tenant that was switched on just before stays on."""
    complaints = []
    by_tenant: dict[str, list[Row]] = {}
    for row in evidence.rows:
        by_tenant.setdefault(row.slug, []).append(row)
    for slug, rows in by_tenant.items():
        if any(row.status is not Status.FAILED or row.close_reason is CloseReason.TERMINATED for row in rows):
            continue
        tenant = (await evidence.ask("SELECT status, schema_name FROM tenants WHERE slug = %s", slug))[0]
        if tenant["status"] != "failed":
            complaints.append(f"{slug}: every attempt failed, and the tenant is {tenant['status']}")
        if await evidence.ask(SCHEMA, tenant["schema_name"]):
            complaints.append(f"{slug}: every attempt failed, and the schema is there")
    return complaints


SCHEMA = "SELECT nspname FROM pg_namespace WHERE nspname = %s"


async def a_tenant_is_active_if_and_only_if_its_own_schema_is_there(evidence: Evidence) -> list[str]:
    """One that leaves keeps it until it is dropped. A run ended by force leaves one behind; nothing else may."""
    complaints = await evidence.complain(LACKING, "its schema is not there or carries another mark")
    return complaints + await evidence.complain(LEFT_OVER, "a schema without an active tenant that it belongs to")


LACKING = f"""
    SELECT t.slug || ', which is ' || t.status AS what
    FROM tenants t LEFT JOIN pg_namespace n ON n.nspname = t.schema_name
    WHERE (t.status = 'active' OR t.status = 'deprovisioning' AND t.former_status = 'active')
      AND obj_description(n.oid, 'pg_namespace') IS DISTINCT FROM '{contracts.SCHEMA_MARK}' || t.id
"""
LEFT_OVER = rf"""
    SELECT n.nspname || coalesce(' of ' || t.slug || ', which is ' || t.status, '') AS what
    FROM pg_namespace n LEFT JOIN tenants t ON t.schema_name = n.nspname
    WHERE n.nspname LIKE 'tenant\_%' AND (
        t.id IS NULL
        OR obj_description(n.oid, 'pg_namespace') IS DISTINCT FROM '{contracts.SCHEMA_MARK}' || t.id
        OR t.status <> 'active' AND NOT EXISTS (
            SELECT FROM workflow_executions e
            WHERE e.entity_id = t.id AND (e.close_reason = 'terminated' OR e.status IN ('pending', 'running'))
        )
    )
"""


async def a_tenant_is_deleted_if_and_only_if_its_schema_is_gone(evidence: Evidence) -> list[str]:
    complaints = await evidence.complain(DELETED_WITH_SCHEMA, "deleted, and its schema is there")
    complaints += await evidence.complain(DELETED_BY_NOBODY, "deleted, and no deprovisioning did it")
    return complaints + await evidence.complain(REMOVED_IN_PART, "its deprovisioning completed, and it is not deleted")


DELETED_WITH_SCHEMA = """
    SELECT t.slug AS what FROM tenants t JOIN pg_namespace n ON n.nspname = t.schema_name WHERE t.status = 'deleted'
"""
DELETED_BY_NOBODY = f"""
    SELECT t.slug AS what FROM tenants t WHERE t.status = 'deleted' AND (t.deleted_at IS NULL OR NOT EXISTS (
        SELECT FROM workflow_executions e WHERE e.entity_id = t.id
        AND e.workflow_type = '{tenant_kinds.DEPROVISIONING.stored_name}' AND e.close_reason IS DISTINCT FROM 'canceled'
    ))
"""
REMOVED_IN_PART = f"""
    SELECT t.slug AS what FROM tenants t JOIN workflow_executions e ON e.entity_id = t.id
    WHERE e.workflow_type = '{tenant_kinds.DEPROVISIONING.stored_name}' AND e.status = 'completed'
      AND t.status <> 'deleted'
"""


async def a_cancelled_deprovisioning_leaves_the_customer_as_it_was(evidence: Evidence) -> list[str]:
    """Of the last one: its second argument is the status before. That an active tenant has its schema is checked.

    Who was provisioned again afterwards is as that left it.
    """
    return await evidence.complain(KEPT_IN_PART, "its deprovisioning was cancelled, and it is not as it was before")


KEPT_IN_PART = f"""
    SELECT t.slug || ' (' || t.status || ')' AS what
    FROM tenants t JOIN workflow_executions e ON e.entity_id = t.id
    WHERE e.workflow_type = '{tenant_kinds.DEPROVISIONING.stored_name}' AND e.close_reason = 'canceled'
      AND NOT EXISTS (
          SELECT FROM workflow_executions later
          WHERE later.entity_id = t.id AND (
              later.workflow_type = e.workflow_type AND later.attempt > e.attempt
              OR later.workflow_type = '{tenant_kinds.PROVISIONING.stored_name}' AND later.created_at > e.completed_at
          )
      )
      AND t.status <> e.input -> 'arguments' ->> 1
"""


async def what_was_cleaned_up_is_gone(evidence: Evidence) -> list[str]:
    """Unless another attempt began after it."""
    return await evidence.complain(UNCLEAN, "what a failed provisioning left was cleaned up, and is there")


UNCLEAN = f"""
    SELECT t.slug AS what FROM tenants t JOIN pg_namespace n ON n.nspname = t.schema_name
    JOIN LATERAL (
        SELECT e.workflow_type, e.status FROM workflow_executions e
        WHERE e.entity_id = t.id ORDER BY e.created_at DESC LIMIT 1
    ) latest ON latest.workflow_type = '{tenant_kinds.CLEANUP.stored_name}' AND latest.status = 'completed'
"""


def _makes(row: Row) -> bool:
    return row.workflow_type == tenant_kinds.PROVISIONING.stored_name


def _removes(row: Row) -> bool:
    return row.workflow_type == tenant_kinds.DEPROVISIONING.stored_name
