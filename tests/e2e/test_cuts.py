"""A lost connection: nothing can be pressed, what was on its way is done once, and what was typed stays."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.async_api import Page, WebSocketRoute, expect

from embedded import ports
from operations.bootstrap import Services
from operations.statuses import CommandKind
from tests.consoles import Console, Servers, run_console
from tests.e2e.test_dialogs import REASON, Run, ask_to, commands, open_run
from tests.e2e.visits import Visits, go, settled
from tests.proxies import Proxy


@pytest.fixture
async def run(beside: Services) -> AsyncIterator[Run]:
    async with open_run(beside) as opened:
        yield opened


@pytest.fixture
async def way() -> AsyncIterator[Proxy]:
    """The way to a console of this test's own; its target is known later."""
    proxy = Proxy(target=("127.0.0.1", 0), port=ports.any_free())
    yield proxy
    await proxy.cut()


@pytest.fixture
async def far_console(servers: Servers, way: Proxy, logs: Path) -> AsyncIterator[Console]:
    async with run_console(servers, logs, public_url=f"http://localhost:{way.port}") as console:
        way.target = ("127.0.0.1", console.port)
        await way.restore()
        yield console


async def test_nothing_can_be_pressed_while_the_connection_is_cut(
    visits: Visits, far_console: Console, way: Proxy, beside: Services, run: Run
) -> None:
    page = await visits.begin(session=await far_console.accounts.session(), url=far_console.url)
    await go(page, run.path)
    await page.evaluate("window.sameDocument = true")
    dialog = await ask_to(page, "Terminate")
    await dialog.get_by_label("Reason").fill(REASON)

    await way.cut()
    await expect(dialog.get_by_role("status")).to_contain_text("You are offline", timeout=10_000)
    await expect(dialog.get_by_role("button", name="Terminate")).to_be_disabled()
    await page.keyboard.press("Control+Enter")
    await dialog.get_by_label("Reason").fill(f"{REASON}, urgent")
    await way.restore()

    await expect(dialog.get_by_role("button", name="Terminate")).to_be_enabled(timeout=20_000)
    await dialog.get_by_role("button", name="Terminate").click()
    await expect(dialog).to_be_hidden()
    assert await page.evaluate("window.sameDocument") is True
    assert await commands(beside, run) == [(CommandKind.TERMINATE, f"{REASON}, urgent")]
    visits.complaints.clear()  # of the tab, that it had lost its server


async def test_what_was_on_its_way_when_the_connection_was_cut_is_done_once(
    page: Page, visits: Visits, beside: Services, run: Run
) -> None:
    lost: list[str] = []

    def carry(route: WebSocketRoute) -> None:
        server = route.connect_to_server()

        async def send(message: str | bytes) -> None:
            if REASON in str(message) and not lost:
                lost.append(str(message))
                await route.close()
                await server.close()
            else:
                server.send(message)

        route.on_message(send)

    await page.route_web_socket("**/socket.io/**", carry)
    await go(page, run.path)
    dialog = await ask_to(page, "Cancel")
    await dialog.get_by_label("Reason").fill(REASON)

    await dialog.get_by_role("button", name="Cancel the run").click()

    await expect(dialog).to_be_hidden(timeout=20_000)
    assert len(lost) == 1
    assert await commands(beside, run) == [(CommandKind.CANCEL, REASON)]
    visits.complaints.clear()


async def test_a_half_filled_form_survives_a_reload_and_is_gone_after_use(page: Page) -> None:
    slug = f"half-{uuid4().hex[:8]}"
    await go(page, "/tenants/new")
    await expect(page.get_by_label("Slug")).to_be_focused()
    await page.keyboard.type(slug)
    await page.get_by_label("Name", exact=True).fill("Half filled")
    await page.get_by_label("Plan").click()
    await page.get_by_role("option", name="Business").click()
    await expect(page.locator(".field", has_text="Plan")).to_contain_text("Business")
    await page.wait_for_function("localStorage['tenantry.drafts'].includes('business')")

    await page.reload()
    await settled(page)

    await expect(page.get_by_label("Slug")).to_have_value(slug)
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Half filled")
    await expect(page.locator(".field", has_text="Plan")).to_contain_text("Business")
    await page.get_by_label("Owner's e-mail").fill(f"{slug}@half.example")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/executions/*")
    await go(page, "/tenants/new")
    await expect(page.get_by_label("Slug")).to_have_value("")


async def test_a_log_out_takes_what_was_typed_with_it(visits: Visits, console: Console) -> None:
    page = await visits.begin(session=await console.accounts.session())
    await go(page, "/tenants/new")
    await page.get_by_label("Slug").fill("secret-plans")
    await page.wait_for_function("localStorage['tenantry.drafts'].includes('secret-plans')")

    await page.get_by_role("button", name="Account of").click()
    await page.get_by_role("button", name="Log out").click()

    await page.wait_for_url("**/login")
    assert await page.evaluate("localStorage['tenantry.drafts']") is None


async def test_a_press_that_was_lost_with_its_connection_is_reported(page: Page, visits: Visits) -> None:
    is_cut = False

    def carry(route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        is_dead = False

        def receive(message: str | bytes) -> None:
            if not is_dead:  # nothing that was on its way arrives any more
                route.send(message)

        server.on_message(receive)

        async def send(message: str | bytes) -> None:
            nonlocal is_cut, is_dead
            if is_cut and "listener_id" in str(message):
                is_cut, is_dead = False, True
                await route.close()
                await server.close()
            else:
                server.send(message)

        route.on_message(send)

    await page.route_web_socket("**/socket.io/**", carry)
    await go(page, "/reconciliation")
    is_cut = True

    await page.get_by_role("button", name="Run now").click()

    await expect(page.get_by_text("The connection was cut while you pressed “Run now”")).to_be_visible(timeout=20_000)
    visits.complaints.clear()
