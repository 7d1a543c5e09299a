"""Selecting rows: by mouse, by keyboard and on a phone, over pages, changes and cuts; and what is offered for them."""

import re
from urllib.parse import quote_plus
from uuid import UUID, uuid4

import pytest
from playwright.async_api import Locator, Page, expect
from psycopg import AsyncConnection

from operations.bootstrap import Services
from operations.statuses import Role, Status
from tests.e2e.test_bulk import REASON, stuck
from tests.e2e.test_deeds import waiting_for_approval
from tests.e2e.test_pages import serious_violations
from tests.e2e.visits import Visits, go, settled
from tests.factories import set_status
from workbench.consoles import Console
from workbench.servers import eventually

KEPT = "tenantry.selection"
TOPS = "[...document.querySelectorAll('tbody tr')].slice(0, 9).map(r => r.dataset.id + r.getBoundingClientRect().top)"
#: As of an element that another page has taken the place of: what the server says to it reaches nobody.
UNREACHABLE = """() => {
    const { refs } = document.querySelector("#app")._vnode.component;
    const tables = Object.keys(refs).filter((name) => refs[name]?.clearSelection);
    for (const name of tables) refs[name].clearSelection = () => {};
    return tables.length;
}"""


def bar(page: Page) -> Locator:
    return page.get_by_role("toolbar", name="Selected rows")


async def open_list(page: Page, signature: str) -> None:
    await go(page, f"/executions?signature={quote_plus(signature)}")
    await expect(page.locator("tbody tr[data-id]").first).to_be_visible()


async def selected(page: Page) -> list[str]:
    ids: list[str] = await page.locator("tbody tr.selected").evaluate_all("rows => rows.map(row => row.dataset.id)")
    return ids


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
@pytest.mark.parametrize("width", [1440, 390])
async def test_forty_rows_are_selected_without_one_of_them_moving(
    visits: Visits, admin_session: str, connection: AsyncConnection, width: int, scheme: str
) -> None:
    signature = f"denied {uuid4().hex}"
    await stuck(connection, signature, 45)
    page = await visits.begin(session=admin_session, width=width, scheme="dark" if scheme == "dark" else "light")
    await open_list(page, signature)
    boxes = page.locator("tbody input[type=checkbox]")
    await boxes.first.scroll_into_view_if_needed()
    await page.evaluate("() => document.fonts.ready")
    tops = await page.evaluate(TOPS)

    await boxes.first.click()
    await expect(bar(page)).to_contain_text("1 selected")
    assert await page.evaluate(TOPS) == tops
    await boxes.nth(39).click(modifiers=["Shift"])

    await expect(bar(page)).to_contain_text("40 selected")
    await expect(bar(page).get_by_role("button", name="Retry 40 selected runs", exact=True)).to_be_enabled()
    await expect(bar(page).get_by_role("button", name="Approve")).to_have_count(0)
    assert await serious_violations(page) == {}
    await page.get_by_role("button", name="Next page").scroll_into_view_if_needed()
    await page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    pager, below = await page.locator(".pager").bounding_box(), await bar(page).bounding_box()
    assert pager is not None
    assert below is not None
    assert pager["y"] + pager["height"] <= below["y"] or below["y"] + below["height"] <= pager["y"]


async def test_a_selection_lasts_over_pages_and_changes_and_ends_with_its_filter(
    visits: Visits, admin_session: str, connection: AsyncConnection
) -> None:
    signature = f"denied {uuid4().hex}"
    ids = await stuck(connection, signature, 60)
    page = await visits.begin(session=admin_session)
    await open_list(page, signature)
    await page.get_by_role("checkbox", name="Select all rows on this page").check()
    await expect(bar(page)).to_contain_text("50 selected")
    first = await selected(page)

    await page.get_by_role("button", name="Next page").click()
    await expect(page.locator("tbody tr[data-id]")).to_have_count(10)
    await expect(bar(page)).to_contain_text("50 selected, 50 not on this page")
    await page.locator("tbody input[type=checkbox]").first.click()
    await expect(bar(page)).to_contain_text("51 selected, 50 not on this page")
    await page.get_by_role("button", name="Previous page").click()
    await expect(bar(page)).to_contain_text("51 selected, 1 not on this page")
    await eventually(lambda: selected(page), lambda ids: ids == first)  # the bar may be told before the table
    await set_status(connection, UUID(first[3]), Status.COMPLETED)
    await expect(page.locator(f"tr[data-id='{first[3]}']")).to_have_class(re.compile("selected.*gone|gone.*selected"))
    await expect(bar(page)).to_contain_text("51 selected, 2 not on this page")
    await page.get_by_role("button", name="Stuck").first.click()

    await expect(page.locator(".toast")).to_contain_text("51 selected runs are not selected any more")
    await expect(bar(page)).to_be_hidden()
    assert await selected(page) == []
    assert len(ids) == 60


