"""Situations in which people of other consoles tripped."""

from datetime import UTC, datetime

import pytest
from playwright.async_api import Page, expect

from operations.bootstrap import Services
from operations.queries.execution_views import ExecutionDetail
from operations.statuses import Plan, Role
from tests.e2e.test_deeds import registered, waiting_for_approval
from tests.e2e.test_pages import log_in, places
from tests.e2e.visits import Visits, go, settled
from workbench.consoles import Console

OTHER_CLOCK = """
    (() => {
        const Real = Date;
        window.Date = class extends Real {
            constructor(...given) { given.length ? super(...given) : super(Real.now() + SHIFT); }
            static now() { return Real.now() + SHIFT; }
        };
    })();
"""


VERBS = "Approve|Reject|Cancel|Terminate|Retry|Deprovision|Keep|Run now|Pause|Resume|Apply|Accept|Adopt|Ignore|Register"


@pytest.mark.parametrize("minutes", [-10, 10])
async def test_ages_are_right_by_a_browser_whose_clock_is_not(page: Page, beside: Services, minutes: int) -> None:
    slug, id_ = await waiting_for_approval(beside)
    await page.add_init_script(OTHER_CLOCK.replace("SHIFT", str(minutes * 60_000)))

    await go(page, f"/executions?q={slug}")
    listed = await page.locator(f"tr[data-id='{id_}'] time").first.inner_text()
    await go(page, f"/tenants/{slug}")
    ages = await page.locator(".content time:visible").all_inner_texts()

    assert abs((datetime.now(UTC).timestamp() * 1000 - await page.evaluate("Date.now()")) / 60_000) > 9
    assert " min" not in listed.replace("1 min", "").replace("2 min", "")
    assert [age for age in ages if "10 min" in age or "9 min" in age or "in 1" in age] == []
    assert ages != []


async def test_a_session_that_ends_in_an_open_tab_says_so_and_leads_back(visits: Visits, console: Console) -> None:
    page = await visits.begin(session=await console.accounts.session("sam@example.com", Role.SUPPORT))
    await go(page, "/executions?status=completed&q=acme")

    await console.accounts.execute(
        "UPDATE staff_sessions SET expires_at = now() WHERE staff_id IN"
        " (SELECT id FROM staff WHERE email = 'sam@example.com')"
    )

    await page.wait_for_url("**/login?ended=1&next=**", timeout=20_000)
    await expect(page.get_by_role("alert")).to_contain_text("Your session has ended")
    await log_in(page)
    await page.wait_for_url("**/executions?status=completed&q=acme")
    await settled(page)
    await expect(page.get_by_label("Search tenant")).to_have_value("acme")


async def test_back_and_forth_chips_search_and_list_agree(page: Page, acme: ExecutionDetail) -> None:
    row = page.locator(f"tr[data-id='{acme.execution.id}']")
    await go(page, "/executions?status=completed&q=acme")
    await expect(row).to_be_visible()
    await page.goto("/executions?status=failed&q=nobody-at-all")
    await settled(page)
    await expect(page.get_by_label("Search tenant")).to_have_value("nobody-at-all")

    await page.go_back()

    await settled(page)
    await expect(row).to_be_visible()
    await expect(page.get_by_label("Search tenant")).to_have_value("acme")
    pressed = page.locator(".counts [aria-current], .counts [aria-pressed=true]")
    await expect(pressed.filter(has_text="Completed")).to_have_count(1)


async def test_a_viewer_finds_nothing_to_act_with_anywhere(visits: Visits, console: Console, beside: Services) -> None:
    slug, id_ = await waiting_for_approval(beside)
    done, _ = await registered(beside, Plan.STARTER)
    page = await visits.begin(session=await console.accounts.session("vera@example.com", Role.VIEWER))

    usable = []
    for path in (*await places(page), f"/executions/{id_}", f"/tenants/{slug}", f"/tenants/{done}"):
        await go(page, path)
        if await page.get_by_role("button", name="More actions").count():
            await page.get_by_role("button", name="More actions").click()
        found = await page.locator(".content button, .content [role=menuitem], .content [role=button]").evaluate_all(
            "(found, verbs) => found.filter((each) => new RegExp(`^(\\\\w+ )?(${verbs})`).test(each.textContent.trim())"
            " && !each.disabled && each.getAttribute('aria-disabled') !== 'true').map((each) => each.textContent)",
            VERBS,
        )
        usable += [(path, text) for text in found]

    assert usable == []
