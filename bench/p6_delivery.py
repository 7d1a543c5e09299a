"""P6: delivering a thousand starts by two deliverers, against bare `start_workflow` with the same concurrency."""

import asyncio
import time
import uuid
from dataclasses import replace

from psycopg import AsyncConnection
from temporalio.client import Client

from bench import servers
from bench.results import Figure, Result
from operations.access import Actor
from operations.actions.registration import Registration
from operations.bootstrap import Services
from operations.database import Database
from operations.outbox.deliverer import CONCURRENCY, Deliverer
from operations.temporal import Temporal

ROWS, ROUNDS = 1000, 4
DELIVERERS = 2
LEAST = 0.8

STARTED = "SELECT count(*), count(DISTINCT run_id) FROM workflow_executions WHERE status = 'running'"
LEFT = "SELECT count(*) FROM commands WHERE state = 'queued'"


async def run(*, full: bool) -> Result:
    async with servers.postgres() as server, servers.temporal() as address:
        url = await server.database("delivery")
        services = Services.assemble(
            Database.at(url, name="bench", pool_size=20),
            await Temporal.at(address),
            name="bench",
            task_queue="nobody",
            secret_key="",
        )
        client = await Client.connect(address)
        bare = delivered = 0.0
        for round_ in range(ROUNDS):  # in turns, so that other work on the machine falls on both
            await _register(services, range(round_ * ROWS // ROUNDS, (round_ + 1) * ROWS // ROUNDS))
            bare += await _start_bare(client, ROWS // ROUNDS // 2)
            delivered += await _deliver(services)
            bare += await _start_bare(client, ROWS // ROUNDS // 2)
        async with await AsyncConnection.connect(url) as connection:
            started, distinct = await _row(connection, STARTED)
            (left,) = await _row(connection, LEFT)
        known = (await client.count_workflows('WorkflowType = "TenantProvisioningWorkflow"')).count
        await services.close()
    ours, peer = ROWS / delivered, ROWS / bare
    return Result(
        name="P6",
        title=f"delivering {ROWS:,} starts by {DELIVERERS} deliverers",
        settings={"rows": ROWS, "deliverers": DELIVERERS, "at_once": DELIVERERS * CONCURRENCY},
        figures=[
            Figure(
                what="rate, against bare starts",
                unit="/s",
                ours=ours,
                peer=peer,
                bar=f"≥ {LEAST}×",
                passed=ours >= LEAST * peer,
            ),
            Figure(
                what="duplicates", unit="", ours=known - distinct, bar="0", passed=known == distinct == started == ROWS
            ),
            Figure(what="left", unit="", ours=left, bar="0", passed=left == 0),
        ],
    )


async def _start_bare(client: Client, number: int) -> float:
    slots = asyncio.Semaphore(DELIVERERS * CONCURRENCY)

    async def one() -> None:
        async with slots:
            await client.start_workflow("Bare", "x", id=f"bare-{uuid.uuid4()}", task_queue="nobody")

    began = time.monotonic()
    await asyncio.gather(*(one() for _ in range(number)))
    return time.monotonic() - began


async def _register(services: Services, numbers: range) -> None:
    slots = asyncio.Semaphore(8)

    async def one(index: int) -> None:
        async with slots:
            registration = Registration(slug=f"bench-{index}", name="Bench", owner_email=f"bench-{index}@example.com")
            await services.tenants.register(Actor.system("bench"), registration)

    await asyncio.gather(*(one(index) for index in numbers))


async def _deliver(services: Services) -> float:
    deliverers = [replace(services.deliverer, name=f"bench-{index}") for index in range(DELIVERERS)]

    async def until_empty(deliverer: Deliverer) -> None:
        while await deliverer.deliver_due():
            pass

    began = time.monotonic()
    await asyncio.gather(*(until_empty(deliverer) for deliverer in deliverers))
    return time.monotonic() - began


async def _row(connection: AsyncConnection, question: str) -> tuple[int, ...]:
    row = await (await connection.execute(question.encode())).fetchone()
    return tuple(row or ())
