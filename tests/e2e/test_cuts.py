"""A lost connection: nothing can be pressed, what was on its way is done once, and what was typed stays."""

import asyncio
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.async_api import Locator, Page, WebSocketRoute, expect

from embedded import ports
from operations.bootstrap import Services
from operations.errors import TenantNotFound
from operations.statuses import CommandKind
from tests.e2e.test_dialogs import REASON, Run, ask_to, commands, open_run
from tests.e2e.visits import Visits, go, settled
from tests.proxies import Proxy
from workbench.consoles import Console, Servers, run_console
from workbench.servers import eventually


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
    is_read = asyncio.Event()

    async def carry(route: WebSocketRoute) -> None:
        if lost:
            await is_read.wait()  # what is said of the cut goes when the connection is back
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

    await expect(dialog.get_by_role("status")).to_contain_text("It is sent again when the connection is back")
    is_read.set()
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


NOTHING_DONE = "You are offline: nothing was done"
REPORTED = "The connection was cut while you pressed"
DONE = "done"
LOADED_ANEW = "What you typed is kept"


@dataclass(frozen=True, kw_only=True, slots=True)
class HalfDone:
    """Two people in two browsers: one fills in a form, one gives a reason and has narrowed a list in another tab."""

    form: Page
    asked: Page
    listed: Page
    slug: str
    run: Run
    services: Services

    @classmethod
    async def begin(cls, visits: Visits, console: Console, run: Run, services: Services) -> "HalfDone":
        form = await visits.begin(session=await console.accounts.session(), url=console.url)
        asked = await visits.begin(session=await console.accounts.session(), url=console.url)
        listed = await asked.context.new_page()
        slug = f"long-{uuid4().hex[:8]}"
        await go(form, "/tenants/new")
        await form.get_by_label("Slug").fill(slug)
        await form.get_by_label("Name", exact=True).fill("Long cut")
        await form.get_by_label("Plan").click()
        await form.get_by_role("option", name="Business").click()
        await go(asked, run.path)
        await (await ask_to(asked, "Terminate")).get_by_label("Reason").fill(REASON)
        await go(listed, "/executions")
        await listed.get_by_role("searchbox").fill("asked-")
        await listed.wait_for_url("**q=asked-**")
        return cls(form=form, asked=asked, listed=listed, slug=slug, run=run, services=services)

    @property
    def register(self) -> Locator:
        return self.form.get_by_role("button", name="Register")

    async def press_offline(self) -> None:
        """Both press, and are told that nothing was done, or cannot press."""
        await expect(self.form.locator("html[data-offline]")).to_have_count(1, timeout=20_000)
        await self.register.dispatch_event("click")
        await expect(self.form.get_by_text(NOTHING_DONE).first).to_be_visible()
        await expect(self.asked.get_by_role("dialog").get_by_role("status")).to_contain_text("You are offline")
        await self.asked.keyboard.press("Control+Enter")

    async def are_back(self) -> None:
        for page in (self.form, self.asked, self.listed):
            await page.wait_for_function("window.did_handshake === true", timeout=60_000)
            await expect(page.locator("html[data-offline]")).to_have_count(0, timeout=60_000)

    async def is_as_it_was(self) -> None:
        await expect(self.form.get_by_label("Slug")).to_have_value(self.slug)
        await expect(self.form.get_by_label("Name", exact=True)).to_have_value("Long cut")
        await expect(self.form.locator(".field", has_text="Plan")).to_contain_text("Business")
        await expect(self.listed.get_by_role("searchbox")).to_have_value("asked-")
        if not await self.asked.get_by_role("dialog").count():  # the page was loaded anew, and has said so
            await expect(self.asked.get_by_text(LOADED_ANEW)).to_be_visible()
            await ask_to(self.asked, "Terminate")
        await expect(self.asked.get_by_label("Reason")).to_have_value(REASON)

    async def register_now(self) -> None:
        """A press that its connection took with it is reported; then it is pressed once more."""

        async def answer() -> str:
            if "/executions/" in self.form.url:
                return DONE
            return REPORTED if await self.form.get_by_text(REPORTED).count() else ""

        await self.register.click()
        if await eventually(answer, bool, within=15) == REPORTED:
            await self.are_back()
            await self.register.click()
        await self.form.wait_for_url("**/executions/*")

    async def go_on(self) -> None:
        """Nothing was done by what was pressed offline; now both press again, and it is done once."""
        await self.are_back()
        await self.is_as_it_was()
        with pytest.raises(TenantNotFound):
            await self.services.reads.tenants.by_slug(self.slug)
        assert await commands(self.services, self.run) == []
        await self.form.get_by_label("Owner's e-mail").fill(f"{self.slug}@long.example")
        await self.register_now()
        await self.asked.get_by_role("dialog").get_by_role("button", name="Terminate").click()
        await expect(self.asked.get_by_role("dialog")).to_be_hidden()
        assert await commands(self.services, self.run) == [(CommandKind.TERMINATE, REASON)]
        assert (await self.services.reads.tenants.by_slug(self.slug)).plan == "business"
        for page in (self.form, self.asked):
            assert await page.evaluate("Object.keys(JSON.parse(localStorage['tenantry.drafts']).drafts)") == []


