"""The page Help, and the keys that it lists."""

import pytest
from playwright.async_api import Page, expect

from tests.e2e.test_pages import serious_violations
from tests.e2e.visits import Scheme, Visits, go


async def test_help_is_one_key_away_and_lists_the_keys_of_the_question_mark(page: Page) -> None:
    await go(page, "/tenants")
    await page.keyboard.press("g")
    await page.keyboard.press("h")
    await page.wait_for_url("**/help")
    await expect(page.get_by_role("heading", name="Help", level=1)).to_be_visible()

    listed = await page.locator(".help .keys > div").all_inner_texts()

    offered = await page.locator("#shortcuts .keys > div").evaluate_all("lines => lines.map(line => line.textContent)")
    assert [text.replace("\n", "").replace(" ", "") for text in listed] == [text.replace(" ", "") for text in offered]
    assert len(listed) > 10
    await expect(page.locator(".help .badge", has_text="Terminated")).to_be_visible()
    await page.get_by_role("link", name="No worker", exact=True).click()
    await page.wait_for_url("**/runbook/no_worker")


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_help_fits_a_phone_and_is_accessible(visits: Visits, admin_session: str, scheme: Scheme) -> None:
    page = await visits.begin(session=admin_session, width=390, scheme=scheme)

    await go(page, "/help")

    assert await serious_violations(page) == {}
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
