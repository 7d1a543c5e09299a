"""What comes and goes over the pages: axe finds nothing serious in it either."""

import pytest
from playwright.async_api import Page, expect

from operations.bootstrap import Services
from tests.e2e.test_deeds import waiting_for_approval
from tests.e2e.test_dialogs import ask_to
from tests.e2e.test_pages import serious_violations
from tests.e2e.visits import Scheme, Visits, go
from tests.proxies import Proxy
from workbench.consoles import Console

#: Twenty looks at the light of the updates and the age beside it.
LIGHTS = """
    new Promise((done) => {
        const seen = [];
        const timer = setInterval(() => {
            const light = document.querySelector(".freshness");
            const age = light.querySelector(".freshness-age")?.textContent.match(/[0-9.]+/)?.[0] ?? "0";
            seen.push([light.dataset.state, Number(age)]);
            if (seen.length < 20) return;
            clearInterval(timer);
            done(seen);
        }, 100);
    })
"""
pytestmark = pytest.mark.parametrize("scheme", ["light", "dark"])


@pytest.mark.long
async def test_what_opens_over_a_run_is_accessible(
    visits: Visits, admin_session: str, beside: Services, scheme: Scheme
) -> None:
    _, id_ = await waiting_for_approval(beside)
    page = await visits.begin(session=admin_session, scheme=scheme)
    await go(page, f"/executions/{id_}")

    violations = {}
    for action in ("Reject", "Cancel", "Terminate"):
        dialog = await ask_to(page, action)
        violations[action] = await serious_violations(page)
        await page.keyboard.press("Control+Enter")
        await expect(dialog.get_by_role("alert")).to_contain_text("A reason is needed")
        violations[f"{action}, refused"] = await serious_violations(page)
        await page.keyboard.press("Escape")
        await expect(dialog).to_be_hidden()
        await expect(page.get_by_role("button", name="More actions")).to_be_focused()
    await page.keyboard.press("?")
    await expect(page.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()
    violations["shortcuts"] = await serious_violations(page)

    assert {place: found for place, found in violations.items() if found} == {}


@pytest.mark.long
async def test_banners_and_an_offline_page_are_accessible(
    visits: Visits, empty_console: Console, way_to_database: Proxy, scheme: Scheme
) -> None:
    """The empty console has no worker, and says so."""
    page = await visits.begin(session=await empty_console.accounts.session(), scheme=scheme, url=empty_console.url)
    await go(page, "/tenants")
    violations = {}
    await expect(page.locator(".banner")).to_contain_text("No worker answers", timeout=30_000)
    violations["banner"] = await serious_violations(page)

    way_to_database.freeze()
    try:
        await expect(page.locator(".banner")).to_have_count(2, timeout=10_000)
        await shows_stale_light(page)
        violations["banners"] = await serious_violations(page)
    finally:
        way_to_database.thaw()
    await expect(page.locator(".banner")).to_have_count(1, timeout=10_000)

    assert violations == {"banner": {}, "banners": {}}
    visits.complaints.clear()


async def shows_stale_light(page: Page) -> None:
    """Never green beside an age of more than four seconds."""
    await expect(page.locator(".freshness")).to_have_attribute("data-state", "stale", timeout=10_000)
    states = await page.evaluate(LIGHTS)
    assert [age for state, age in states if state == "live" and age > 4.6] == []
