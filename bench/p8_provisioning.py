"""P8: provisioning two hundred tenants end to end, against the same steps in an untracked workflow, and in no workflow.

Ours begins with the first registration over REST and ends with the last completed row. The peers find their tenants
registered: what they measure is the work alone. A peer's run counts as over when its tenant is active.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from statistics import median

from psycopg import AsyncConnection
from temporalio.client import Client

from bench import servers, untracked
from bench.results import Figure, Result
from operations import tenant_kinds
from operations.contracts import TenantStep
from workbench.consoles import Console, Servers, run_console
from workbench.processes import Module, running, worker_process
from workbench.servers import eventually, passable_directory
from workers.activities.sessions import Sessions
from workers.activities.tenants import TenantActivities

TENANTS, ROUNDS = 200, 3
WARM = 40
AT_ONCE = 16
LEAST, GOAL = 0.6, 0.7
FEW, MANY = 10, (1000, 5000)  #: tenants that are there already
MOST_WITH_MANY = 1.3

ACTIVE = "SELECT count(*) FROM tenants WHERE status = 'active' AND slug LIKE %s"
COMPLETED = """
    SELECT count(*) FROM workflow_executions e JOIN tenants t ON t.id = e.entity_id
    WHERE e.status = 'completed' AND t.slug LIKE %s
"""
CUSTOMERS = """
    WITH wanted AS (
        SELECT * FROM unnest(%(slugs)s::text[], %(tenants)s::uuid[], %(owners)s::uuid[]) AS w(slug, tenant, owner)
    ), made AS (
        INSERT INTO tenants (id, slug, name, plan, registered_by)
        SELECT tenant, slug, 'Bench', 'starter', 'bench' FROM wanted
    ), owners AS (
        INSERT INTO users (id, email) SELECT owner, slug || '@example.com' FROM wanted
    ), executions AS (  -- of the same id as the tenant; the fence of the steps asks for one, reconciliation for none
        INSERT INTO workflow_executions (id, workflow_id, workflow_type, entity_type, entity_id, task_queue, input,
                                         requested_by, verified_at)
        SELECT tenant, 'untracked-' || tenant, 'tenant_provisioning', 'tenant', tenant, 'peer', '{}', 'bench', now()
        FROM wanted
    )
    INSERT INTO memberships (tenant_id, user_id, role) SELECT tenant, owner, 'owner' FROM wanted
"""

Provision = Callable[[str], Awaitable[float]]


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """What runs while it is measured: the product, and the peer's worker beside it."""

    console: Console
    token: str
    connection: AsyncConnection
    client: Client
    sessions: Sessions
    peer_queue: str

    async def ours(self, prefix: str, tenants: int = TENANTS) -> float:
        """Seconds for a round by the product."""
        async with self.console.client(token=self.token) as http:

            async def register(number: int) -> None:
                slug = f"{prefix}-{number}"
                wanted = {"slug": slug, "name": "Bench", "owner_email": f"{slug}@example.com"}
                (await http.post("/api/v1/tenants", json=wanted)).raise_for_status()

            began = time.monotonic()
            await _some_at_once(register(number) for number in range(tenants))
            await self._until_all(COMPLETED, prefix, tenants)
            return time.monotonic() - began

    async def untracked(self, prefix: str, tenants: int = TENANTS) -> float:
        """Seconds for a round by the untracked workflow."""

        async def start(step: TenantStep) -> None:
            await self.client.start_workflow(
                tenant_kinds.PROVISIONING.temporal_name,
                args=[step.tenant_id, step.user_id],
                id=untracked.workflow_id(step.tenant_id),
                task_queue=self.peer_queue,
            )

        customers = await self._customers(prefix, tenants)
        began = time.monotonic()
        await _some_at_once(start(step) for step in customers)
        await self._until_all(ACTIVE, prefix, tenants)
        return time.monotonic() - began

    async def script(self, prefix: str, tenants: int = TENANTS) -> float:
        """Seconds for a round by a script that takes the steps one after the other, as many tenants at a time."""
        steps = TenantActivities(sessions=self.sessions)

        async def build(step: TenantStep) -> None:
            untracked.step_for(step.tenant_id, "script")
            await steps.load_tenant(step)
            await steps.create_schema(step)
            await steps.migrate_schema(step)
            await steps.verify_schema(step)
            await steps.add_owner(step)
            await steps.seed_defaults(step)
            await steps.activate_tenant(step)

        customers = await self._customers(prefix, tenants)
        began = time.monotonic()
        await _some_at_once(build(step) for step in customers)
        return time.monotonic() - began

    async def fill(self, tenants: int) -> None:
        """Have so many tenants there."""
        there = await self._count(ACTIVE, "")
        await self.script(f"fill-{there}", tenants - there)

    async def _customers(self, prefix: str, tenants: int) -> list[TenantStep]:
        slugs = [f"{prefix}-{number}" for number in range(tenants)]
        ids, owners = [uuid.uuid4() for _ in slugs], [uuid.uuid4() for _ in slugs]
        await self.connection.execute(CUSTOMERS, {"slugs": slugs, "tenants": ids, "owners": owners})
        return [
            TenantStep(tenant_id=str(tenant), user_id=str(owner)) for tenant, owner in zip(ids, owners, strict=True)
        ]

    async def _until_all(self, question: str, prefix: str, tenants: int) -> None:
        await eventually(lambda: self._count(question, prefix), lambda count: count == tenants, within=120)

    async def _count(self, question: str, prefix: str) -> int:
        row = await (await self.connection.execute(question.encode(), (f"{prefix}%",))).fetchone()
        return int(row[0]) if row else 0


