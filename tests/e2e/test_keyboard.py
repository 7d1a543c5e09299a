"""Whole jobs without a mouse."""

from functools import partial

import pytest
from playwright.async_api import Locator, Page, expect

from operations.bootstrap import Services
from operations.statuses import PassTrigger
from tests.e2e.test_deeds import waiting_for_approval
from tests.e2e.test_dialogs import REASON
from tests.e2e.visits import go
from workbench.servers import insisting

MOST_STOPS = 80  #: of the Tab key on a page


async def tab_to(page: Page, place: Locator) -> None:
    """Where the focus is must be visible at every stop."""
    await expect(place).to_be_visible()
    for _ in range(MOST_STOPS):
        await page.keyboard.press("Tab")
        if await place.evaluate("element => element.contains(document.activeElement)"):
            assert await page.evaluate("document.activeElement.matches(':focus-visible')")
            return
    raise AssertionError(f"{MOST_STOPS} times Tab do not lead to {place}")


async def open_by_keys(page: Page, slug: str) -> None:
    """From the overview to the run, by the search over any page, through its list."""
    await go(page, "/")
    await page.keyboard.press("/")
    await page.keyboard.type(slug)
    run = page.get_by_role("group", name="Executions").get_by_role("option", name=slug.capitalize())
    await expect(run).to_be_visible()
    await expect(page.get_by_role("dialog").get_by_role("status")).not_to_have_text("Searching")
    for _ in range(await page.get_by_role("option").count()):
        if await run.get_attribute("aria-selected") == "true":
            break
        await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/executions/*")


async def give_reason(page: Page) -> None:
    await expect(page.get_by_label("Reason")).to_be_focused()
    await page.keyboard.type(REASON)
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("dialog")).to_be_hidden()


@pytest.mark.usefixtures("console")
async def test_a_run_is_approved_by_keyboard_alone(page: Page, beside: Services) -> None:
    slug, id_ = await waiting_for_approval(beside)
    await open_by_keys(page, slug)

    await tab_to(page, page.get_by_role("button", name="Approve"))
    await page.keyboard.press("Enter")
    await give_reason(page)

    await expect(page.locator(".page-header .badge").first).to_have_text("Completed", timeout=30_000)
    assert [each.reason for each in await beside.reads.intents.decisions(id_)] == [REASON]
    await page.wait_for_function("document.activeElement !== document.body")


@pytest.mark.usefixtures("console")
async def test_a_run_is_terminated_and_retried_by_keyboard_alone(page: Page, beside: Services) -> None:
    slug, _ = await waiting_for_approval(beside)
    await open_by_keys(page, slug)

    await tab_to(page, page.get_by_role("button", name="More actions"))
    await page.keyboard.press("Enter")
    item = page.get_by_role("menuitem", name="Terminate")
    await expect(page.get_by_role("menuitem").first).to_be_focused()
    for _ in range(await page.get_by_role("menuitem").count()):
        if not await item.evaluate("element => element === document.activeElement"):
            await page.keyboard.press("ArrowDown")
    await expect(item).to_be_focused()
    await page.keyboard.press("Enter")
    await give_reason(page)
    await insisting(partial(beside.reconciler.run_pass, PassTrigger.OPERATOR, "test"))
    await expect(page.locator(".page-header .badge").first).to_have_text("Terminated", timeout=30_000)
    await tab_to(page, page.get_by_role("button", name="Retry"))
    await page.keyboard.press("Enter")
    await give_reason(page)

    await expect(page.locator(".page-subtitle")).to_contain_text("attempt 2")
