"""Where one is: titles of tabs, the way back in a list, and the focus on a page that has just come."""

import re

import pytest
from playwright.async_api import Page, expect
from psycopg import AsyncConnection

from operations.bootstrap import Services
from operations.queries.execution_views import ExecutionDetail
from operations.statuses import Status, TenantStatus
from tests.e2e.test_deeds import waiting_for_approval
from tests.e2e.test_pages import serious_violations
from tests.e2e.visits import Scheme, Visits, go
from tests.factories import add_execution, add_tenant

INSIDE = """element => {
    const [row, one] = [element.closest(".counts"), element].map((each) => each.getBoundingClientRect());
    return one.left >= row.left && one.right <= Math.min(row.right, innerWidth);
}"""
OVER_ROWS = """() => {
    const button = document.querySelector("[aria-label='Choose columns']").getBoundingClientRect();
    const row = document.querySelector("tr[data-id]").getBoundingClientRect();
    return button.bottom > row.top;
}"""


@pytest.mark.usefixtures("console")
async def test_a_page_that_is_not_there_has_a_title_of_its_own(visits: Visits, page: Page) -> None:
    await go(page, "/")
    for path, title in {
        "/executions/00000000-0000-0000-0000-000000000000": "Not found",
        "/nowhere/at/all": "There is no such page",
        "/tenants/nobody/more": "There is no such page",
    }.items():
        await go(page, path)
        await expect(page).to_have_title(re.compile(rf"^(\([\d,+]+\) )?{title} · Tenantry$"))
        await expect(page.locator("h1")).to_have_text(title)
    visits.forgive("404 (Not Found)")


async def test_back_undoes_the_page_turn_the_chip_and_the_search(page: Page, beside: Services) -> None:
    async with await AsyncConnection.connect(beside.database.dsn, autocommit=True) as connection:
        tenant = await add_tenant(connection, slug="back-and-forth", status=TenantStatus.ACTIVE)
        for _ in range(104):
            await add_execution(connection, status=Status.FAILED, entity_id=tenant)
    shown, search = page.locator(".pager-range"), page.get_by_label("Search tenant")
    chip = page.locator(".count", has_text="Failed")
    await go(page, "/executions?sort=-created_at")
    await search.press_sequentially("back-and-forth", delay=60)
    await page.wait_for_url("**q=back-and-forth**")  # what is typed is told a moment after the last key
    await expect(shown).to_have_text("1–50 of 104")
    await chip.click()
    await page.wait_for_url("**status=failed**")
    await expect(shown).to_have_text("1–50 of 104")
    await page.get_by_role("button", name="Next page").click()
    await expect(shown).to_have_text("51–100 of 104")

    await page.go_back()
    await expect(shown).to_have_text("1–50 of 104")
    await expect(chip).to_have_attribute("aria-pressed", "true")
    await page.go_back()
    await expect(chip).to_have_attribute("aria-pressed", "false")
    await expect(search).to_have_value("back-and-forth")
    await page.go_back()
    await expect(search).to_have_value("")
    assert page.url.endswith("/executions?sort=-created_at")

    await page.go_forward()
    await expect(search).to_have_value("back-and-forth")
    await expect(shown).to_have_text("1–50 of 104")


async def test_whoever_comes_by_a_row_stands_at_the_heading(page: Page, acme: ExecutionDetail) -> None:
    await go(page, "/executions?status=completed&q=acme")
    await page.locator(f"tr[data-id='{acme.execution.id}'] a").first.focus()
    await page.keyboard.press("Enter")

    await expect(page.locator("h1")).to_have_text("Acme Inc.")
    await expect(page.locator("h1")).to_be_focused()


async def test_offline_every_action_says_why_it_waits(visits: Visits, admin_session: str, beside: Services) -> None:
    _, id_ = await waiting_for_approval(beside)
    page = await visits.begin(session=admin_session)
    await go(page, f"/executions/{id_}")
    await page.get_by_role("button", name="More actions").click()
    items = page.get_by_role("menuitem")
    await expect(items.filter(has_text="Terminate")).to_be_enabled()

    await page.context.set_offline(True)
    await expect(page.locator("html[data-offline]")).to_have_count(1, timeout=20_000)

    number = await items.count()
    assert number > 1
    await expect(items.filter(has_text="You are offline")).to_have_count(number)
    looks = "all => [...new Set(all.map(each => getComputedStyle(each).color + getComputedStyle(each).opacity))]"
    assert len(await items.evaluate_all(looks)) == 1
    await expect(page.get_by_role("button", name="Approve")).to_have_attribute("title", "You are offline")
    await page.context.set_offline(False)
    await expect(items.filter(has_text="You are offline")).to_have_count(0, timeout=30_000)
    await expect(items.filter(has_text="Terminate")).to_be_enabled()
    visits.complaints.clear()


@pytest.mark.usefixtures("acme")
async def test_on_a_phone_the_chosen_chip_can_be_seen(visits: Visits, admin_session: str) -> None:
    page = await visits.begin(session=admin_session, width=390)
    await go(page, "/executions?status=failed")
    chip = page.locator(".count[aria-pressed=true]")
    await expect(chip.locator(".count-number")).not_to_have_text("–")

    await page.wait_for_function(f"({INSIDE})(document.querySelector('.count[aria-pressed=true]'))")


@pytest.mark.parametrize("width", [390, 1440])
async def test_the_choice_of_columns_in_a_card_covers_no_run(
    visits: Visits, admin_session: str, acme: ExecutionDetail, width: int
) -> None:
    page = await visits.begin(session=admin_session, width=width)
    await go(page, f"/tenants/{acme.execution.entity_slug}")
    await expect(page.locator("tr[data-id]").first).to_be_visible()

    assert not await page.evaluate(OVER_ROWS)


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
@pytest.mark.usefixtures("acme")
async def test_the_choice_of_columns_is_accessible(visits: Visits, admin_session: str, scheme: Scheme) -> None:
    page = await visits.begin(session=admin_session, scheme=scheme)
    await go(page, "/executions")
    await page.get_by_role("button", name="Choose columns").click()
    await expect(page.locator(".live-menu")).to_be_visible()

    assert await serious_violations(page) == {}