async def run(*, full: bool) -> Result:
    async with _house() as house:
        for provision in (house.ours, house.untracked, house.script):
            await provision(f"warm-{provision.__name__}", WARM)
        seconds = await _all_rounds(house)
    figures = _figures({kind: TENANTS / median(taken) for kind, taken in seconds.items()})
    if full:
        figures += await _with_many()
    return Result(
        name="P8",
        title=f"provisioning {TENANTS} tenants, {AT_ONCE} registrations at a time, to the last completion",
        settings={"tenants": TENANTS, "rounds": ROUNDS, "at_once": AT_ONCE},
        figures=figures,
    )


async def _all_rounds(house: House) -> dict[str, list[float]]:
    """In turns, so that other work on the machine falls on all kinds."""
    kinds: dict[str, Provision] = {
        "ours": house.ours,
        "untracked": house.untracked,
        "script": house.script,
    }
    seconds: dict[str, list[float]] = {kind: [] for kind in kinds}
    for round_ in range(ROUNDS):
        for kind, provision in kinds.items():
            seconds[kind].append(await provision(f"{kind}-{round_}"))
    return seconds


def _figures(rate: dict[str, float]) -> list[Figure]:
    return [
        Figure(
            what="rate, against the untracked workflow",
            unit="/s",
            ours=rate["ours"],
            peer=rate["untracked"],
            bar=f"≥ {LEAST}×, goal {GOAL}×",
            passed=rate["ours"] >= LEAST * rate["untracked"],
        ),
        Figure(what="rate, against a plain script", unit="/s", ours=rate["ours"], peer=rate["script"]),
    ]


async def _with_many() -> list[Figure]:
    """What a tenant costs by how many there are already."""
    async with _house() as house:
        await house.ours("warm", FEW)
        with_few = await house.ours("few")
        figures = []
        for many in MANY:
            await house.fill(many)
            with_many = await house.ours(f"many-{many}")
            figures.append(
                Figure(
                    what=f"cost of a tenant beside {many:,}, against {FEW}",
                    unit="ms",
                    ours=1000 * with_many / TENANTS,
                    peer=1000 * with_few / TENANTS,
                    bar=f"≤ {MOST_WITH_MANY}×",
                    passed=with_many <= MOST_WITH_MANY * with_few,
                )
            )
        return figures


async def _some_at_once(work: Iterable[Awaitable[None]]) -> None:
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(each: Awaitable[None]) -> None:
        async with slots:
            await each

    await asyncio.gather(*(one(each) for each in work))


@asynccontextmanager
async def _house() -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(servers.postgres())
        address = await stack.enter_async_context(servers.temporal())
        logs = stack.enter_context(passable_directory())
        url = await server.database("provisioning")
        own = Servers(database_url=url, temporal_address=address, task_queue="bench")
        peers = replace(own, task_queue="bench-untracked")

        async def is_ready(logged: str) -> bool:
            return untracked.READY in logged

        peer = Module(
            name="bench.untracked", variables=peers.variables(), log=logs / "untracked.log", is_ready=is_ready
        )
        await stack.enter_async_context(running(worker_process(own, logs / "worker.log"), peer))
        console = await stack.enter_async_context(run_console(own, logs))
        sessions = Sessions.at(url)
        await stack.enter_async_context(sessions.running())
        yield House(
            console=console,
            token=await console.accounts.token(),
            connection=await stack.enter_async_context(await AsyncConnection.connect(url, autocommit=True)),
            client=await Client.connect(address),
            sessions=sessions,
            peer_queue=peers.task_queue,
        )
