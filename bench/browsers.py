"""A real browser: to see when a change has reached the page, to click, and to weigh what is loaded."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, Page, async_playwright

from workbench.browser import find_browser
from workbench.tabs import Site

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]

NOTE_MARKS = """() => {
    window.marks = {};
    const note = () => {
        const now = Date.now() / 1000;
        for (const [, mark] of document.body.textContent.matchAll(/Mark (\\d+)/g)) window.marks[mark] ??= now;
    };
    note();
    new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        yield browser
        await browser.close()


async def visit(browser: Browser, site: Site) -> Page:
    """The page of a new visitor, connected."""
    context = await browser.new_context(base_url=site.url, viewport={"width": 1440, "height": 2400})
    if site.cookie is not None:
        name, value = site.cookie
        await context.add_cookies([{"name": name, "value": value, "url": site.url}])
    page = await context.new_page()
    await page.goto(site.path)
    await page.wait_for_function("window.did_handshake === true")
    await page.wait_for_selector("tbody tr:not(.live-skeleton)")
    return page


async def note_marks(page: Page) -> None:
    """From now on, note when each mark is first on the page."""
    await page.evaluate(NOTE_MARKS)


async def noted_marks(page: Page) -> dict[int, float]:
    noted: dict[str, float] = await page.evaluate("window.marks")
    return {int(mark): at for mark, at in noted.items()}
