"""What narrows a list, as the browser shows it and tells it."""

from playwright.async_api import Browser, Page, expect

from tests.e2e.components.conftest import Look

LOG = "#log"


async def test_several_counts_are_chosen_at_once_and_dropped_one_by_one(look: Look) -> None:
    page = await look("/executions", running=False)
    counts = page.get_by_role("group", name="Filter by status")

    await counts.get_by_role("button", name="Failed").click()

    await expect(page.locator(LOG)).to_contain_text("choose (['stuck', 'failed'],)")
    await expect(counts.locator("[aria-pressed=true]")).to_have_count(2)

    await counts.get_by_role("button", name="Stuck").click()

    await expect(page.locator(LOG)).to_contain_text("choose (['failed'],)")
    await expect(counts.locator("[aria-pressed=true]")).to_have_count(1)


async def test_days_begin_and_end_with_the_clock_of_the_viewers_zone(browser: Browser, gallery: str) -> None:
    """The last Sunday of March has 23 hours in Berlin."""
    async with await browser.new_context(base_url=gallery, timezone_id="Europe/Berlin") as context:
        page = await opened(await context.new_page())

        await expect(page.get_by_role("group", name="Created, days in Europe/Berlin")).to_be_visible()
        await expect(page.get_by_label("Created from")).to_have_value("2026-03-29")
        await expect(page.get_by_label("Created to")).to_have_value("2026-03-29")

        await page.get_by_label("Created to").fill("2026-03-30")
        await page.get_by_label("Created to").dispatch_event("change")

        await expect(page.locator(LOG)).to_contain_text("days ('2026-03-28T23:00:00.000Z 2026-03-30T22:00:00.000Z',)")


async def opened(page: Page) -> Page:
    await page.goto("/executions")
    await page.wait_for_function("window.did_handshake === true")
    return page
