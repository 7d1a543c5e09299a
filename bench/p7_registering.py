"""P7: registering a thousand tenants, sixteen at a time, against one bare transaction inserting the same rows."""

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable

from sqlalchemy import text

from bench import servers
from bench.results import Figure, Result, percentile
from operations.access import Actor
from operations.actions.registration import Registration
from operations.bootstrap import Services
from operations.database import Database
from operations.temporal import Temporal

TENANTS, ROUND = 1000, 250
AT_ONCE = 16
MOST = 3.0

#: The same rows as a registration writes, by one statement.
BARE = text(
    """
    WITH tenant AS (
        INSERT INTO tenants (id, slug, name, plan, registered_by)
        VALUES (:tenant, :slug, 'Bench', 'starter', 'bench')
    ), owner AS (
        INSERT INTO users (id, email) VALUES (:owner, :email)
    ), membership AS (
        INSERT INTO memberships (tenant_id, user_id, role) VALUES (:tenant, :owner, 'owner')
    ), execution AS (
        INSERT INTO workflow_executions
               (id, workflow_id, workflow_type, entity_type, entity_id, task_queue, input, requested_by, steps_total)
        VALUES (:execution, :workflow, 'tenant_provisioning', 'tenant', :tenant, 'bench', CAST(:input AS jsonb),
                'bench', 6)
    ), command AS (
        INSERT INTO commands (id, kind, execution_id, requested_by)
        VALUES (gen_random_uuid(), 'start', :execution, 'bench')
    )
    INSERT INTO audit_log (actor, action, outcome, target_kind, target_id, target_label)
    VALUES ('bench', 'tenant.register', 'applied', 'tenant', CAST(:tenant AS text), :slug)
    """
)

Write = Callable[[str], Awaitable[None]]


async def run(*, full: bool) -> Result:
    async with servers.postgres() as server:
        database = Database.at(await server.database("registering"), name="bench", pool_size=AT_ONCE)
        # Nothing listens there: registering must not notice.
        services = Services.assemble(
            database, await Temporal.at("127.0.0.1:1"), name="bench", task_queue="nobody", secret_key=""
        )
        ours: list[float] = []
        bare: list[float] = []
        for number in range(TENANTS // ROUND):
            ours += await _round(_register(services), f"ours-{number}")
            bare += await _round(_insert(database), f"bare-{number}")
        await database.close()
    return Result(
        name="P7",
        title=f"registering {TENANTS:,} tenants, {AT_ONCE} at a time, Temporal away",
        settings={"tenants": TENANTS, "at_once": AT_ONCE},
        figures=[
            Figure(
                what="acknowledged, p95",
                unit="ms",
                ours=percentile(ours, 95),
                peer=percentile(bare, 95),
                bar=f"≤ {MOST:g}×",
                passed=percentile(ours, 95) <= MOST * percentile(bare, 95),
            ),
            Figure(what="acknowledged, p50", unit="ms", ours=percentile(ours, 50), peer=percentile(bare, 50)),
        ],
    )


def _register(services: Services) -> Write:
    async def write(slug: str) -> None:
        registration = Registration(slug=slug, name="Bench", owner_email=f"{slug}@example.com")
        await services.tenants.register(Actor.system("bench"), registration)

    return write


def _insert(database: Database) -> Write:
    async def write(slug: str) -> None:
        tenant, owner, execution = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
        values = {
            "tenant": tenant,
            "owner": owner,
            "execution": execution,
            "slug": slug,
            "email": f"{slug}@example.com",
            "workflow": f"tenant-provision-{slug}",
            "input": json.dumps({"arguments": [str(tenant), str(owner)]}),
        }
        async with database.transaction() as connection:
            await connection.execute(BARE, values)

    return write


async def _round(write: Write, prefix: str) -> list[float]:
    """Milliseconds of each call, its waiting for a turn not counted."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(index: int) -> float:
        async with slots:
            began = time.monotonic()
            await write(f"{prefix}-{index}")
            return 1000 * (time.monotonic() - began)

    return list(await asyncio.gather(*(one(index) for index in range(ROUND))))
