"""P3: from the commit of a change to the screens of everybody who looks, ours against replaced tables."""

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import psycopg
from playwright.async_api import Page

from bench import browsers, servers
from bench.results import Figure, Result, percentile
from workbench import dataset
from workbench.forgetting import metrics
from workbench.tabs import Site, Tab, open_tabs

EXECUTIONS = 2_000  #: of which 40 are open, so that the first page shows them all
VIEWERS = (1, 50, 200)
CHANGES_PER_SECOND = 5
SECONDS = 12.0
QUIET = 3.0  #: seconds before, to know what tabs hear without changes

PROGRESS = """
    UPDATE workflow_executions SET current_step = %(step)s, steps_done = (steps_done + 1) %% 6,
           last_progress_at = clock_timestamp() WHERE id = %(id)s
"""
BEGIN = """
    INSERT INTO workflow_executions
           (id, workflow_id, workflow_type, entity_type, entity_id, task_queue, input, requested_by, current_step,
            steps_total)
    VALUES (%(id)s, 'bench-' || %(id)s, 'tenant_provisioning', 'tenant', gen_random_uuid(), 'bench', '{}', 'bench',
            %(step)s, 6)
"""
END = """
    UPDATE workflow_executions SET status = 'completed', completed_at = clock_timestamp(), steps_done = 6,
           last_progress_at = clock_timestamp() WHERE id = %(id)s
"""
#: Those of no bulk operation beside.
OPEN = "SELECT id FROM workflow_executions WHERE status = 'running' AND workflow_id NOT LIKE '%retried%'"


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """What so many viewers of one site saw of the changes."""

    viewers: int
    in_tabs: list[float]  #: ms from commit to arrival, per change and tab
    in_browser: list[float]  #: ms from commit to the change of the page, per change
    lost: int  #: changes that a tab never heard of
    cpu: float  #: share of one core
    bytes_per_change: float
    queries_per_change: float | None


async def run(*, full: bool) -> Result:
    del full
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(servers.postgres())
        url = await server.database("live")
        await asyncio.to_thread(dataset.load, url, EXECUTIONS)
        address = await stack.enter_async_context(servers.temporal())
        ours = await stack.enter_async_context(servers.console(url, address))
        naive = Site(url=await stack.enter_async_context(servers.naive(url)), path="/executions")
        browser = await stack.enter_async_context(browsers.chromium())
        figures: list[Figure] = []
        for viewers in VIEWERS:
            peer = await observe(naive, await browsers.visit(browser, naive), url, viewers)
            mine = await observe(ours, await browsers.visit(browser, ours), url, viewers)
            figures += _figures(mine, peer)
    settings: dict[str, str | int | float] = {"changes_per_second": CHANGES_PER_SECOND, "seconds": SECONDS}
    return Result(name="P3", title="from a commit to everybody's screen", settings=settings, figures=figures)


def _figures(ours: Observed, peer: Observed) -> list[Figure]:
    viewers = f"{ours.viewers} viewers"
    middle, last = (percentile([*ours.in_tabs], share) for share in (50, 99))
    is_most = ours.viewers == max(VIEWERS)

    def figure(what: str, unit: str, mine: float, theirs: float | None, most: float | None = None) -> Figure:
        bar = "" if most is None else f"≤ {most:g} {unit}"
        return Figure(
            what=f"{viewers}: {what}",
            unit=unit,
            ours=mine,
            peer=theirs,
            bar=bar,
            passed=None if most is None else mine <= most,
        )

    return [
        figure("commit to arrival, p50", "ms", middle, percentile(peer.in_tabs, 50), 150 if is_most else None),
        figure("commit to arrival, p99", "ms", last, percentile(peer.in_tabs, 99), 500 if is_most else None),
        figure(
            "commit to the browser's page, p50",
            "ms",
            percentile(ours.in_browser, 50),
            percentile(peer.in_browser, 50),
            150 if is_most else None,
        ),
        figure(
            "commit to the browser's page, p99",
            "ms",
            percentile(ours.in_browser, 99),
            percentile(peer.in_browser, 99),
            500 if is_most else None,
        ),
        figure("never arrived", "", ours.lost, peer.lost, 0),
        figure("processor of the console", "%", ours.cpu * 100, peer.cpu * 100, 15 if is_most else None),
        figure("bytes per change and viewer", "B", ours.bytes_per_change, peer.bytes_per_change, 400),
        figure("queries per change", "", ours.queries_per_change or 0, None, 2.5),
    ]


