"""The story that docs/demo.md tells: each trouble is seen, named, and over by itself, on a desk and on a phone."""

import shlex
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Locator, Page, expect
from psycopg import AsyncConnection

from embedded import ports
from embedded.environment import DATABASE_URL
from embedded.state import State
from operations.faults import LASTS, RUSHING, Fault
from tests.e2e.test_pages import serious_violations
from tests.e2e.visits import Visits, go
from tests.integration.embedded.running import Supervisors, passable_directory

TENANTRY = (sys.executable, "-c", "from console.cli import main; main()")
SOON, LATER = 40_000, 150_000  #: milliseconds: what is promised within ten seconds, and what ends after a minute


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """A running demo."""

    url: str
    email: str
    password: str
    database_url: str

    async def passes_over(self, fault: Fault, *, within: int = 0) -> None:
        """Its time is over now, or in so many seconds, and not in a minute; it ends by itself, as it does then."""
        async with await AsyncConnection.connect(self.database_url, autocommit=True) as connection:
            await connection.execute(
                "UPDATE demo.faults SET ends_at = clock_timestamp() + make_interval(secs => %s)"
                " WHERE fault = %s AND ended_at IS NULL",
                (within, fault.value),
            )


@pytest.fixture(scope="module")
async def stage() -> AsyncIterator[Stage]:
    with passable_directory() as directory:
        async with Supervisors(directory=directory) as supervisors:
            port = str(ports.any_free())
            command = (*TENANTRY, "up", "--demo", "--data-dir", str(directory), "--port", port)
            running = await supervisors.run(*command)
            for part in ("PostgreSQL", "migrations", "demo", "console"):  # each has its time
                await running.says(part)
            url = (await running.says("Open")).split()[1]
            email = (await running.says("Log in as")).split()[-1]
            password = (await running.says("Password")).split()[1]
            yield Stage(url=url, email=email, password=password, database_url=database_url(running.state))


def database_url(running: State) -> str:
    lines = map(shlex.split, Path(running.environment_file).read_text().splitlines())
    variables = dict(assignment.split("=", 1) for _, assignment in lines)
    return variables[DATABASE_URL]


@dataclass(frozen=True, kw_only=True, slots=True)
class Hall:
    """Two screens that show the same demo, neither of which is loaded again while the audience looks."""

    desk: Page
    phone: Page

    @property
    def screens(self) -> tuple[Page, Page]:
        return self.desk, self.phone

    async def go(self, path: str) -> None:
        for page in self.screens:
            await go(page, path)
            await page.evaluate("window.neverReloaded = true")

    async def sees(self, words: str, *, within: int = SOON) -> None:
        for page in self.screens:
            await expect(page.get_by_text(words).first).to_be_visible(timeout=within)
        await self._never_reloaded()

    async def is_warned(self, words: str) -> None:
        for page in self.screens:
            await expect(banner(page, words)).to_be_visible(timeout=SOON)
        await self._never_reloaded()

    async def is_calm_again(self, words: str) -> None:
        for page in self.screens:
            await expect(banner(page, words)).to_be_hidden(timeout=LATER)
        await self._never_reloaded()

    async def sees_status(self, word: str) -> None:
        for page in self.screens:
            await expect(page.locator(".page-header .badge").first).to_have_text(word, timeout=LATER)
        await self._never_reloaded()

    async def _never_reloaded(self) -> None:
        for page in self.screens:
            assert await page.evaluate("window.neverReloaded")


@pytest.fixture
async def hall(browser: Browser, stage: Stage) -> AsyncIterator[Hall]:
    async with Visits.of(browser, stage.url) as visits:
        hall = Hall(desk=await visits.begin(width=1440), phone=await visits.begin(width=390, scheme="dark"))
        for page in hall.screens:
            await log_in(page, stage)
        yield hall
        visits.complaints.clear()  # of servers that were away, as they should


async def log_in(page: Page, stage: Stage) -> None:
    await page.goto("/login")
    await page.get_by_label("E-mail").fill(stage.email)
    await page.get_by_label("Password").fill(stage.password)
    await page.get_by_role("button", name="Log in").click()
    await page.wait_for_url(lambda url: "/login" not in url)


async def order(page: Page, fault: Fault, *, slug: str | None = None) -> Locator:
    """Press its button; returns its card, which says that it goes on if it is not over at once."""
    await go(page, "/presenter")
    card = page.locator(f"[data-fault={fault.value}]")
    if slug is not None:
        await card.get_by_role("textbox").fill(slug)
    await card.locator(".fault-foot > button").click()
    if LASTS[fault]:
        is_said = "Goes on" if slug is None else f"Goes on for {slug}"
        await expect(card.locator(".fault-state")).to_contain_text(is_said, timeout=SOON)
    return card


async def register(page: Page, slug: str) -> None:
    await go(page, "/tenants/new")
    for field, value in (("slug", slug), ("name", slug.title()), ("owner_email", f"ada@{slug}.example")):
        await page.locator(f"[data-field={field}] input").fill(value)
    await page.locator("[data-submit]").click()
    await page.wait_for_url("**/executions/*", timeout=SOON)


def banner(page: Page, words: str) -> Locator:
    return page.locator(".banner, .notice", has_text=words).first


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_full_disk_is_named_on_the_page_of_one_customer_and_heals(hall: Hall, stage: Stage) -> None:
    await order(hall.phone, Fault.BREAK_STEP, slug="full-disk")

    await register(hall.desk, "full-disk")
    await hall.go(urlsplit(hall.desk.url).path)

    await hall.sees("No space left on the database server")
    await stage.passes_over(Fault.BREAK_STEP)

    await hall.sees_status("Completed")


