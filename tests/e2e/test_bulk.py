"""Many runs at once: what is asked before, how far it is, and what became of each."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from playwright.async_api import Locator, Page, expect
from psycopg import AsyncConnection

from operations.bootstrap import Services
from operations.statuses import Role, Status
from tests.e2e.broken_tenants import BrokenGroup, broken_group
from tests.e2e.test_pages import serious_violations
from tests.e2e.visits import Visits, go
from tests.factories import add_execution, add_tenant, set_status
from workbench.consoles import Console, Servers, run_console

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
    await expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "2")
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


@pytest.mark.parametrize("width", [1440, 390])
async def test_the_page_of_a_group_says_what_its_card_says_and_lists_its_runs(
    visits: Visits, admin_session: str, connection: AsyncConnection, width: int
) -> None:
    signature = f"could not extend file {uuid4().hex}: No space left on device"
    ids = await stuck(connection, signature, 3)
    page = await visits.begin(session=admin_session, width=width)
    await go(page, group_of(signature))

    await expect(page.get_by_role("heading", name="No space left on the database server", level=1)).to_be_visible()
    card = page.locator(".incident")
    await expect(card).to_contain_text("runs are stuck")
    await expect(card).to_contain_text("ince ")
    await expect(card).to_contain_text("Whoever runs the installation: Mend what the error says.")
    await expect(card.get_by_role("link", name="What helps")).to_have_attribute("href", "/runbook/step_retrying")
    await expect(page.locator("tbody tr[data-id]")).to_have_count(3)
    assert not await serious_violations(page)
    for id_ in ids:
        await set_status(connection, id_, Status.COMPLETED)
    await expect(page.get_by_text("Nothing stands still for this any more.").first).to_be_visible()
    await expect(card).to_have_count(0)
    await expect(page.get_by_role("heading", name="No space left on the database server", level=1)).to_be_visible()


@pytest.fixture
async def quota(beside: Services) -> AsyncIterator[BrokenGroup]:
    async with broken_group(beside, 3) as made:
        yield made


@pytest.mark.long
async def test_the_others_do_not_follow_one_that_failed_again_unless_somebody_says_so_twice(
    visits: Visits, admin_session: str, quota: BrokenGroup
) -> None:
    page = await visits.begin(session=admin_session)
    await go(page, group_of(quota.group.signature or ""))
    await page.get_by_role("button", name="Retry one first").click()
    await page.get_by_role("dialog").get_by_label("Reason").fill(REASON)
    await page.get_by_role("dialog").get_by_role("button", name="Retry one first").click()
    await page.wait_for_url("**/bulk/*")
    met = f"went first and failed again the same way: “The quota of {quota.name} is used up”."
    await expect(page.locator(".notice-text")).to_contain_text(met, timeout=60_000)

    dialog = page.get_by_role("dialog", name="Retry the other 2?")
    await page.get_by_role("button", name="Retry the other 2").click()
    await expect(dialog).to_contain_text(met)
    await expect(dialog).to_contain_text("The other 2 will most likely fail as well.")
    assert not await serious_violations(page)
    await dialog.get_by_role("button", name="Keep as it is").click()
    await expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "1")
    await page.locator(".facts").get_by_role("link", name="Group").click()
    await page.get_by_role("button", name="Retry the other 2").click()
    await dialog.get_by_role("button", name="Retry the other 2").click()
    await page.get_by_role("link", name="Look at it").click()

    told = "3 failed again the same way"
    await expect(page.get_by_text(f"Retry 3 runs: {told}.", exact=True)).to_be_visible(timeout=60_000)
    await expect(page.locator(".progress-legend")).to_have_text(told)
    bar = page.get_by_role("progressbar")
    await expect(bar).to_have_attribute("aria-valuetext", f"3 of 3 had their turn: {told}")
    assert await bar.locator("span").evaluate_all("all => all.map((each) => each.dataset.part)") == ["failed"]
    await expect(page.locator("tbody tr", has_text=f"The quota of {quota.name} is used up")).to_have_count(3)


@pytest.fixture
async def strict(servers: Servers, logs: Path) -> AsyncIterator[Console]:
    """A console where what is weighty takes two people."""
    careful = replace(servers, more={**servers.more, "TENANTRY_FOUR_EYES": "bulk"})
    async with run_console(careful, logs) as running:
        yield running


@pytest.mark.long
async def test_another_person_releases_what_takes_two(
    visits: Visits, admin_session: str, strict: Console, connection: AsyncConnection
) -> None:
    signature = f"denied {uuid4().hex}"
    await stuck(connection, signature, 2)
    mine = await visits.begin(session=admin_session, url=strict.url)
    await go(mine, group_of(signature))
    dialog = await ask_to(mine, "Terminate all")
    await expect(dialog).to_contain_text("Another person with the role operator or more has to release it")
    await dialog.get_by_label("Reason").fill(REASON)
    await dialog.get_by_label("Type 2 to confirm").fill("2")
    await dialog.get_by_role("button", name="Terminate 2 runs").click()
    await mine.wait_for_url("**/bulk/*")
    await expect(mine.get_by_role("button", name="Release")).to_be_disabled()
    await expect(mine.locator(".progress-legend")).to_have_text("2 are left")

    session = await strict.accounts.session("second@example.com", Role.OPERATOR)
    theirs = await visits.begin(session=session, width=390, url=strict.url)
    await go(theirs, mine.url.removeprefix(strict.url))
    await theirs.get_by_role("button", name="Release").click()
    asked = theirs.get_by_role("dialog", name="Release “Terminate 2 runs”?")
    await expect(asked).to_contain_text(REASON)
    await asked.get_by_role("button", name="Release").click()

    for page in (mine, theirs):
        await expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "2")
        await expect(page.locator(".facts")).to_contain_text("second@example.com")
        await page.close()


async def test_what_became_of_each_is_three_short_lines_on_a_phone(
    visits: Visits, admin_session: str, beside: Services, connection: AsyncConnection
) -> None:
    ids = await stuck(connection, f"denied {uuid4().hex}", 3)
    bulk_id = uuid4()
    await connection.execute(
        "INSERT INTO bulk_operations (id, action, requested_by, reason, selection, total, state)"
        " VALUES (%s, 'retry', 'susan@example.com', 'quota raised', '{\"by\": \"ids\"}', 3, 'paused')",
        (bulk_id,),
    )
    rows = [
        ("done", "failed_again", "DiskFull: could not extend file: No space left on device"),
        ("skipped", "skipped", "The execution completed; there is nothing to retry."),
        ("left", None, None),
    ]
    for ordinal, (id_, (state, result, why)) in enumerate(zip(ids, rows, strict=True), start=1):
        await connection.execute(
            "INSERT INTO bulk_rows (bulk_id, ordinal, execution_id, state, result, why, settled_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, CASE WHEN %s <> 'left' THEN now() END)",
            (bulk_id, ordinal, id_, state, result, why, state),
        )
    page = await visits.begin(session=admin_session, width=390)
    await go(page, f"/bulk/{bulk_id}")

    await expect(page.locator("tbody tr")).to_have_count(3)
    await expect(page.locator("tbody tr").first).to_contain_text("No space left on the database server")
    heights = await page.locator("tbody tr").evaluate_all("all => all.map((each) => each.offsetHeight)")
    assert max(heights) <= 110
    assert heights[2] <= 60
    await connection.execute("DELETE FROM bulk_operations WHERE id = %s", (bulk_id,))
