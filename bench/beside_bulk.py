"""What others notice while one person's bulk operation of two thousand is carried out by the same console.

The console does all of it, at the rate that is set unless somebody sets another; a worker beside it would take half.
"""

import asyncio
from contextlib import AsyncExitStack
from uuid import UUID, uuid4

from psycopg import AsyncConnection

from bench import browsers, bulk, servers
from bench.p3_live import BEGIN, Observed, observe
from bench.results import Figure, Result, percentile
from operations.bootstrap import Services
from operations.bulk.selections import ByIds
from operations.database import Database
from operations.kinds import Deed
from operations.temporal import Temporal
from workbench import dataset
from workbench.tabs import Site

ROWS, OTHERS, VIEWERS = 2_000, 40, 50
EXECUTIONS = 2_000
#: Of the operation's rows none is on it, whose newer attempts would push others' rows from the page.
PATH = "/executions?q=bench-"
LEFT = "SELECT count(*) FILTER (WHERE state = 'left'), count(*) FILTER (WHERE state <> 'left') FROM bulk_rows"
CLOSE = "UPDATE workflow_executions SET status = 'completed', completed_at = clock_timestamp() WHERE status = 'running'"
START = "UPDATE workflow_executions SET status = 'running', started_at = clock_timestamp() WHERE status = 'pending'"


async def run(*, full: bool) -> Result:
    del full
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(servers.postgres())
        url = await server.database("beside")
        await asyncio.to_thread(dataset.load, url, EXECUTIONS)
        connection = await stack.enter_async_context(await AsyncConnection.connect(url, autocommit=True))
        address = await stack.enter_async_context(servers.temporal())
        console = await stack.enter_async_context(servers.console(url, address))
        site = Site(url=console.url, path=PATH, cookie=console.cookie, colleagues=console.colleagues)
        browser = await stack.enter_async_context(browsers.chromium())
        ids = await bulk.failed(connection, range(ROWS))
        await connection.execute(CLOSE.encode())
        for _ in range(OTHERS):
            await connection.execute(BEGIN, {"id": uuid4(), "step": "begin"})
        await connection.execute(START.encode())
        alone = await observe(site, await browsers.visit(browser, site), url, VIEWERS)
        await _retry(url, address, ids)
        beside = await observe(site, await browsers.visit(browser, site), url, VIEWERS)
        left, done = await bulk.row(connection, LEFT)
    return Result(
        name="beside",
        title=f"others' pages beside a bulk operation of {ROWS:,}",
        settings={"rows": ROWS, "viewers": VIEWERS, "path": PATH},
        figures=[
            *_figures(beside, alone),
            Figure(what="rows done meanwhile", unit="", ours=done, bar="> 0", passed=done > 0),
            Figure(what="rows left, so that it went on to the end", unit="", ours=left, bar="> 0", passed=left > 0),
        ],
    )


def _figures(beside: Observed, alone: Observed) -> list[Figure]:
    """Beside the operation, against the same viewers without one; the bars are those of P3."""

    def figure(what: str, unit: str, ours: float, peer: float, most: float | None = None) -> Figure:
        bar = "" if most is None else f"≤ {most:g} {unit}"
        return Figure(
            what=what, unit=unit, ours=ours, peer=peer, bar=bar, passed=None if most is None else ours <= most
        )

    def share(of: str, percent: int) -> tuple[float, float]:
        return percentile(getattr(beside, of), percent), percentile(getattr(alone, of), percent)

    return [
        figure("commit to arrival, p50", "ms", *share("in_tabs", 50), 150),
        figure("commit to arrival, p99", "ms", *share("in_tabs", 99), 500),
        figure("commit to the browser's page, p50", "ms", *share("in_browser", 50), 150),
        figure("commit to the browser's page, p99", "ms", *share("in_browser", 99), 500),
        figure("never arrived", "", beside.lost, alone.lost, 0),
        figure("processor of the console", "%", beside.cpu * 100, alone.cpu * 100),
    ]


async def _retry(url: str, address: str, ids: list[UUID]) -> None:
    """Ask for it; who asks carries nothing out."""
    services = Services.assemble(
        Database.at(url, name="bench", pool_size=2),
        await Temporal.at(address),
        name="bench",
        task_queue="nobody",
        secret_key="",
    )
    planned = await services.bulks.preview(bulk.ACTOR, Deed.RETRY, ByIds(ids=tuple(ids)))
    await services.bulks.begin(bulk.ACTOR, planned, bulk.WHY)
    await services.close()
