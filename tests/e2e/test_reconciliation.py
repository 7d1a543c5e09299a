"""The reconciliation page: what was found, both sides of it, and what people do about it."""

import re
from functools import partial
from uuid import UUID, uuid4

import pytest
from playwright.async_api import Page, expect
from psycopg import AsyncConnection

from operations.bootstrap import Services
from operations.queries.reconciliation_views import FindingFilter
from operations.statuses import PassTrigger, Role
from tests.e2e.visits import Visits, go
from tests.factories import add_owner, add_tenant
from workbench.consoles import Console
from workbench.servers import insisting


@pytest.fixture(params=[1440, pytest.param(390, marks=pytest.mark.long)])
async def page(visits: Visits, admin_session: str, request: pytest.FixtureRequest) -> Page:
    """A tab of an administrator, on a wide screen and on a phone."""
    return await visits.begin(session=admin_session, width=request.param)


async def idle_tenant(services: Services, slug: str) -> None:
    """A tenant that nothing provisions, found by a pass."""
    async with await AsyncConnection.connect(services.database.dsn) as connection:
        await add_owner(connection, await add_tenant(connection, slug=slug), email=f"{slug}@idle.example")
        await connection.execute("UPDATE tenants SET updated_at = now() - interval '1 minute' WHERE slug = %s", (slug,))
    await insisting(partial(services.reconciler.run_pass, PassTrigger.OPERATOR, "ada@example.com"))
    found = await services.reads.reconciliation.findings(FindingFilter(search=slug))
    assert [finding.tenant_slug for finding in found.items] == [slug]


async def second_finding(services: Services, slug: str) -> None:
    async with await AsyncConnection.connect(services.database.dsn) as connection:
        await connection.execute(
            "INSERT INTO reconciliation_findings (kind, workflow_id, tenant_id)"
            " SELECT 'intruder', 'tenant-provision-' || slug || '-stranger', id FROM tenants WHERE slug = %s",
            (slug,),
        )


async def passes_by_hand(services: Services) -> set[UUID]:
    passes = await services.reads.reconciliation.recent()
    return {each.id for each in passes if each.trigger is PassTrigger.OPERATOR}


@pytest.mark.usefixtures("acme")
async def test_a_finding_is_looked_at_and_ignored(page: Page, beside: Services) -> None:
    slug = f"idle-{uuid4().hex[:8]}"
    await idle_tenant(beside, slug)
    await go(page, f"/reconciliation?q={slug}")
    await page.get_by_role("link", name="Nothing provisions it").click()
    evidence = page.get_by_role("dialog")
    await expect(evidence.get_by_text("The tenant is being provisioned")).to_be_visible()
    await expect(evidence.get_by_text("Start a new attempt for the tenant.")).to_be_visible()
    await expect(evidence.get_by_text("The database said")).to_be_visible()

    await evidence.get_by_role("button", name="Ignore").click()
    await page.get_by_label("Reason").fill("a colleague is at it")
    await page.get_by_role("dialog").get_by_role("button", name="Ignore").click()

    await expect(page.get_by_role("table").get_by_text("Ignored", exact=True)).to_be_visible()


@pytest.mark.usefixtures("acme")
async def test_a_pass_is_run_and_its_outcome_told(page: Page, beside: Services) -> None:
    before = await passes_by_hand(beside)
    await go(page, "/reconciliation")

    await page.get_by_role("button", name="Run now").click()

    await expect(page.get_by_text(re.compile(r": [\d,]+ checked, [\d,]+ found, [\d,]+ corrected\.$"))).to_be_visible()
    marks = page.get_by_role("toolbar", name="The latest passes").get_by_role("button")
    await expect(marks.last).to_have_accessible_name(re.compile(r"Completed: .* By ada@example\.com, in [\d.]+ s\.$"))
    assert len(await passes_by_hand(beside) - before) == 1


async def test_who_may_only_look_gets_no_buttons(visits: Visits, console: Console) -> None:
    session = await console.accounts.session("vera@example.com", Role.VIEWER)
    page = await visits.begin(session=session, width=360)
    await go(page, "/reconciliation")

    await expect(page.get_by_role("heading", name="Differences between database and Temporal")).to_be_visible()
    assert await page.get_by_role("button", name="Run now").count() == 0
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.usefixtures("acme")
async def test_a_finding_that_a_colleague_ignores_says_so_in_the_other_tab(
    page: Page, visits: Visits, admin_session: str, beside: Services
) -> None:
    slug = f"idle-{uuid4().hex[:8]}"
    await idle_tenant(beside, slug)
    other = await visits.begin(session=admin_session)
    await go(other, f"/tenants/{slug}")
    await other.get_by_role("link", name="Nothing provisions it").click()
    await other.get_by_role("dialog").get_by_role("button", name="Ignore").click()
    await other.get_by_label("Reason").fill("a colleague is at it")
    await go(page, f"/tenants/{slug}")
    await page.get_by_role("link", name="Nothing provisions it").click()
    evidence = page.get_by_role("dialog")

    await evidence.get_by_role("button", name="Ignore").click()
    await page.get_by_label("Reason").fill("I am at it myself")
    await evidence.get_by_role("button", name="Ignore").click()

    await expect(evidence).to_be_hidden()
    theirs = other.get_by_role("dialog")
    await expect(theirs.get_by_role("alert")).to_contain_text("Ignored by ada@example.com")
    await expect(theirs.get_by_role("button", name="Ignore")).to_be_disabled()
    await expect(theirs.get_by_label("Reason")).to_have_value("a colleague is at it")


