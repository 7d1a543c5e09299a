"""A step fails, the fault is mended, the step is tried now, and it is said whether that helped; or the run is ended."""

from playwright.async_api import Locator, Page, expect

from operations.bootstrap import Services
from tests.e2e.broken_tenants import Broken
from tests.e2e.test_dialogs import REASON, ask_to
from tests.e2e.visits import Visits, go


async def test_a_step_that_failed_27_times_is_tried_now_and_it_is_said_that_this_helped(
    visits: Visits, admin_session: str, beside: Services, broken: Broken
) -> None:
    page, other = await two(visits, admin_session, broken)
    row = other.locator(f"tr[data-id='{broken.execution_id}']")
    number = await broken.fail(27, beside.temporal)
    assert number >= 27
    for each in (f"{number} tries", "Migrate schema", "No space left on the database server", f"Retrying ×{number}"):
        await expect(row).to_contain_text(each)
    await expect(page.locator(".notice-title")).to_contain_text(f"Migrate schema keeps failing ({number} tries)")
    await expect(page.locator(".step[data-status=retrying]")).to_contain_text(f"{number} tries")

    await broken.mend()
    await page.get_by_role("button", name="Try now").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Tries “Migrate schema” now instead of later")
    await confirm(page, "Try the step now")

    await expect(badge(page)).to_have_text("Completed", timeout=60_000)
    await expect(page.get_by_text("Retry: moved on").first).to_be_visible(timeout=30_000)
    await expect(row.locator(".badge").first).to_have_text("Completed")
    await expect(row).not_to_contain_text("No space left")


async def test_an_end_by_force_says_what_it_leaves_and_a_run_takes_that_away(
    visits: Visits, admin_session: str, broken: Broken
) -> None:
    page, other = await two(visits, admin_session, broken)
    await expect(other.locator(f"tr[data-id='{broken.execution_id}']")).to_contain_text("No space left", timeout=30_000)
    await ask_to(page, "Terminate")
    dialog = page.get_by_role("dialog")
    await expect(points(dialog, "Done so far")).to_contain_text("Steps done: “Load tenant”, “Create schema”.")
    await expect(points(dialog, "Done so far")).to_contain_text("The schema tenant_")
    await expect(points(dialog, "What will happen")).to_contain_text("No clean-up runs")
    await expect(points(dialog, "What will happen")).not_to_contain_text("The schema tenant_")
    await confirm(page, "Terminate the run")
    await expect(badge(page)).to_have_text("Terminated", timeout=30_000)

    await ask_to(page, "Clean up")
    await expect(page.get_by_role("dialog")).to_contain_text("What is deleted is gone for ever.")
    await confirm(page, "Delete what is left")

    await page.wait_for_url(lambda url: str(broken.execution_id) not in url)
    await expect(badge(page)).to_have_text("Completed", timeout=60_000)
    await expect(page.locator(".card", has_text="Steps").get_by_text("Clean up schema", exact=True)).to_be_visible()
    await broken.mend()
    await go(page, f"/executions/{broken.execution_id}")
    await page.get_by_role("button", name="Retry").click()
    await confirm(page, "Retry")
    await page.wait_for_url(lambda url: str(broken.execution_id) not in url)
    await expect(badge(page)).to_have_text("Completed", timeout=60_000)


async def two(visits: Visits, session: str, broken: Broken) -> tuple[Page, Page]:
    """One browser on the run, and one on the list."""
    page, other = await visits.begin(session=session), await visits.begin(session=session)
    await go(page, f"/executions/{broken.execution_id}")
    await go(other, "/executions")
    return page, other


async def confirm(page: Page, action: str) -> None:
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Reason").fill(REASON)
    await dialog.get_by_role("button", name=action).click()
    await expect(dialog).to_be_hidden()


def badge(page: Page) -> Locator:
    return page.locator(".page-header .badge").first


def points(dialog: Locator, heading: str) -> Locator:
    return dialog.locator("h3", has_text=heading).locator("xpath=following-sibling::ul[1]")
