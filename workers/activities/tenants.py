"""The steps that provision a tenant. Each may run any number of times and leaves the same result."""

import json
from dataclasses import dataclass

from psycopg import sql
from temporalio import activity
from temporalio.exceptions import ApplicationError

from operations import contracts
from operations.contracts import ProvisioningResult, TenantStep
from operations.kinds import Subject
from workers.activities import plans, schemas
from workers.activities.held_tenant import check_approved, hold_tenant, work_on_schema
from workers.activities.sessions import Sessions

DEFAULTS: dict[str, object] = {"locale": "en", "time_zone": "UTC", "features": {"projects": True, "documents": True}}


@dataclass(frozen=True, kw_only=True, slots=True)
class TenantActivities:
    """Steps on one tenant each; the database of the control plane holds the schemas too."""

    sessions: Sessions

    @activity.defn(name=contracts.LOAD_TENANT)
    async def load_tenant(self, step: TenantStep) -> str:
        """Check that there is something to provision, keep which steps its run takes, and return the plan."""
        async with hold_tenant(self.sessions, step.tenant_id) as (connection, tenant):
            await plans.keep(connection, Subject(plan=tenant.plan, patches=frozenset(step.patches or ())))
            return tenant.plan

    @activity.defn(name=contracts.CREATE_SCHEMA)
    async def create_schema(self, step: TenantStep) -> str:
        """Make the schema, marked as the tenant's own, and return its name."""
        async with work_on_schema(self.sessions, step.tenant_id) as (connection, tenant):
            await check_approved(connection, tenant)
            await schemas.create(connection, tenant.schema_name, step.tenant_id)
            return tenant.schema_name

    @activity.defn(name=contracts.MIGRATE_SCHEMA)
    async def migrate_schema(self, step: TenantStep) -> str:
        """Bring the schema to the latest version, in one transaction, and return that version."""
        async with work_on_schema(self.sessions, step.tenant_id) as (connection, tenant):
            await schemas.migrate(connection, tenant.schema_name, step.tenant_id)
        version = schemas.latest_version()
        async with hold_tenant(self.sessions, step.tenant_id) as (connection, tenant):
            await connection.execute(SET_VERSION, (version, tenant.id))
        return version

    @activity.defn(name=contracts.VERIFY_SCHEMA)
    async def verify_schema(self, step: TenantStep) -> str:
        """Look whether the schema is the tenant's own and complete, and return its version."""
        async with work_on_schema(self.sessions, step.tenant_id) as (connection, tenant):
            return await schemas.verify(connection, tenant.schema_name, step.tenant_id)

    @activity.defn(name=contracts.ADD_OWNER)
    async def add_owner(self, step: TenantStep) -> bool:
        """Give the registered owner an account inside the tenant; whether there was none before."""
        async with hold_tenant(self.sessions, step.tenant_id) as (connection, tenant):
            owner = await (await connection.execute(OWNER, (tenant.id, step.user_id, step.user_id))).fetchone()
            if owner is None:
                raise ApplicationError(f"Tenant {tenant.slug} has no owner.", type="OwnerMissing", non_retryable=True)
            accounts = sql.Identifier(tenant.schema_name, "accounts")
            written = await connection.execute(
                sql.SQL(
                    "INSERT INTO {} (id, email, name, role) VALUES (%s, %s, %s, 'owner') ON CONFLICT (id) DO NOTHING"
                ).format(accounts),
                owner,
            )
            return written.rowcount == 1

    @activity.defn(name=contracts.SEED_DEFAULTS)
    async def seed_defaults(self, step: TenantStep) -> int:
        """Write the first settings and a first project; what the tenant changed already stays. Returns rows written."""
        async with hold_tenant(self.sessions, step.tenant_id) as (connection, tenant):
            settings, projects = (sql.Identifier(tenant.schema_name, table) for table in ("settings", "projects"))
            values = {**DEFAULTS, "plan": tenant.plan}
            written = await connection.execute(
                SEED.format(settings=settings, projects=projects),
                {"keys": list(values), "values": [json.dumps(value) for value in values.values()]},
            )
            return sum(row[0] for row in await written.fetchall())

    @activity.defn(name=contracts.DROP_SCHEMA)
    async def drop_schema(self, step: TenantStep) -> bool:
        """Take back a provisioning that failed; never the schema of an active tenant. Returns whether one was there."""
        async with work_on_schema(self.sessions, step.tenant_id, spares_active=True) as (connection, tenant):
            return await schemas.drop(connection, tenant.schema_name, step.tenant_id)

    @activity.defn(name=contracts.ACTIVATE_TENANT)
    async def activate_tenant(self, step: TenantStep) -> ProvisioningResult:
        """Switch the tenant on."""
        async with hold_tenant(self.sessions, step.tenant_id) as (connection, tenant):
            await check_approved(connection, tenant)
            await schemas.check_built(connection, tenant.schema_name, step.tenant_id)
            await connection.execute(ACTIVATE, (tenant.id,))
            return ProvisioningResult(
                tenant_id=step.tenant_id, schema_name=tenant.schema_name, schema_version=schemas.latest_version()
            )


SET_VERSION = """
    UPDATE public.tenants SET schema_version = %s, updated_at = clock_timestamp() WHERE id = %s
"""

OWNER = """
    SELECT u.id, u.email, u.name
    FROM public.users u JOIN public.memberships m ON m.user_id = u.id
    WHERE m.tenant_id = %s AND m.role = 'owner' AND (u.id = %s::uuid OR %s::uuid IS NULL)
    ORDER BY m.created_at LIMIT 1
"""

# Repeats keep the first moment of activation.
ACTIVATE = """
    UPDATE public.tenants SET status = 'active', updated_at = clock_timestamp(),
           activated_at = coalesce(activated_at, clock_timestamp())
    WHERE id = %s AND status IN ('provisioning', 'failed', 'active')
"""

SEED = sql.SQL("""
    WITH switched AS (
        INSERT INTO {settings} (key, value)
        SELECT key, value::jsonb FROM unnest(%(keys)s::text[], %(values)s::text[]) AS wanted(key, value)
        ON CONFLICT DO NOTHING RETURNING key
    ), begun AS (
        INSERT INTO {projects} (slug, name) VALUES ('getting-started', 'Getting started')
        ON CONFLICT DO NOTHING RETURNING slug
    )
    SELECT count(*) FROM switched UNION ALL SELECT count(*) FROM begun
""")