@pytest.mark.long
async def test_what_the_clock_alone_ends_is_not_said_to_go_on(hall: Hall, stage: Stage) -> None:
    card = await order(hall.desk, Fault.BREAK_STEP, slug="hits-nobody")
    state = card.locator(".fault-state")

    await stage.passes_over(Fault.BREAK_STEP, within=5)

    await expect(state).to_have_text("", timeout=SOON)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_stopped_worker_is_told_on_every_page_and_runs_wait_for_it(hall: Hall, stage: Stage) -> None:
    await order(hall.desk, Fault.STOP_WORKER)
    await hall.go("/executions")
    await hall.is_warned("No worker answers")

    await register(hall.phone, "waits-for-a-worker")
    await hall.go(urlsplit(hall.phone.url).path)
    await stage.passes_over(Fault.STOP_WORKER)

    await hall.sees_status("Completed")
    await hall.is_calm_again("No worker answers")


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_frozen_temporal_is_told_and_what_was_registered_meanwhile_starts(hall: Hall) -> None:
    await order(hall.phone, Fault.FREEZE_TEMPORAL)
    await hall.go("/")
    await hall.is_warned("Temporal does not answer")

    await register(hall.desk, "waits-for-temporal")
    await hall.go(urlsplit(hall.desk.url).path)

    await hall.sees_status("Completed")
    await hall.is_calm_again("Temporal does not answer")


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_stopped_database_is_told_and_pages_recover_without_a_reload(hall: Hall) -> None:
    await hall.go("/presenter")
    cards = [page.locator(f"[data-fault={Fault.STOP_POSTGRES.value}]") for page in hall.screens]
    await cards[0].locator(".fault-foot > button").click()

    for card in cards:
        await expect(card.locator(".fault-state")).to_contain_text("Goes on, ends in", timeout=SOON)
        await expect(card.locator(".fault-foot > button")).to_be_disabled()
    await hall.is_warned("the database does not answer")
    await hall.is_calm_again("the database does not answer")
    for card in cards:
        await expect(card.locator(".fault-state")).to_have_text("", timeout=SOON)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_run_that_somebody_terminated_is_found_by_reconciliation(hall: Hall) -> None:
    await order(hall.phone, Fault.TERMINATE_RUN)
    said = hall.phone.get_by_text("was terminated in Temporal")
    await expect(said).to_be_visible(timeout=SOON)
    name = (await said.inner_text()).removeprefix("The run of ").partition(" was terminated")[0]

    await hall.go("/reconciliation")

    for page in hall.screens:
        finding = page.locator(".live tbody tr", has_text=name).first
        await expect(finding).to_contain_text("terminated", timeout=LATER)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_bad_build_is_named_on_the_page_of_a_run_that_it_fails_and_rolled_back(
    hall: Hall, stage: Stage
) -> None:
    await order(hall.phone, Fault.BAD_BUILD)

    await register(hall.desk, "meets-a-bad-build")
    await hall.go(urlsplit(hall.desk.url).path)

    await hall.sees("No region is known for the tenant", within=LATER)
    await stage.passes_over(Fault.BAD_BUILD)

    await hall.sees_status("Completed")


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_rush_of_registrations_becomes_active(hall: Hall) -> None:
    await order(hall.desk, Fault.RUSH)
    await expect(hall.desk.get_by_text(f"{RUSHING} customers were registered")).to_be_visible(timeout=LATER)

    await hall.go("/tenants?q=partners&status=active")

    for page in hall.screens:
        await expect(page.locator(".page-total")).to_have_text(str(RUSHING), timeout=LATER)


@pytest.mark.long
async def test_the_panel_is_accessible_and_fits_a_phone(hall: Hall) -> None:
    await hall.go("/presenter")

    assert [await serious_violations(page) for page in hall.screens] == [{}, {}]
    assert await hall.phone.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_all_of_it_can_begin_anew_under_the_eyes_of_who_is_logged_in(hall: Hall, stage: Stage) -> None:
    await register(hall.desk, "is-forgotten")
    await hall.go("/presenter")
    states = [page.locator(f"[data-fault={Fault.RESET.value}] .fault-state") for page in hall.screens]
    button = hall.phone.locator(f"[data-fault={Fault.RESET.value}] .fault-foot > button")
    await hall.desk.locator(f"[data-fault={Fault.STOP_WORKER.value}] .fault-foot > button").click()
    await expect(states[1]).to_contain_text("Not while “Stop the worker” goes on, which ends in", timeout=SOON)
    await expect(button).to_be_disabled()
    await stage.passes_over(Fault.STOP_WORKER)
    await button.click(timeout=SOON)
    dialog = hall.phone.get_by_role("dialog", name="Begin the demo anew?")
    await expect(dialog).to_contain_text("All that was registered and done since is gone")
    await dialog.get_by_role("button", name="Begin anew").click()
    for state in states:
        await expect(state).to_contain_text("Goes on", timeout=SOON)

    for state in states:
        await expect(state).to_have_text("", timeout=4 * LATER)
    await hall.is_calm_again("does not answer")

    await hall.go("/tenants?q=is-forgotten")
    await hall.sees("No tenant matches")
    await hall.go("/executions?status=completed")
    for page in hall.screens:
        await expect(page.locator(".live tbody tr[data-id]").first).to_be_visible(timeout=SOON)