async def test_all_that_match_are_selected_with_their_number(
    visits: Visits, admin_session: str, connection: AsyncConnection
) -> None:
    signature = f"denied {uuid4().hex}"
    await stuck(connection, signature, 60)
    page = await visits.begin(session=admin_session)
    await open_list(page, signature)
    await page.locator("tbody input[type=checkbox]").first.click()

    await bar(page).get_by_role("button", name="Select all 60 that match").click()

    await expect(bar(page)).to_contain_text("All 60 that match are selected")
    await expect(page.locator("tbody tr.selected")).to_have_count(50)
    await stuck(connection, signature, 1)
    await expect(bar(page)).to_contain_text("All 61 that match are selected")
    await page.reload()
    await expect(bar(page)).to_contain_text("All 61 that match are selected")
    await bar(page).get_by_role("button", name="Retry").click()
    dialog = page.get_by_role("dialog", name="Retry 61 runs?")
    await expect(dialog).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await page.locator("tbody input[type=checkbox]").first.click()
    await expect(bar(page)).to_contain_text("49 selected")
    await go(page, "/executions")
    await page.locator("tbody input[type=checkbox]").first.click()
    await expect(bar(page).get_by_role("button", name=re.compile("Select all"))).to_have_attribute(
        "aria-disabled", "true"
    )


async def test_by_keyboard_alone_a_range_is_selected_and_retried(
    visits: Visits, admin_session: str, beside: Services, connection: AsyncConnection
) -> None:
    signature = f"denied {uuid4().hex}"
    await stuck(connection, signature, 5)
    page = await visits.begin(session=admin_session)
    await open_list(page, signature)

    for key in ("j", "x"):
        await page.keyboard.press(key)
    await expect(bar(page)).to_contain_text("1 selected")
    for key in ("j", "j", "Shift+X"):
        await page.keyboard.press(key)
    await expect(bar(page)).to_contain_text("3 selected")
    await expect(bar(page).get_by_role("button", name="Retry 3 selected runs")).to_be_visible()
    for key in ("Escape", "a"):
        await page.keyboard.press(key)
    await expect(bar(page)).to_contain_text("5 selected")
    await expect(bar(page).get_by_role("button", name="Retry 5 selected runs")).to_be_visible()
    await page.keyboard.press("m")
    await expect(bar(page).get_by_role("button", name="Retry 5 selected runs")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name="Retry 5 runs?").get_by_label("Reason")).to_be_focused()
    await page.keyboard.type(REASON)
    await page.keyboard.press("Control+Enter")

    await page.wait_for_url("**/bulk/*")
    begun = [bulk for bulk in (await beside.reads.bulks.list()).items if bulk.reason == REASON]
    assert (begun[0].action, begun[0].total) == ("retry", 5)
    await page.go_back()
    await expect(page.locator("tbody tr[data-id]").first).to_be_visible()
    await expect(bar(page)).to_be_hidden()
    assert await selected(page) == []


async def test_what_was_selected_is_used_up_also_where_its_table_goes_before_it_is_told(
    visits: Visits, admin_session: str, connection: AsyncConnection
) -> None:
    signature = f"denied {uuid4().hex}"
    await stuck(connection, signature, 3)
    page = await visits.begin(session=admin_session)
    await open_list(page, signature)
    await page.keyboard.press("a")
    await expect(bar(page)).to_contain_text("3 selected")
    await bar(page).get_by_role("button", name="Retry 3 selected runs").click()
    await page.get_by_role("dialog", name="Retry 3 runs?").get_by_label("Reason").fill(REASON)
    assert await page.evaluate(UNREACHABLE) > 0

    await page.keyboard.press("Control+Enter")

    await page.wait_for_url("**/bulk/*")
    await page.go_back()
    await expect(page.locator("tbody tr[data-id]").first).to_be_visible()
    await expect(bar(page)).to_be_hidden()
    assert await selected(page) == []