async def observe(site: Site, page: Page, database_url: str, viewers: int) -> Observed:
    """What they see while five rows a second change on the page that `page` and all tabs of `site` have open."""
    async with open_tabs(site, viewers) as tabs:
        await browsers.note_marks(page)
        await asyncio.sleep(2.0)  # until the last tab has heard what waited for it
        before = sum(tab.heard for tab in tabs)
        await asyncio.sleep(QUIET)
        idle = (sum(tab.heard for tab in tabs) - before) / QUIET
        start, heard = await metrics(site.url), sum(tab.heard for tab in tabs)
        began = time.monotonic()
        writer = Writer()
        await writer.write(database_url)
        await asyncio.sleep(1.0)
        lasted = time.monotonic() - began
        end = await metrics(site.url)
        heard = sum(tab.heard for tab in tabs) - heard
        shown = await browsers.noted_marks(page)
        await page.context.close()
        return _observed(
            tabs=tabs, writer=writer, shown=shown, start=start, end=end, heard=heard - idle * lasted, lasted=lasted
        )


def _observed(
    *,
    tabs: Sequence[Tab],
    writer: "Writer",
    shown: dict[int, float],
    start: dict[str, float],
    end: dict[str, float],
    heard: float,
    lasted: float,
) -> Observed:
    def grown(name: str) -> float:
        return end[name] - start[name]

    in_tabs = [(tab.marks[mark] - at) * 1000 for tab in tabs for mark, at in writer.marks.items() if mark in tab.marks]
    queries = "tenantry_live_queries_total"
    return Observed(
        viewers=len(tabs),
        in_tabs=in_tabs,
        in_browser=[(shown[mark] - at) * 1000 for mark, at in writer.marks.items() if mark in shown],
        lost=len(writer.marks) * len(tabs) - len(in_tabs),
        cpu=grown("process_cpu_seconds_total") / lasted,
        bytes_per_change=heard / writer.changes / len(tabs),
        queries_per_change=grown(queries) / writer.changes if queries in end else None,
    )


@dataclass(slots=True)
class Writer:
    """Changes what the first page shows: progress most of the time, now and then an end and a beginning."""

    marks: dict[int, float] = field(default_factory=dict)  #: number of the mark → when its commit was answered
    changes: int = 0

    async def write(self, database_url: str) -> None:
        choice = random.Random(5)
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
            rows = await connection.execute(OPEN)
            open_ids: list[UUID] = [id_ for (id_,) in await rows.fetchall()]
            for number in range(int(SECONDS * CHANGES_PER_SECOND)):
                due = asyncio.get_running_loop().time() + 1 / CHANGES_PER_SECOND
                await self._change(connection, number, open_ids, choice)
                await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))

    async def _change(
        self, connection: psycopg.AsyncConnection, number: int, open_ids: list[UUID], choice: random.Random
    ) -> None:
        self.changes += 1
        mark = int(time.time() * 1000) % 10_000_000
        step = {"step": f"mark_{mark}"}
        if number % 10 == 4:
            await connection.execute(END, {"id": open_ids.pop(0)})
            return
        if number % 10 == 5:
            open_ids.append(uuid4())
            await connection.execute(BEGIN, {"id": open_ids[-1], **step})
        else:
            # The one whose last change is longest ago, so that no mark is written over before it was read.
            open_ids.append(open_ids.pop(choice.randrange(len(open_ids) // 2)))
            await connection.execute(PROGRESS, {"id": open_ids[-1], **step})
        self.marks[mark] = time.time()
