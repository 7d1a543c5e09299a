"""What lists say of themselves: which rows are shown, and which failures stand."""

from uuid import UUID, uuid4

import pytest
from playwright.async_api import Locator, Page, expect
from psycopg import AsyncConnection

from operations.queries.execution_views import ExecutionDetail
from operations.statuses import CloseReason, Status, TenantStatus
from tests.e2e.test_pages import addresses
from tests.e2e.visits import Visits, go, settled
from tests.factories import add_execution, add_tenant
from workbench.consoles import Console


async def connect(console: Console) -> AsyncConnection:
    return await AsyncConnection.connect(console.accounts.database.dsn, autocommit=True)


async def test_a_page_says_which_of_all_rows_it_shows(visits: Visits, console: Console, admin_session: str) -> None:
    slug = f"counted-{uuid4().hex[:8]}"
    page = await visits.begin(session=admin_session, width=390)
    shown = page.locator(".pager-range")
    async with await connect(console) as connection:
        tenant = await add_tenant(connection, slug=slug, status=TenantStatus.ACTIVE)
        for _ in range(120):
            await add_execution(connection, status=Status.FAILED, entity_id=tenant)

        await go(page, f"/executions?q={slug}")
        await expect(shown).to_have_text("1–50 of 120")
        await page.get_by_role("button", name="Next page").click()
        await expect(shown).to_have_text("51–100 of 120")
        await add_execution(connection, status=Status.FAILED, entity_id=tenant)
        await expect(shown).to_have_text("52–101 of 121")
    await page.get_by_role("button", name="Next page").click()
    await expect(shown).to_have_text("102–121 of 121")
    await page.get_by_role("button", name="Previous page").click()
    await expect(shown).to_have_text("52–101 of 121")
    await page.reload()
    await settled(page)
    await expect(shown).to_have_text("52–101 of 121")
    await page.get_by_role("button", name="Previous page").click()
    await expect(shown).to_have_text("2–51 of 121")


async def test_a_superseded_failure_leads_to_the_attempt_that_took_its_place(
    visits: Visits, console: Console, admin_session: str
) -> None:
    slug = f"replaced-{uuid4().hex[:8]}"
    async with await connect(console) as connection:
        tenant = await add_tenant(connection, slug=slug)
        old = await add_execution(connection, status=Status.FAILED, entity_id=tenant)
        newer = await add_execution(connection, status=Status.COMPLETED, entity_id=tenant, attempt=2)
        await connection.execute("UPDATE workflow_executions SET superseded_by = %s WHERE id = %s", (newer, old))
        other = await add_execution(connection, status=Status.FAILED, entity_id=tenant, workflow_type="backup")
    page = await visits.begin(session=admin_session)

    await go(page, f"/executions?status=failed&q={slug}")
    await expect(row(page, other)).to_be_visible()
    await expect(row(page, old)).to_have_count(0)

    await page.get_by_role("button", name="Failed").click()
    await page.get_by_role("button", name="Superseded").click()
    await expect(row(page, old)).to_be_visible()
    await expect(row(page, other)).to_have_count(0)
    assert "status=superseded" in page.url
    file = await page.get_by_role("link", name="Export CSV").get_attribute("href")
    exported = await page.request.get(str(file))
    assert str(old) in await exported.text()
    assert str(other) not in await exported.text()

    await go(page, f"/tenants/{slug}")
    await page.set_viewport_size({"width": 390, "height": 900})
    await row(page, old).get_by_role("link", name="Superseded by attempt 2").click()
    await page.wait_for_url(f"**/executions/{newer}")


async def test_what_somebody_called_off_is_no_failure_but_can_be_found(console: Console, page: Page) -> None:
    slug = f"kept-{uuid4().hex[:8]}"
    async with await connect(console) as connection:
        tenant = await add_tenant(connection, slug=slug, status=TenantStatus.ACTIVE)
        kept = await add_execution(
            connection, status=Status.FAILED, entity_id=tenant, close_reason=CloseReason.CANCELED
        )
        broken = await add_execution(connection, status=Status.FAILED, entity_id=tenant)

    await go(page, f"/executions?status=failed&q={slug}")
    await expect(row(page, broken)).to_be_visible()
    await expect(row(page, kept)).to_have_count(0)

    await page.get_by_role("button", name="Failed").click()
    await page.get_by_role("button", name="Cancelled or rejected").click()
    await expect(row(page, kept)).to_be_visible()
    await expect(row(page, broken)).to_have_count(0)
    await expect(row(page, kept)).to_contain_text("Cancelled")


async def test_a_failure_leaves_the_overview_with_the_attempt_that_takes_its_place(
    console: Console, page: Page
) -> None:
    async with await connect(console) as connection:
        tenant = await add_tenant(connection, slug=f"healed-{uuid4().hex[:8]}")
        old = await add_execution(connection, status=Status.FAILED, entity_id=tenant)
        await go(page, "/")
        await expect(row(page, old)).to_be_visible()

        newer = await add_execution(connection, status=Status.COMPLETED, entity_id=tenant, attempt=2)
        await connection.execute("UPDATE workflow_executions SET superseded_by = %s WHERE id = %s", (newer, old))

        await expect(row(page, old)).to_have_count(0)


async def test_when_the_last_row_of_a_later_page_goes_the_page_before_is_shown(console: Console, page: Page) -> None:
    slug = f"leaving-{uuid4().hex[:8]}"
    shown = page.locator(".pager-range")
    async with await connect(console) as connection:
        tenant = await add_tenant(connection, slug=slug, status=TenantStatus.ACTIVE)
        runs = [await add_execution(connection, status=Status.FAILED, entity_id=tenant) for _ in range(51)]
        await go(page, f"/executions?status=failed&sort=-created_at&q={slug}")
        await page.get_by_role("button", name="Next page").click()
        await expect(shown).to_have_text("51–51 of 51")
        address = page.url

        await connection.execute("UPDATE workflow_executions SET superseded_by = %s WHERE id = %s", (runs[1], runs[0]))

        await expect(shown).to_have_text("1–50 of 50")
        await expect(page.locator("tr[data-id]")).to_have_count(50)
    await go(page, address)
    await expect(shown).to_have_text("1–50 of 50")
    await expect(page.locator("tr[data-id]")).to_have_count(50)


@pytest.mark.long
async def test_every_chart_names_its_zone(page: Page, acme: ExecutionDetail) -> None:
    named = {}
    for path in addresses(id=str(acme.execution.id), slug="acme"):
        await go(page, path)
        if path == "/":
            await expect(page.locator(".chart").first).to_be_visible()
        for chart in await page.locator(".chart").all():
            named[path] = await page.locator("section.card").filter(has=chart).locator(".card-head").inner_text()

    assert "/" in named
    assert [path for path, words in named.items() if "in your time zone" not in words] == []


def row(page: Page, id_: UUID) -> Locator:
    return page.locator(f"tr[data-id='{id_}']")