@pytest.mark.parametrize(
    ("role", "offered"),
    [(Role.VIEWER, []), (Role.SUPPORT, ["Retry"]), (Role.OPERATOR, ["Retry", "Cancel", "Terminate"])],
)
async def test_the_bar_offers_what_a_role_may(
    visits: Visits, console: Console, connection: AsyncConnection, role: Role, offered: list[str]
) -> None:
    signature = f"denied {uuid4().hex}"
    await stuck(connection, signature, 2)
    page = await visits.begin(session=await console.accounts.session(f"{role}-bar@example.com", role))
    await open_list(page, signature)

    if not offered:
        await expect(page.locator("tbody input[type=checkbox]")).to_have_count(0)
        return
    await page.get_by_role("checkbox", name="Select all rows on this page").check()

    await expect(bar(page)).to_contain_text("2 selected")
    await expect(bar(page).locator(".q-icon:visible + span")).to_have_text(offered)


async def test_what_none_of_them_can_take_says_why(
    visits: Visits, admin_session: str, connection: AsyncConnection
) -> None:
    signature = f"denied {uuid4().hex}"
    ids = await stuck(connection, signature, 2)
    page = await visits.begin(session=admin_session)
    await open_list(page, signature)
    await page.get_by_role("checkbox", name="Select all rows on this page").check()
    terminate = bar(page).get_by_role("button", name="Terminate 2 selected runs")
    await expect(terminate).to_have_attribute("aria-label", "Terminate 2 selected runs")

    for id_ in ids:
        await set_status(connection, id_, Status.COMPLETED)

    await expect(terminate).to_have_attribute("aria-disabled", "true")
    await expect(terminate).to_have_attribute("title", re.compile("The run has ended"))
    await terminate.click(force=True)  # which Playwright would wait for
    await expect(page.locator(".toast")).to_contain_text("Terminate: The run has ended")
    await expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("width", [1440, pytest.param(390, marks=pytest.mark.long)])
async def test_what_waits_is_decided_together(visits: Visits, admin_session: str, beside: Services, width: int) -> None:
    asked = [await waiting_for_approval(beside) for _ in range(2)]
    page = await visits.begin(session=admin_session, width=width)
    await go(page, "/approvals")
    for slug, _ in asked:
        row = page.locator(".content tbody tr:not(.gone)").filter(has_text=slug)
        await row.get_by_role("checkbox", name=f"Select {slug.capitalize()}").check()
    await expect(bar(page)).to_contain_text("2 selected")
    assert await serious_violations(page) == {}

    await bar(page).get_by_role("button", name="Approve 2 selected runs").click()
    dialog = page.get_by_role("dialog", name="Approve 2 runs?")
    await dialog.get_by_label("Reason").fill(REASON)
    await dialog.get_by_role("button", name="Approve 2 runs").click()
    await page.wait_for_url("**/bulk/*")

    await expect(page.locator(".progress")).to_contain_text("2 were told the decision")
    made = [decision for _, id_ in asked for decision in await beside.reads.intents.decisions(id_)]
    assert [(each.decision, each.reason) for each in made] == [("approved", REASON)] * 2


async def on_the_way_back(page: Page, signature: str, change: str) -> None:
    """Two of three rows are selected, the page is left and `change` done in the tab, and Back leads to the list."""
    await open_list(page, signature)
    for row in (0, 1):
        await page.locator("tbody input[type=checkbox]").nth(row).click()
    await expect(bar(page)).to_contain_text("2 selected")
    await page.goto("/tenants")
    await settled(page)
    await page.evaluate(change)
    await page.go_back()
    await settled(page)
    await expect(page.locator("tbody tr[data-id]")).to_have_count(3)


@pytest.mark.parametrize(
    ("change", "number"),
    [
        ("0", 2),
        ("sessionStorage.clear()", 0),
        ("document.querySelector('[data-log-out]').dispatchEvent(new Event('submit', { bubbles: true }))", 0),
        (f"sessionStorage['{KEPT}'] = sessionStorage['{KEPT}'].replace(/.when.:[0-9]+/, '\"when\":0')", 0),
    ],
    ids=["came back", "kept nothing", "logged out", "later"],
)
async def test_no_row_shows_a_tick_that_is_not_selected_after_the_way_back(
    visits: Visits, admin_session: str, connection: AsyncConnection, change: str, number: int
) -> None:
    signature = f"denied {uuid4().hex}"
    await stuck(connection, signature, 3)
    page = await visits.begin(session=admin_session)

    await on_the_way_back(page, signature, change)

    await expect(page.locator("tbody tr.selected")).to_have_count(number)
    await expect(page.locator("tbody input:checked")).to_have_count(number)
