"""Retrying executions in bulk, against as many retries of one at a time, with the same processes and deliverers.

No rate holds the bulk operation back. The peer's retries come as many at once as rows have their turns.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from uuid import UUID

from psycopg import AsyncConnection

from bench import servers
from bench.results import Figure, Result
from operations.access import Actor
from operations.bootstrap import Services
from operations.bulk.running import AT_ONCE
from operations.bulk.selections import ByIds
from operations.database import Database
from operations.kinds import Deed
from operations.temporal import Temporal
from workbench.servers import eventually

ROWS, ROUNDS = 1_000, 4
PROCESSES = 2
RATE = 10_000  #: per second, the largest that the setting takes
LEAST = 0.8
ACTOR, WHY = Actor.system("bench"), "quota raised"

ADD = """
    WITH made AS (
        INSERT INTO tenants (slug, name, plan, status, registered_by)
        SELECT 'retried-' || n, 'Bench', 'starter', 'failed', 'bench' FROM generate_series(%s::int, %s::int) AS n
        RETURNING id, slug
    )
    INSERT INTO workflow_executions
           (workflow_id, workflow_type, entity_type, entity_id, task_queue, input, requested_by)
    SELECT 'tenant-provision-' || slug, 'tenant_provisioning', 'tenant', id, 'nobody', '{"arguments": []}', 'bench'
    FROM made RETURNING id
"""
FAIL = """
    UPDATE workflow_executions SET status = 'failed', close_reason = 'error', completed_at = clock_timestamp()
    WHERE id = ANY(%s)
"""
OPEN = """
    SELECT (SELECT count(*) FROM commands WHERE state = 'queued')
         + (SELECT count(*) FROM bulk_rows WHERE state = 'left')
"""
STARTED = "SELECT count(*), count(DISTINCT run_id) FROM workflow_executions WHERE status = 'running'"


async def run(*, full: bool) -> Result:
    async with servers.postgres() as server, servers.temporal() as address:
        url = await server.database("bulk")
        ours = peer = 0.0
        async with processes(url, address) as all_, await AsyncConnection.connect(url, autocommit=True) as connection:
            share = ROWS // ROUNDS
            for round_ in range(ROUNDS):  # in turns, so that other work on the machine falls on both
                first = 2 * round_ * share
                ids = await failed(connection, range(first, first + share))
                ours += await _timed(connection, _in_bulk(all_[0], ids))
                ids = await failed(connection, range(first + share, first + 2 * share))
                peer += await _timed(connection, _one_by_one(all_, ids))
            started, distinct = await row(connection, STARTED)
            known = (await all_[0].temporal.client.count_workflows("TaskQueue = 'nobody'")).count
    rate, single = ROWS / ours, ROWS / peer
    return Result(
        name="bulk",
        title=f"retrying {ROWS:,} executions in bulk",
        settings={"rows": ROWS, "processes": PROCESSES, "at_once": PROCESSES * AT_ONCE, "rate": RATE},
        figures=[
            Figure(
                what="rate, against single retries",
                unit="/s",
                ours=rate,
                peer=single,
                bar=f"≥ {LEAST}×",
                passed=rate >= LEAST * single,
            ),
            Figure(
                what="duplicates",
                unit="",
                ours=known - distinct,
                bar="0",
                passed=known == distinct == started == 2 * ROWS,
            ),
        ],
    )


@asynccontextmanager
async def processes(url: str, address: str) -> AsyncIterator[list[Services]]:
    """What consoles and workers run of this, side by side on one event loop."""
    made = [
        Services.assemble(
            Database.at(url, name=f"bench-{number}", pool_size=20),
            await Temporal.at(address),
            name=f"bench-{number}",
            task_queue="nobody",
            secret_key="",
            bulk_rate=RATE,
        )
        for number in range(PROCESSES)
    ]
    work = [asyncio.ensure_future(run()) for each in made for run in (each.deliverer.run, each.bulks.runner.run)]
    yield made
    for each in work:
        each.cancel()
    await asyncio.gather(*work, return_exceptions=True)
    for services in made:
        await services.close()


async def failed(connection: AsyncConnection, numbers: range) -> list[UUID]:
    """So many executions that can be retried."""
    rows = await connection.execute(ADD, (numbers.start, numbers.stop - 1))
    ids = [row[0] for row in await rows.fetchall()]
    await connection.execute(FAIL, (ids,))
    return ids


async def _timed(connection: AsyncConnection, asking: Coroutine[None, None, None]) -> float:
    """Seconds until all that was asked for has been delivered."""
    began = time.monotonic()
    await asking
    await eventually(lambda: row(connection, OPEN), lambda found: found == (0,), within=120)
    return time.monotonic() - began


async def _in_bulk(services: Services, ids: list[UUID]) -> None:
    planned = await services.bulks.preview(ACTOR, Deed.RETRY, ByIds(ids=tuple(ids)))
    await services.bulks.begin(ACTOR, planned, WHY)


async def _one_by_one(all_: list[Services], ids: list[UUID]) -> None:
    slots = asyncio.Semaphore(PROCESSES * AT_ONCE)

    async def one(number: int, id_: UUID) -> None:
        async with slots:
            await all_[number % PROCESSES].executions.retry(ACTOR, id_, WHY)

    await asyncio.gather(*(one(number, id_) for number, id_ in enumerate(ids)))


async def row(connection: AsyncConnection, question: str) -> tuple[int, ...]:
    """The numbers that it answers with."""
    row = await (await connection.execute(question.encode())).fetchone()
    return tuple(row or ())
