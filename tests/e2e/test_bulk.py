"""Many runs at once: what is asked before, how far it is, and what became of each."""

from uuid import UUID, uuid4

import pytest
from playwright.async_api import Locator, Page, expect
from psycopg import AsyncConnection

from operations.bootstrap import Services
from operations.statuses import Role, Status
from tests.e2e.test_pages import serious_violations
from tests.e2e.visits import Visits, go
from tests.factories import add_execution, add_tenant, set_status
from workbench.consoles import Console

REASON = "quota raised, ticket 4711"


async def stuck(connection: AsyncConnection, signature: str, number: int) -> list[UUID]:
    """Runs that the watcher leaves as they are, and that Temporal does not know."""
    ids = []
    for _ in range(number):
        tenant = await add_tenant(connection, slug=f"many-{uuid4().hex[:8]}")
        ids.append(await add_execution(connection, status=Status.RUNNING, entity_id=tenant))
    await connection.execute(
        "UPDATE workflow_executions SET health = 'stuck', cause = 'step_retrying', signature = %s, cause_detail = %s,"
        " health_since = now(), last_progress_at = now() + interval '1 hour' WHERE id = ANY(%s)",
        (signature, signature, ids),
    )
    return ids


def group_of(signature: str) -> str:
    return f"/groups/step_retrying?signature={signature.replace(' ', '+')}"


async def ask_to(page: Page, action: str) -> Locator:
    await page.get_by_role("button", name="More for all of them").click()
    await page.get_by_role("menuitem", name=action).click()
    return page.get_by_role("dialog")


@pytest.mark.parametrize("width", [1440, 390])
async def test_a_preview_says_what_will_be_done_and_follows_what_changes(
    visits: Visits, admin_session: str, connection: AsyncConnection, width: int
) -> None:
    signature = f"denied {uuid4().hex}"
    ids = await stuck(connection, signature, 3)
    page = await visits.begin(session=admin_session, width=width)
    await go(page, group_of(signature))

    await page.get_by_role("button", name="Retry all").click()
    dialog = page.get_by_role("dialog", name="Retry 3 runs?")
    await expect(dialog).to_contain_text("3 runs: Tries")
    await dialog.get_by_label("Reason").fill(REASON)
    await set_status(connection, ids[0], Status.COMPLETED)

    moved = page.get_by_role("dialog", name="Retry 2 runs?")
    await expect(moved).to_contain_text("it now says how things stand")
    await expect(moved).to_contain_text("1 run: The execution completed; there is nothing to retry.")
    await expect(moved.get_by_label("Reason")).to_have_value(REASON)
    assert not await serious_violations(page)
    await moved.get_by_role("button", name="Retry 2 runs").click()
    await page.wait_for_url("**/bulk/*")
    await expect(page.get_by_role("heading", name="Retry 3 runs")).to_be_visible()


async def test_what_ends_runs_takes_their_number(
    visits: Visits, admin_session: str, beside: Services, connection: AsyncConnection
) -> None:
    signature = f"denied {uuid4().hex}"
    await stuck(connection, signature, 2)
    page = await visits.begin(session=admin_session)
    await go(page, group_of(signature))
    dialog = await ask_to(page, "Terminate all")
    await dialog.get_by_label("Reason").fill(REASON)

    await dialog.get_by_label("Type 2 to confirm").fill("3")
    await dialog.get_by_role("button", name="Terminate 2 runs").click()
    await expect(dialog.get_by_role("alert")).to_have_text("Type 2 to confirm.")
    await expect(dialog.get_by_label("Type 2 to confirm")).to_be_focused()
    assert [
        bulk.reason for bulk in (await beside.reads.bulks.list()).items if bulk.group == ("step_retrying", signature)
    ] == []
    await dialog.get_by_label("Type 2 to confirm").fill("2")
    await dialog.get_by_role("button", name="Terminate 2 runs").click()

    await page.wait_for_url("**/bulk/*")
    await expect(page.locator(".progress")).to_contain_text("0 left")
    await expect(page.locator("tbody tr")).to_have_count(2)


async def test_its_page_says_what_became_of_each_and_the_list_leads_there(
    visits: Visits, admin_session: str, connection: AsyncConnection
) -> None:
    signature = f"denied {uuid4().hex}"
    await stuck(connection, signature, 3)
    page = await visits.begin(session=admin_session)
    await go(page, group_of(signature))
    await page.get_by_role("button", name="Retry all").click()
    await page.get_by_role("dialog").get_by_label("Reason").fill(REASON)
    await page.get_by_role("dialog").get_by_role("button", name="Retry 3 runs").click()
    await page.wait_for_url("**/bulk/*")

    await expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "3")
    await expect(page.locator(".notice-title")).to_have_text("3 went on by themselves.")
    await expect(page.locator("tbody tr").first).to_contain_text("Went on")
    assert not await serious_violations(page)
    await page.get_by_role("combobox", name="Result").click()
    await page.get_by_role("option", name="Skipped").click()
    await expect(page.locator(".live")).to_contain_text("None has this result")
    await page.get_by_role("link", name="Show them in the list").click()
    await page.wait_for_url("**/executions?bulk=*")
    await expect(page.locator("tbody tr")).to_have_count(3)
    await go(page, "/bulk")
    await page.get_by_role("link", name="Retry 3 runs").first.click()
    await page.wait_for_url("**/bulk/*")


async def test_who_may_only_look_is_offered_nothing(
    visits: Visits, console: Console, connection: AsyncConnection
) -> None:
    signature = f"denied {uuid4().hex}"
    await stuck(connection, signature, 2)
    viewer = await visits.begin(session=await console.accounts.session("vera@example.com", Role.VIEWER))
    support = await visits.begin(session=await console.accounts.session("sue@example.com", Role.SUPPORT))

    for page in (viewer, support):
        await go(page, group_of(signature))
        await expect(page.get_by_text("2 runs in this group.")).to_be_visible()

    await expect(viewer.get_by_role("button", name="Retry all")).to_have_count(0)
    await expect(support.get_by_role("button", name="Retry all")).to_be_visible()
    await expect(support.get_by_role("button", name="More for all of them")).to_be_hidden()
