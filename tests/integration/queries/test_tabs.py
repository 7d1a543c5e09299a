"""A console forgets the tabs that were closed."""

import asyncio
from pathlib import Path

import pytest

from workbench.consoles import Servers, run_console
from workbench.forgetting import SPARE, forgotten, metrics
from workbench.servers import Databases, eventually
from workbench.tabs import Site, open_tabs


@pytest.mark.long
async def test_tabs_that_come_and_go_leave_nothing_behind(
    databases: Databases, temporal_address: str, tmp_path: Path
) -> None:
    url = await asyncio.to_thread(databases.create)
    servers = Servers(database_url=url, temporal_address=temporal_address, task_queue="test-tabs")
    async with run_console(servers, tmp_path) as console:
        session, *colleagues = [await console.accounts.session(f"ada{number}@example.com") for number in range(3)]
        site = Site(url=console.url, path="/executions", cookie=(console.cookie, session), colleagues=colleagues)
        before = await metrics(site.url)
        for _ in range(2):
            async with open_tabs(site, 30) as tabs:
                await eventually(lambda: metrics(site.url), lambda seen: seen["tenantry_live_viewers"] >= len(tabs))

        after = await forgotten(site.url, before)

        assert all(after[name] <= before[name] + more for name, more in SPARE.items()), (before, after)
