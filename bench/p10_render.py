"""P10: what the first look at the executions page costs, and how soon another page is there."""

import asyncio
from contextlib import AsyncExitStack
from statistics import median

from playwright.async_api import Browser, Page

from bench import browsers, servers
from bench.results import Figure, Result
from workbench import dataset
from workbench.tabs import Site

EXECUTIONS = 2_000
NAVIGATIONS = 11
#: From the click on a link of the drawer until the other page's rows are there, in milliseconds.
NAVIGATE = """
    ([link, title]) => new Promise(resolve => {
        const began = performance.now();
        const look = () => {
            const there = document.querySelector('h1')?.textContent === title
                && document.querySelector('.live tbody tr[data-id]');
            if (there) resolve(performance.now() - began); else requestAnimationFrame(look);
        };
        document.querySelector(`a.nav-item[href='${link}']`).click();
        look();
    })
"""


async def run(*, full: bool) -> Result:
    del full
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(servers.postgres())
        url = await server.database("render")
        await asyncio.to_thread(dataset.load, url, EXECUTIONS)
        address = await stack.enter_async_context(servers.temporal())
        ours = await stack.enter_async_context(servers.console(url, address))
        naive = await stack.enter_async_context(servers.naive(url))
        browser = await stack.enter_async_context(browsers.chromium())
        weight, requests = await _weight(browser, ours, ".live tbody tr[data-id]")
        empty, least = await _weight(browser, Site(url=naive, path="/empty"), ".q-page")
        page = await browsers.visit(browser, ours)
        times = [await _navigation(page) for _ in range(NAVIGATIONS)]
    figures = [
        Figure(
            what="first render, cold cache; peer: an empty page",
            unit="kB",
            ours=weight / 1000,
            peer=empty / 1000,
            bar="≤ 1.3×",
            passed=weight <= 1.3 * empty,
        ),
        Figure(what="requests", unit="", ours=requests, peer=least),
        Figure(
            what="executions to tenants, inside",
            unit="ms",
            ours=median(times),
            bar="≤ 250 ms",
            passed=median(times) <= 250,
        ),
    ]
    settings: dict[str, str | int | float] = {"executions": EXECUTIONS, "navigations": NAVIGATIONS}
    return Result(name="P10", title="first render and navigation", settings=settings, figures=figures)


async def _weight(browser: Browser, site: Site, ready: str) -> tuple[int, int]:
    """Bytes over the wire until the page is there, and the number of requests, in a browser without a cache."""
    context = await browser.new_context(base_url=site.url)
    if site.cookie is not None:
        name, value = site.cookie
        await context.add_cookies([{"name": name, "value": value, "url": site.url}])
    page = await context.new_page()
    devtools = await context.new_cdp_session(page)
    await devtools.send("Network.enable")
    loaded: list[float] = []
    devtools.on("Network.loadingFinished", lambda event: loaded.append(event["encodedDataLength"]))
    await page.goto(site.path)
    await page.wait_for_function("window.did_handshake === true")
    await page.wait_for_selector(ready)
    await page.wait_for_load_state("networkidle")
    await context.close()
    return round(sum(loaded)), len(loaded)


async def _navigation(page: Page) -> float:
    there = float(await page.evaluate(NAVIGATE, ["/tenants", "Tenants"]))
    await page.evaluate(NAVIGATE, ["/executions", "Executions"])
    return there
