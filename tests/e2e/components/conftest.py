"""The gallery in a process of its own, and a way to look at it."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.async_api import Browser, Page

from embedded import ports

ROOT = Path(__file__).parents[3]
#: The rows that the server sends first have come; they would take the place of what a test does before.
IS_FOLLOWED = "getElement(document.querySelector('.live').id.slice(1)).follower.view !== null"
Look = Callable[..., Awaitable[Page]]


@pytest.fixture(scope="package")
def gallery() -> Iterator[str]:
    """The address of a running gallery."""
    port = ports.any_free()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "NICEGUI_"))}
    command = [sys.executable, "-m", "workbench.gallery", str(port)]
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        address = f"http://127.0.0.1:{port}"
        _wait_until_served(address, process)
        yield address
        process.terminate()


def _wait_until_served(address: str, process: "subprocess.Popen[bytes]") -> None:
    while process.poll() is None:
        try:
            with urlopen(f"{address}/login", timeout=1):
                return
        except OSError:
            continue
    raise RuntimeError("the gallery did not start")


@pytest.fixture
async def look(browser: Browser, gallery: str) -> AsyncIterator[Look]:
    """Open a page of the gallery: `await look("/executions", width=360, scheme="dark")`.

    Whatever the browser complains about, such as a breach of the content security policy, fails the test.
    """
    complaints: list[str] = []
    context = await browser.new_context(base_url=gallery, viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)

    async def open_page(path: str, *, width: int = 1440, scheme: str = "light", running: bool = True) -> Page:
        await page.request.post("/changes", params={"running": running})
        await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        await page.set_viewport_size({"width": width, "height": 900})
        await page.goto(path)
        if path.startswith("/login"):
            return page
        await page.wait_for_function("window.did_handshake === true")
        await page.wait_for_selector("h1")
        await page.evaluate("() => document.fonts.ready")
        if path.partition("?")[0] == "/executions":
            await page.wait_for_function(IS_FOLLOWED)
        return page

    yield open_page
    await context.close()
    assert complaints == []
