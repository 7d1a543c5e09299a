"""“Acme says that sign-up hangs”: from any page to the cause, and to what to do about it; then to a ticket."""

import re
from time import monotonic

import pytest
from playwright.async_api import Page, expect

from operations.bootstrap import Services
from tests.e2e.broken_tenants import Broken
from tests.e2e.test_pages import serious_violations
from tests.e2e.visits import Scheme, Visits, go
from workbench.servers import eventually

MOST_SECONDS = 10.0
#: The tab is looked away from, and the browser's notifications are kept.
LOOKS_AWAY = """
    window.told = [];
    window.Notification = class { constructor(title, options) { window.told.push([title, options.body]); } };
    Notification.permission = "granted";
    Notification.requestPermission = async () => "granted";
    Object.defineProperty(document, "hidden", { get: () => window.away === true });
"""


async def is_failing(beside: Services, broken: Broken) -> None:
    """Until the cause is on the row, as it is when somebody rings."""

    async def cause() -> str | None:
        return (await beside.reads.executions.detail(broken.execution_id)).execution.cause

    await eventually(cause, lambda seen: seen == "step_retrying")


@pytest.mark.parametrize("looks", [(1440, "light"), (390, "dark")])
async def test_from_any_page_to_the_cause_and_what_to_do_in_three_actions(
    visits: Visits, admin_session: str, beside: Services, broken: Broken, looks: tuple[int, Scheme]
) -> None:
    width, scheme = looks
    await is_failing(beside, broken)
    page = await visits.begin(session=admin_session, width=width, scheme=scheme)
    await go(page, "/reconciliation")
    began = monotonic()

    if width > 640:
        await page.keyboard.press("/")
    else:
        await page.get_by_role("button", name="Search").click()
    await page.keyboard.type(broken.slug)
    await expect(page.get_by_role("group", name="Tenants").get_by_role("option")).to_have_count(1)
    await page.keyboard.press("Enter")

    trouble = page.get_by_role("region", name="Open trouble")
    await expect(trouble).to_contain_text(re.compile("Migrate schema (failed|keeps failing)"))
    await expect(trouble.get_by_text("No space left", exact=False).first).to_be_visible()
    await expect(trouble).to_contain_text("Whoever runs the installation must act.")
    await expect(trouble).to_contain_text("Mend what the error says")
    await expect(trouble.get_by_role("button", name="Try now")).to_be_in_viewport()
    assert monotonic() - began < MOST_SECONDS
    await expect(page.locator(".events")).to_contain_text("“Migrate schema” failed")
    await expect(page.get_by_role("heading", name="In the schema")).to_be_visible()
    assert await serious_violations(page) == {}
    assert await page.evaluate("document.documentElement.scrollWidth") == width


async def test_a_found_run_is_acted_on_from_any_page(page: Page, beside: Services, broken: Broken) -> None:
    await is_failing(beside, broken)
    await go(page, "/tenants")

    await page.keyboard.press("/")
    await page.keyboard.type(broken.slug)
    await expect(page.get_by_role("group", name="Tenants").get_by_role("option")).to_have_count(1)
    await page.get_by_role("option", name="Try now").click()

    await expect(page.get_by_role("dialog")).to_contain_text("Tries “Migrate schema” now instead of later")
    await expect(page).to_have_url(re.compile(f"/executions/{broken.execution_id}$"))


async def test_both_truths_stand_side_by_side_and_a_brief_is_copied(
    page: Page, beside: Services, broken: Broken
) -> None:
    await is_failing(beside, broken)
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await go(page, f"/executions/{broken.execution_id}")

    await page.get_by_role("button", name="Ask Temporal now").click()
    sides = page.locator(".sides section")
    await expect(sides).to_have_count(2)
    for side in await sides.all():
        await expect(side).to_contain_text("Running")
        await expect(side).to_contain_text("Migrate schema")
    await expect(page.locator(".truths-verdict")).to_contain_text(re.compile("Both agree|Temporal counts"))
    await page.get_by_role("button", name="Copy brief").click()
    await expect(page.get_by_text("Brief for a ticket copied.")).to_be_visible()
    brief = await page.evaluate("navigator.clipboard.readText()")

    assert f"({broken.slug}): Provisioning, attempt 1" in brief
    assert re.search(r"- \*\*What is wrong:\*\* .*[Nn]o space left", brief)
    assert brief.endswith(f"- **Page:** {page.url}\n")
    await expect(page.locator(".step[data-status=retrying] .step-try")).not_to_have_count(0)
    await expect(page.locator(".tick.last")).to_have_text("now")


async def test_whoever_looks_elsewhere_is_told_when_it_moves(page: Page, beside: Services, broken: Broken) -> None:
    await is_failing(beside, broken)
    await page.add_init_script(LOOKS_AWAY)
    await go(page, f"/executions/{broken.execution_id}")
    await page.get_by_role("button", name="Tell me when this moves").click()
    await expect(page.get_by_role("button", name="You will be told")).to_have_attribute("aria-pressed", "true")
    await page.evaluate("window.away = true")

    await broken.mend()

    await expect(page).to_have_title(re.compile("● "), timeout=60_000)
    await page.wait_for_function("window.told.some(([, text]) => text.includes('the tenant is active'))")
    await page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    await expect(page).not_to_have_title(re.compile("● "))
    await expect(page.get_by_role("button", name="You will be told")).to_be_hidden()
