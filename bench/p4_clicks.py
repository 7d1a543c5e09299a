"""P4: twenty clicks on buttons of a table whose rows change ten times a second; ours against replaced rows."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
from playwright.async_api import Error, Page

from bench import browsers, servers
from bench.results import Figure, Result
from embedded import ports
from workbench import dataset
from workbench.tabs import Site

CLICKS = 20
PRESS = 120.0  #: milliseconds between the button of the mouse going down and coming up, as people do
ASK = "button[aria-label^='Ask']"
IN_TABLE = f"tbody tr {ASK}"
HEARD = "document.getElementById('log').textContent.split('\\n').filter(line => line.startsWith('action')).length"
FOCUSED = "button => button === document.activeElement"


async def run(*, full: bool) -> Result:
    del full
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(browsers.chromium())
        ours = await browsers.visit(browser, await stack.enter_async_context(_gallery()))
        server = await stack.enter_async_context(servers.postgres())
        url = await server.database("clicks")
        await asyncio.to_thread(dataset.load, url, 2_000)
        naive = await stack.enter_async_context(servers.naive(url))
        peer = await browsers.visit(browser, Site(url=naive, path="/buttons"))

        async def heard_by_ours() -> int:
            return int(await ours.evaluate(HEARD))

        async def heard_by_peer() -> int:
            async with httpx.AsyncClient(base_url=naive) as client:
                return len((await client.get("/asked")).json())

        figures = [
            Figure(
                what=f"clicks that arrived, of {CLICKS}",
                unit="",
                ours=(arrived := await _clicked(ours, heard_by_ours)),
                peer=await _clicked(peer, heard_by_peer),
                bar=f"{CLICKS}",
                passed=arrived == CLICKS,
            ),
            Figure(
                what="focus stays on a button (1: yes)",
                unit="",
                ours=(kept := await _keeps_focus(ours)),
                peer=await _keeps_focus(peer),
                bar="1",
                passed=kept == 1,
            ),
        ]
    return Result(name="P4", title="clicks while rows change", settings={"changes_per_second": 10}, figures=figures)


async def _clicked(page: Page, heard: Callable[[], Awaitable[int]]) -> int:
    """How many of the clicks on one row after another the server heard of."""
    before = await heard()
    for number in range(CLICKS):
        box = await page.locator(IN_TABLE).nth(number).bounding_box()
        if box is None:
            continue
        await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        await page.mouse.down()
        await page.wait_for_timeout(PRESS)
        await page.mouse.up()
    await page.wait_for_timeout(1000)
    return await heard() - before


async def _keeps_focus(page: Page) -> int:
    """Whether a button is focused still after a second of changes."""
    button = page.locator(IN_TABLE).first
    handle = await button.element_handle()
    assert handle is not None
    try:
        await handle.focus()
    except Error:  # replaced between being found and being focused
        return 0
    await page.wait_for_timeout(1000)
    return int(await handle.evaluate(FOCUSED))


@asynccontextmanager
async def _gallery() -> AsyncIterator[Site]:
    """Our table on the page of the components' tests, where each row has buttons and ten rows a second change."""
    port = ports.any_free()
    url = f"http://localhost:{port}"
    async with servers.process("workbench.gallery", str(port), url=url, path="/login"):
        yield Site(url=url, path="/executions?rows=40")
