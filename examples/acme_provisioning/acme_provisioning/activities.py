"""Steps. Each may run any number of times and leaves the same result; what decides is read from the tenant's row."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from psycopg import sql
from temporalio import activity
from temporalio.exceptions import ApplicationError

from acme_provisioning import kinds
from operations.contracts import TenantStep
from workers.activities.held_tenant import hold_tenant
from workers.activities.sessions import Sessions

SERVICE = "ACME_SERVICE_URL"  #: of the company's own service for subdomains and backups


@asynccontextmanager
async def service() -> AsyncIterator[httpx.AsyncClient]:
    """A step that fails is tried again; only what no repetition cures is said to be final."""
    async with httpx.AsyncClient(base_url=os.environ[SERVICE], timeout=5, trust_env=False) as client:
        yield client


def check(answer: httpx.Response) -> None:
    if answer.status_code == httpx.codes.CONFLICT:
        raise ApplicationError(f"The service refused: {answer.text[:200]}", type="Taken", non_retryable=True)
    answer.raise_for_status()


class SubdomainActivities:
    """A subdomain is reserved, pointed to the tenant, and released when the provisioning is taken back."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    @activity.defn(name=kinds.RESERVE_SUBDOMAIN.name)
    async def reserve(self, step: TenantStep) -> str:
        slug = await self._slug(step)
        async with service() as client:
            check(await client.put(f"/subdomains/{slug}", json={"tenant": step.tenant_id}))
        return slug

    @activity.defn(name=kinds.POINT_SUBDOMAIN.name)
    async def point(self, step: TenantStep) -> bool:
        async with service() as client:
            check(await client.post(f"/subdomains/{await self._slug(step)}/target", json={"tenant": step.tenant_id}))
        return True

    @activity.defn(name=kinds.RELEASE_SUBDOMAIN.name)
    async def release(self, step: TenantStep) -> bool:
        async with service() as client:
            answer = await client.delete(f"/subdomains/{await self._slug(step)}")
        return answer.status_code != httpx.codes.NOT_FOUND

    async def _slug(self, step: TenantStep) -> str:
        async with hold_tenant(self._sessions, step.tenant_id) as (_, tenant):
            return tenant.slug


class BackupActivities:
    """A list of the tenant's tables with their sizes, kept by the company's service."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    @activity.defn(name=kinds.STORE_BACKUP.name)
    async def store(self, step: TenantStep) -> str:
        async with hold_tenant(self._sessions, step.tenant_id) as (connection, tenant):
            names = await (await connection.execute(TABLES, (tenant.schema_name,))).fetchall()
            rows = {}
            for (name,) in names:
                counted = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(tenant.schema_name, name))
                row = await (await connection.execute(counted)).fetchone()
                rows[name] = row[0] if row else 0
        async with service() as client:
            check(await client.put(f"/backups/{tenant.slug}", json={"tables": rows}))
        return tenant.slug

    @activity.defn(name=kinds.CHECK_BACKUP.name)
    async def check_stored(self, step: TenantStep) -> bool:
        async with hold_tenant(self._sessions, step.tenant_id) as (_, tenant):
            slug = tenant.slug
        async with service() as client:
            check(await client.get(f"/backups/{slug}"))
        return True


TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY tablename"
