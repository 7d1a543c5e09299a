"""The gate before a deploy, over a thousand runs in flight: from the command to its verdict.

The runs are real ones that wait for a decision, taken there by a worker of the product.
"""

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from psycopg import AsyncConnection

from bench import servers
from bench.results import Figure, Result
from workbench.consoles import Console, Servers, run_console, run_worker
from workbench.servers import environment, eventually, passable_directory

RUNS, AT_ONCE = 1_000, 16
MOST_SECONDS = 30.0

WAITING = "SELECT count(*) FROM workflow_executions WHERE status = 'running' AND cause = 'awaiting_approval'"


async def run(*, full: bool) -> Result:
    async with _house() as (own, console, logs):
        async with (
            run_worker(own, logs),
            await AsyncConnection.connect(own.database_url, autocommit=True) as connection,
        ):
            await _register(console)

            async def waiting() -> int:
                row = await (await connection.execute(WAITING)).fetchone()
                return int(row[0]) if row else 0

            await eventually(waiting, lambda count: count == RUNS, within=300)
        seconds, looked_at, broken = await _replayed(own)
    return Result(
        name="replaying",
        title="`tenantry replay --open` over runs in flight",
        settings={"runs": RUNS},
        figures=[
            Figure(
                what="from the command to its verdict",
                unit="s",
                ours=seconds,
                bar=f"≤ {MOST_SECONDS:g} s",
                passed=seconds <= MOST_SECONDS,
            ),
            Figure(what="runs looked at", unit="", ours=looked_at, bar=f"{RUNS:,}", passed=looked_at == RUNS),
            Figure(what="that would break", unit="", ours=broken, bar="0", passed=broken == 0),
        ],
    )


async def _register(console: Console) -> None:
    """Customers whose plan asks for a decision."""
    slots = asyncio.Semaphore(AT_ONCE)
    async with console.client(token=await console.accounts.token()) as http:

        async def one(number: int) -> None:
            slug = f"replayed-{number}"
            wanted = {"slug": slug, "name": "Bench", "owner_email": f"{slug}@example.com", "plan": "enterprise"}
            async with slots:
                (await http.post("/api/v1/tenants", json=wanted)).raise_for_status()

        await asyncio.gather(*(one(number) for number in range(RUNS)))


async def _replayed(own: Servers) -> tuple[float, int, int]:
    """Seconds, runs looked at, runs that would break."""
    began = time.monotonic()
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "workers.replay", "--open", "--json"),
        env=environment(**own.variables()),
        stdout=PIPE,
    )
    answer, _ = await command.communicate()
    report = json.loads(answer)
    return time.monotonic() - began, int(report["looked_at"]), int(report["broken"])


@asynccontextmanager
async def _house() -> AsyncIterator[tuple[Servers, Console, Path]]:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(servers.postgres())
        address = await stack.enter_async_context(servers.temporal())
        logs = stack.enter_context(passable_directory())
        own = Servers(
            database_url=await server.database("replaying"), temporal_address=address, task_queue="bench-replay"
        )
        yield own, await stack.enter_async_context(run_console(own, logs)), logs
