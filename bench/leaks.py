"""Whether the console is as before when hundreds of tabs have come and gone."""

import asyncio
from contextlib import AsyncExitStack

from bench import dataset, servers
from bench.results import Figure, Result
from bench.tabs import Site, open_tabs
from console.main import RECONNECT
from tests.servers import eventually

ROUNDS, TABS = 3, 100  #: twice: memory after the second time is compared with that after the first
RESIDENT = "process_resident_memory_bytes"
FORGOTTEN = RECONNECT + 30  #: seconds after which the console keeps nothing of a tab that left


async def run(*, full: bool) -> Result:
    del full
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(servers.postgres())
        url = await server.database("leaks")
        await asyncio.to_thread(dataset.load, url, 2_000)
        address = await stack.enter_async_context(servers.temporal())
        site = await stack.enter_async_context(servers.console(url, address))
        fresh = await servers.metrics(site.url)
        await _come_and_go(site)
        before = await forgotten(site)
        await _come_and_go(site)
        after = await forgotten(site)
    figures = [
        _back("parts of pages that follow a view", fresh, after, "tenantry_live_viewers", 0),
        _back("open sockets and files", fresh, after, "process_open_fds", 15),
        _back("tasks", fresh, after, "tenantry_tasks", 5),
        _grown("resident memory, after the second time against after the first", before[RESIDENT], after[RESIDENT]),
        Figure(what="resident memory, before any tab", unit="MB", ours=fresh[RESIDENT] / 1e6),
    ]
    settings: dict[str, str | int | float] = {"rounds": ROUNDS, "tabs": TABS}
    return Result(name="leaks", title=f"twice {ROUNDS} × {TABS} tabs came and went", settings=settings, figures=figures)


def _back(what: str, before: dict[str, float], after: dict[str, float], name: str, more: float) -> Figure:
    return Figure(
        what=what,
        unit="",
        ours=after[name],
        peer=before[name],
        bar=f"≤ {more:g} more",
        passed=after[name] <= before[name] + more,
    )


def _grown(what: str, before: float, after: float) -> Figure:
    return Figure(what=what, unit="MB", ours=after / 1e6, peer=before / 1e6, bar="≤ 1.1×", passed=after <= 1.1 * before)


async def _come_and_go(site: Site) -> None:
    for _ in range(ROUNDS):
        async with open_tabs(site, TABS):
            pass


async def forgotten(site: Site) -> dict[str, float]:
    """The metrics once nobody is looking any more."""

    async def look() -> dict[str, float]:
        return await servers.metrics(site.url)

    return await eventually(look, lambda seen: seen["tenantry_live_viewers"] == 0, within=FORGOTTEN)