@pytest.mark.usefixtures("acme")
async def test_a_tenant_that_nothing_provisions_is_provisioned(page: Page, beside: Services) -> None:
    slug = f"idle-{uuid4().hex[:8]}"
    await idle_tenant(beside, slug)
    await go(page, f"/tenants/{slug}")
    await page.get_by_role("link", name="Nothing provisions it").click()

    await page.get_by_role("dialog").get_by_role("button", name="Start a new attempt").click()
    await page.get_by_label("Reason").fill("it was forgotten")
    await page.get_by_role("dialog").get_by_role("button", name="Start a new attempt").click()

    await page.wait_for_url("**/executions/*")
    await expect(page.locator(".page-header .badge").first).to_have_text("Completed", timeout=30_000)


@pytest.mark.usefixtures("acme")
async def test_a_card_has_one_button_for_what_is_recommended_and_an_address_of_its_own(
    page: Page, beside: Services
) -> None:
    slug = f"idle-{uuid4().hex[:8]}"
    await idle_tenant(beside, slug)
    await go(page, f"/reconciliation?q={slug}")
    card = page.get_by_role("row", name="Nothing provisions it")
    await expect(card.get_by_text("Start a new attempt for the tenant.")).to_be_visible()
    title = card.get_by_role("link", name="Nothing provisions it")
    address = await title.get_attribute("href")

    await card.get_by_role("button", name="Start a new attempt").click()

    question = page.get_by_role("dialog")
    await expect(question.get_by_role("heading", level=2)).to_have_text(f"Start a new attempt for {slug.capitalize()}?")
    await page.keyboard.press("Escape")
    assert address is not None
    await go(page, address)
    await expect(page.get_by_role("dialog").get_by_role("heading", level=2)).to_contain_text("Nothing provisions it")


@pytest.mark.usefixtures("acme")
async def test_the_latest_passes_are_told_by_pointing_by_pressing_and_by_keys(page: Page, beside: Services) -> None:
    for who in ("first@example.com", "second@example.com"):
        await insisting(partial(beside.reconciler.run_pass, PassTrigger.OPERATOR, who))
    await go(page, "/reconciliation")
    marks, told = (
        page.get_by_role("toolbar", name="The latest passes").get_by_role("button"),
        page.locator(".strip-told"),
    )
    first, second = marks.nth(-2), marks.last
    await expect(second).to_have_accessible_name(re.compile(r"second@example\.com"))

    await first.hover()
    await expect(told).to_contain_text("By first@example.com")
    await page.mouse.move(0, 0)
    await expect(told).to_contain_text("By second@example.com")
    await first.click()
    await page.mouse.move(0, 0)
    await expect(first).to_have_attribute("aria-pressed", "true")
    await expect(told).to_contain_text("By first@example.com")
    await page.keyboard.press("ArrowRight")
    await expect(second).to_be_focused()
    await expect(told).to_contain_text("By second@example.com")
    await page.keyboard.press("Home")
    await expect(marks.first).to_be_focused()


@pytest.mark.usefixtures("acme")
async def test_a_pause_is_asked_for_and_taken_back(page: Page) -> None:
    await go(page, "/reconciliation")
    await page.get_by_role("button", name="Pause").click()
    await page.get_by_label("Reason").fill("Temporal is being moved")
    await page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    await expect(page.locator(".notice-title").first).to_contain_text("Paused until")

    await page.get_by_role("button", name="Resume").click()

    await expect(page.get_by_role("button", name="Pause")).to_be_visible()


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("width", [1440, 390])
async def test_the_findings_of_a_tenant_stand_together_under_its_name(
    visits: Visits, admin_session: str, beside: Services, width: int
) -> None:
    slug, other = f"idle-{uuid4().hex[:8]}", f"idle-{uuid4().hex[:8]}"
    await idle_tenant(beside, slug)
    await idle_tenant(beside, other)
    await second_finding(beside, slug)
    page = await visits.begin(session=admin_session, width=width)
    await go(page, "/reconciliation?standing=open")
    heads = page.locator(f"td.live-group a[href='/reconciliation?tenant={slug}']")

    await expect(heads).to_have_count(1)
    rows = page.locator("tr[data-group]", has=page.get_by_text(slug))
    await expect(rows).to_have_count(2)
    assert await rows.first.evaluate(
        "(first, last) => first.nextElementSibling === last", await rows.last.element_handle()
    )
    await expect(page.locator(f"td.live-group a[href='/reconciliation?tenant={other}']")).to_have_count(0)
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    lefts = await rows.locator(".live-link").evaluate_all(
        "links => links.map(link => link.getBoundingClientRect().left)"
    )
    assert len(set(lefts)) == 1

    await heads.click()

    await page.wait_for_url(f"**/reconciliation?tenant={slug}")
    await expect(page.locator("tr[data-id]")).to_have_count(2)
    await expect(page.get_by_role("combobox", name="Tenant")).to_be_visible()
    await page.get_by_role("button", name="Clear filters").click()
    await page.wait_for_url("**/reconciliation")