@pytest.fixture
async def half_done(visits: Visits, far_console: Console, beside: Services, run: Run) -> AsyncIterator[HalfDone]:
    half_done = await HalfDone.begin(visits, far_console, run, beside)
    yield half_done
    for page in (half_done.form, half_done.asked):
        await page.context.close()  # before their console ends, of which they would complain
    visits.complaints.clear()  # of the tabs, that they had lost their server


async def for_seconds(seconds: float) -> None:
    """As long as what the test is about lasts."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds

    async def now() -> float:
        return loop.time()

    await eventually(now, lambda time: time >= until, within=seconds + 5)


@pytest.mark.long
@pytest.mark.timeout(400)
@pytest.mark.parametrize("cuts", [(60,), (20, 20, 20)], ids=["60 s", "3 x 20 s"])
async def test_half_done_work_survives_long_cuts(half_done: HalfDone, way: Proxy, cuts: tuple[int, ...]) -> None:
    for seconds in cuts:
        await way.cut()
        await half_done.press_offline()
        await for_seconds(seconds)
        await way.restore()
        await half_done.are_back()
        await half_done.is_as_it_was()

    await half_done.go_on()


@pytest.mark.long
async def test_half_done_work_survives_a_browser_that_is_switched_offline(
    visits: Visits, console: Console, beside: Services, run: Run
) -> None:
    half_done = await HalfDone.begin(visits, console, run, beside)
    browsers = (half_done.form.context, half_done.asked.context)

    for browser in browsers:
        await browser.set_offline(True)
    await half_done.press_offline()
    for browser in browsers:
        await browser.set_offline(False)

    await half_done.go_on()
    visits.complaints.clear()


@pytest.mark.long
async def test_half_done_work_survives_a_frozen_way(half_done: HalfDone, way: Proxy) -> None:
    way.freeze()
    await half_done.press_offline()
    way.thaw()

    await half_done.go_on()


@pytest.mark.long
async def test_half_done_work_survives_a_console_that_is_stopped_and_goes_on(
    half_done: HalfDone, far_console: Console
) -> None:
    far_console.process.send_signal(signal.SIGSTOP)
    try:
        await half_done.press_offline()
    finally:
        far_console.process.send_signal(signal.SIGCONT)

    await half_done.go_on()


@pytest.mark.long
async def test_half_done_work_survives_a_console_that_is_killed_and_started_again(
    half_done: HalfDone, far_console: Console, servers: Servers, logs: Path
) -> None:
    far_console.process.kill()
    await half_done.press_offline()

    async with run_console(servers, logs, public_url=far_console.url, port=far_console.port):
        await half_done.go_on()
