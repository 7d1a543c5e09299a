"""Whether the console is as before when hundreds of tabs have come and gone."""

import asyncio
from contextlib import AsyncExitStack

from bench import servers
from bench.results import Figure, Result
from workbench import dataset
from workbench.forgetting import SPARE, forgotten, metrics
from workbench.tabs import Site, open_tabs

ROUNDS, TABS = 3, 100  #: twice: memory after the second time is compared with that after the first
RESIDENT = "process_resident_memory_bytes"

#: What a console holds for its tabs.
FOLLOWED = {
    "tenantry_live_viewers": "parts of pages that follow a view",
    "process_open_fds": "open sockets and files",
    "tenantry_tasks": "tasks",
}


async def run(*, full: bool) -> Result:
    del full
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(servers.postgres())
        url = await server.database("leaks")
        await asyncio.to_thread(dataset.load, url, 2_000)
        address = await stack.enter_async_context(servers.temporal())
        site = await stack.enter_async_context(servers.console(url, address))
        fresh = await metrics(site.url)
        await _come_and_go(site)
        before = await forgotten(site.url, fresh)
        await _come_and_go(site)
        after = await forgotten(site.url, fresh)
    figures = [
        *(_back(what, fresh, after, name) for name, what in FOLLOWED.items()),
        _grown("resident memory, after the second time against after the first", before[RESIDENT], after[RESIDENT]),
        Figure(what="resident memory, before any tab", unit="MB", ours=fresh[RESIDENT] / 1e6),
    ]
    settings: dict[str, str | int | float] = {"rounds": ROUNDS, "tabs": TABS}
    return Result(name="leaks", title=f"twice {ROUNDS} × {TABS} tabs came and went", settings=settings, figures=figures)


def _back(what: str, fresh: dict[str, float], after: dict[str, float], name: str) -> Figure:
    return Figure(
        what=what,
        unit="",
        ours=after[name],
        peer=fresh[name],
        bar=f"≤ {SPARE[name]:g} more",
        passed=after[name] <= fresh[name] + SPARE[name],
    )


def _grown(what: str, before: float, after: float) -> Figure:
    return Figure(what=what, unit="MB", ours=after / 1e6, peer=before / 1e6, bar="≤ 1.1×", passed=after <= 1.1 * before)


async def _come_and_go(site: Site) -> None:
    for _ in range(ROUNDS):
        async with open_tabs(site, TABS):
            pass
