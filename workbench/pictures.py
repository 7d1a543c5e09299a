"""Takes the pictures of docs/demo.md and of the README from a demo that it starts: `python -m workbench.pictures`."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from embedded import ports
from operations.faults import Fault
from workbench.browser import find_browser
from workbench.servers import environment, passable_directory

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
TENANTRY = (sys.executable, "-c", "from console.cli import main; main()")
DESK, PHONE = (1280, 800), (390, 780)
PATIENCE = 180_000  #: milliseconds, in which each thing has to be seen
CHART, STRIP = ".chart svg", ".strip-mark"
#: What the demo's own runs stand still for, as the list says it (`demo.troubles`).
TROUBLES = (
    "No space left on the database server",
    "tenantry-eu",
    "tried 7 times",
    "Waiting for approval",
)
CUSTOMER = ("acme", "Acme Inc.", "ada@acme.example")


@dataclass(frozen=True, kw_only=True, slots=True)
class Demo:
    """A running one."""

    url: str
    email: str
    password: str


async def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with passable_directory() as directory:
        async with _demo(directory) as demo, async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"]
            )
            await _take_all(browser, demo)
            await browser.close()


async def _take_all(browser: Browser, demo: Demo) -> None:
    page = await _log_in(browser, demo, DESK)
    await _open(page, "/executions", ".live tbody tr[data-id]")
    for words in TROUBLES:  # it takes the watcher some minutes to name all of them, and to call one stuck
        await page.locator(".live tbody tr[data-tone]", has_text=words).first.wait_for()
    await page.locator(".live tbody tr[data-tone=stuck]", has_text=TROUBLES[0]).first.wait_for()
    await _open(page, "/executions", ".live tbody tr[data-id]")  # in the order of now
    await _take(page, "executions")
    await _open(page, "/", CHART)
    await _take(page, "overview")
    await _open(page, "/presenter", "[data-fault]")
    await _take(page, "presenter")

    await _order(page, Fault.BREAK_STEP, slug=CUSTOMER[0])
    await _register(page)
    await page.get_by_text("Create schema keeps failing (5 tries)").wait_for()
    await _take(page, "full-disk")
    await page.locator(".page-header .badge", has_text="Completed").wait_for()
    await _take(page, "healed")

    await _order(page, Fault.TERMINATE_RUN)
    said = await page.get_by_text("was terminated in Temporal").inner_text()
    name = said.removeprefix("The run of ").partition(" was terminated")[0]
    await _open(page, "/reconciliation?standing=settled", STRIP)
    await page.locator(".live tbody tr", has_text=name).first.wait_for()
    await page.set_viewport_size({"width": DESK[0], "height": 1180})  # the passes are above what was found
    await _take(page, "reconciliation")
    await page.set_viewport_size({"width": DESK[0], "height": DESK[1]})

    await _order(page, Fault.STOP_WORKER)
    await _open(page, "/executions", ".live tbody tr[data-id]")
    await page.get_by_text("No worker answers").first.wait_for()
    await _take(page, "no-worker")

    phone = await _log_in(browser, demo, PHONE)
    await _open(phone, "/executions", ".live")
    await _take(phone, "phone")


async def _log_in(browser: Browser, demo: Demo, size: tuple[int, int]) -> Page:
    context = await browser.new_context(
        base_url=demo.url,
        viewport={"width": size[0], "height": size[1]},
        color_scheme="light",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    await page.goto("/login")
    await page.get_by_label("E-mail").fill(demo.email)
    await page.get_by_label("Password").fill(demo.password)
    await page.get_by_role("button", name="Log in").click()
    await page.wait_for_url(lambda url: "/login" not in url)
    return page


async def _open(page: Page, path: str, ready: str) -> None:
    await page.goto(path)
    await page.wait_for_function("window.did_handshake === true")
    await page.wait_for_selector(ready)


async def _order(page: Page, fault: Fault, *, slug: str | None = None) -> None:
    await _open(page, "/presenter", "[data-fault]")
    card = page.locator(f"[data-fault={fault.value}]")
    if slug is not None:
        await card.get_by_role("textbox").fill(slug)
    await card.locator(".fault-foot > button").click()


async def _register(page: Page) -> None:
    await _open(page, "/tenants/new", "[data-submit]")
    for field, value in zip(("slug", "name", "owner_email"), CUSTOMER, strict=True):
        await page.locator(f"[data-field={field}] input").fill(value)
    await page.locator("[data-submit]").click()
    await page.wait_for_url("**/executions/*")


async def _take(page: Page, name: str) -> None:
    await page.evaluate("document.fonts.ready")
    await page.screenshot(path=PICTURES / f"{name}.png", animations="disabled")
    print(PICTURES / f"{name}.png")


@asynccontextmanager
async def _demo(directory: Path) -> AsyncIterator[Demo]:
    process = await asyncio.create_subprocess_exec(
        *TENANTRY,
        "up",
        "--demo",
        "--data-dir",
        str(directory / "data"),
        "--port",
        str(ports.any_free()),
        cwd=ROOT,
        env=environment(),
        stdout=PIPE,
        stderr=STDOUT,
    )
    try:
        said = {title: value async for title, value in _said(process)}
        yield Demo(url=said["Open"], email=said["Log in as"], password=said["Password"])
    finally:
        process.send_signal(signal.SIGINT)
        await process.wait()


async def _said(process: Process) -> AsyncIterator[tuple[str, str]]:
    """What it says until it is ready, by its titles."""
    if process.stdout is None:
        return
    while line := (await process.stdout.readline()).decode():
        title, value = line[:18].strip(), line[18:].strip()
        yield title, value
        if title == "End with":
            return
    raise RuntimeError("`tenantry up --demo` ended")


if __name__ == "__main__":
    asyncio.run(main())
