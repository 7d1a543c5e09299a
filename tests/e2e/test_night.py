"""At three in the morning: forty runs stand still by one fault; it is mended, one goes first, the others follow."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from time import monotonic

import pytest
from playwright.async_api import Locator, Page, expect

from operations.bootstrap import Services
from tests.e2e.broken_tenants import BrokenGroup, broken_group
from tests.e2e.test_pages import serious_violations
from tests.e2e.visits import Visits, go
from workbench.servers import eventually

pytestmark = [pytest.mark.long, pytest.mark.parametrize("width", [1440, 390])]
NUMBER = 40
MOST_CLICKS = 10


@dataclass(kw_only=True, slots=True)
class Hand:
    """Counts what a person has to press."""

    page: Page
    clicks: int = 0
    began: float = field(default_factory=monotonic)

    async def click(self, what: Locator) -> None:
        self.clicks += 1
        await what.click()

    async def back(self) -> None:
        self.clicks += 1
        await self.page.go_back()


@pytest.fixture
async def night(beside: Services) -> AsyncIterator[BrokenGroup]:
    """None goes on by itself between the mending and the first press, nor changes what the person is asked."""
    async with broken_group(beside, NUMBER) as made:
        await made.rest(beside.temporal)
        yield made


async def test_forty_runs_go_on_after_one_look_one_canary_and_one_button(
    visits: Visits, admin_session: str, night: BrokenGroup, width: int
) -> None:
    page = await visits.begin(session=admin_session, width=width)
    await go(page, "/")
    hand, board = Hand(page=page), page.locator(".incident", has_text=f"quota of {night.name} is used up")
    await hand.click(board.get_by_role("link", name=f"Show all {NUMBER}"))
    await page.wait_for_url("**/executions?*")
    await hand.click(page.locator("tbody tr", has_text="Night").locator("a.live-link").first)
    await expect(page.locator(".notice")).to_contain_text(f"quota of {night.name} is used up")

    await hand.back()
    await hand.back()
    await hand.click(board.get_by_role("link", name="Retry one first"))
    dialog = page.get_by_role("dialog", name=re.compile("Retry one of .* runs first"))
    await dialog.get_by_label("Reason").fill("quota raised, ticket 4711")
    assert not await serious_violations(page)
    await night.mend()
    await hand.click(dialog.get_by_role("button", name="Retry one first"))
    await page.wait_for_url("**/bulk/*")
    others = page.get_by_role("button", name=re.compile(r"Retry the other \d+"))
    await expect(page.locator(".notice-text")).to_contain_text("went first and moved on", timeout=60_000)
    await hand.click(others)

    settled, total = [await _settled(page)], await _number(page, "aria-valuemax")
    while settled[-1] < total:
        settled.append(await eventually(lambda: _settled(page), lambda now: now > settled[-1], within=60))
    assert settled == sorted(settled)
    await expect(page.locator(".notice-title")).to_have_text(
        re.compile(r"^(\d+ moved on)(, \d+ went on by \w+)?\.$"), timeout=120_000
    )
    helped = [int(number) for number in re.findall(r"\d+", await page.locator(".notice-title").inner_text())]
    assert sum(helped) == total
    assert not await serious_violations(page)
    await hand.click(page.locator(".facts").get_by_role("link", name=re.compile("^Night")))
    await hand.click(page.get_by_role("button", name="Leave a note"))
    await page.get_by_role("dialog").get_by_label("Note").fill("Quota raised; all forty went on.")
    await hand.click(page.get_by_role("dialog").get_by_role("button", name="Leave the note"))
    await expect(page.locator(".triage")).to_contain_text("Quota raised; all forty went on.")

    await expect(page.get_by_text(re.compile(r"Part of a bulk operation: Retry \d+ runs"))).to_be_visible()
    assert hand.clicks <= MOST_CLICKS
    print(f"{hand.clicks} clicks, {monotonic() - hand.began:.0f} s, at {width} px: {helped} of {total}")  # noqa: T201


async def _settled(page: Page) -> int:
    return await _number(page, "aria-valuenow")


async def _number(page: Page, attribute: str) -> int:
    return int(await page.get_by_role("progressbar").get_attribute(attribute) or 0)
