"""The page of what waits for a decision: live, decided from, and counted in the drawer."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from operations.bootstrap import Services
from operations.queries.execution_views import ExecutionDetail
from operations.statuses import Role
from tests.e2e.test_deeds import waiting_for_approval
from tests.e2e.test_dialogs import REASON
from tests.e2e.test_pages import serious_violations
from tests.e2e.visits import Visits, go
from workbench.consoles import Console
from workbench.servers import eventually


def tally(page: Page) -> Locator:
    return page.locator("#drawer a[href='/approvals'] .tally")


def listed(page: Page, slug: str) -> Locator:
    return page.locator(".content tbody tr:not(.gone)").filter(has_text=slug)


async def says(page: Page, services: Services) -> None:
    """The drawer counts what waits now: what other tests left changes by itself."""

    async def look() -> tuple[str | None, str]:
        return await tally(page).text_content(), f"{(await services.reads.attention.now()).approvals:,} waiting"

    await eventually(look, lambda seen: seen[0] is not None and seen[0].strip() == seen[1])


@pytest.mark.parametrize("width", [1440, pytest.param(390, marks=pytest.mark.long)])
@pytest.mark.usefixtures("acme")
async def test_what_waits_is_listed_counted_and_decided_from_the_list(
    visits: Visits, admin_session: str, beside: Services, width: int
) -> None:
    page = await visits.begin(session=admin_session, width=width)
    other = await visits.begin(session=admin_session, width=width)
    await go(page, "/approvals")
    await go(other, "/tenants")

    slug, id_ = await waiting_for_approval(beside)
    other_slug, other_id = await waiting_for_approval(beside)

    await expect(listed(page, slug)).to_contain_text("on the plan Enterprise")
    await expect(listed(page, slug)).to_contain_text("in 6 d 23 h")
    for each in (page, other):
        await says(each, beside)
    for word in ("Approve", "Reject"):  # no bare icons of which one ends the run
        await expect(listed(page, slug).get_by_text(word, exact=True)).to_be_visible()
    await stand_apart(listed(page, slug), tall=44 if width == 390 else 32)
    await listed(page, slug).get_by_role("checkbox").check()
    await stand_apart(page.get_by_role("toolbar", name="Selected rows"), tall=44 if width == 390 else 32)
    await page.get_by_role("button", name="Clear selection").click()
    await listed(page, slug).get_by_role("button", name=re.compile("Approve")).click()
    await decide(page, "Approve")
    await expect(page.get_by_text(re.compile(f"^{slug}.*: approved\\.$", re.IGNORECASE))).to_be_visible()
    await expect(listed(page, slug)).to_have_count(0)
    await listed(page, other_slug).get_by_role("button", name=re.compile("Reject")).click()
    await decide(page, "Reject")
    await expect(listed(page, other_slug)).to_have_count(0)
    for each in (page, other):
        await says(each, beside)
    made = [decision for run in (id_, other_id) for decision in await beside.reads.intents.decisions(run)]
    assert [(each.decision, each.reason) for each in made] == [("approved", REASON), ("rejected", REASON)]


async def stand_apart(row: Locator, *, tall: int) -> None:
    """What approves and what rejects: nobody presses the one for the other, with a thumb either."""
    approve, reject = [
        await row.get_by_role("button", name=re.compile(word)).bounding_box() for word in ("Approve", "Reject")
    ]
    assert approve is not None
    assert reject is not None
    assert reject["x"] - (approve["x"] + approve["width"]) >= 12
    assert min(approve["height"], reject["height"]) >= tall


async def decide(page: Page, action: str) -> None:
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Reason").fill(REASON)
    await dialog.get_by_role("button", name=action).click()
    await expect(dialog).to_be_hidden()


async def test_who_may_not_decide_reads_alone(visits: Visits, console: Console, beside: Services) -> None:
    slug, _ = await waiting_for_approval(beside)
    page = await visits.begin(session=await console.accounts.session("reads@example.com", Role.SUPPORT))

    await go(page, "/approvals")

    await expect(listed(page, slug)).to_be_visible()
    await expect(page.locator(".content tbody button").filter(has_text=re.compile("approve|reject"))).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
async def test_the_page_is_accessible(
    visits: Visits, admin_session: str, beside: Services, acme: ExecutionDetail, scheme: str
) -> None:
    slug, _ = await waiting_for_approval(beside)
    page = await visits.begin(session=admin_session, scheme="dark" if scheme == "dark" else "light")
    await go(page, "/approvals")
    await expect(listed(page, slug)).to_be_visible()

    assert acme.execution.status == "completed"
    assert await serious_violations(page) == {}
