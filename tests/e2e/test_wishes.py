"""Situations in which people of other consoles tripped."""

import re
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Page, expect
from psycopg import AsyncConnection

from operations.bootstrap import Services
from operations.queries.execution_views import ExecutionDetail
from operations.statuses import Decision, PassTrigger, Plan, Role, Status, TenantStatus
from tests.e2e.test_deeds import TEST, detail, registered, waiting_for_approval
from tests.e2e.test_dialogs import REASON
from tests.e2e.test_pages import addresses, log_in
from tests.e2e.visits import Visits, go, settled
from tests.factories import add_execution, add_tenant, set_status
from workbench.consoles import Console
from workbench.servers import insisting

OTHER_CLOCK = """
    (() => {
        const Real = Date;
        window.Date = class extends Real {
            constructor(...given) { given.length ? super(...given) : super(Real.now() + SHIFT); }
            static now() { return Real.now() + SHIFT; }
        };
    })();
"""


VERBS = "Approve|Reject|Cancel|Terminate|Retry|Deprovision|Keep|Run now|Pause|Resume|Apply|Accept|Adopt|Ignore|Register"


@pytest.mark.parametrize("minutes", [-10, 10])
async def test_ages_are_right_by_a_browser_whose_clock_is_not(page: Page, beside: Services, minutes: int) -> None:
    slug, id_ = await waiting_for_approval(beside)
    await page.add_init_script(OTHER_CLOCK.replace("SHIFT", str(minutes * 60_000)))

    await go(page, f"/executions?q={slug}")
    listed = await page.locator(f"tr[data-id='{id_}'] time").first.inner_text()
    await go(page, f"/tenants/{slug}")
    await expect(page.locator(".content time:visible").first).to_be_visible()
    ages = await page.locator(".content time:visible").all_inner_texts()

    await insisting(partial(beside.reconciler.run_pass, PassTrigger.OPERATOR, "test"))
    await go(page, "/reconciliation")
    last_pass = page.locator(".kpi", has_text="Last pass").locator("time")
    await expect(last_pass).to_have_text(re.compile(r"^(now|\d+ s ago|1 min ago)$"))  # drawn once it has been read

    assert abs((datetime.now(UTC).timestamp() * 1000 - await page.evaluate("Date.now()")) / 60_000) > 9
    assert " min" not in listed.replace("1 min", "").replace("2 min", "")
    assert [age for age in ages if "10 min" in age or "9 min" in age or "in 1" in age] == []
    assert ages != []


async def test_a_session_that_ends_in_an_open_tab_says_so_and_leads_back(visits: Visits, console: Console) -> None:
    page = await visits.begin(session=await console.accounts.session("sam@example.com", Role.SUPPORT))
    await go(page, "/executions?status=completed&q=acme")

    await console.accounts.execute(
        "UPDATE staff_sessions SET expires_at = now() WHERE staff_id IN"
        " (SELECT id FROM staff WHERE email = 'sam@example.com')"
    )

    await page.wait_for_url("**/login?ended=1&next=**", timeout=20_000)
    await expect(page.get_by_role("alert")).to_contain_text("Your session has ended")
    await log_in(page)
    await page.wait_for_url("**/executions?status=completed&q=acme")
    await settled(page)
    await expect(page.get_by_label("Search tenant")).to_have_value("acme")


async def test_back_and_forth_chips_search_and_list_agree(page: Page, acme: ExecutionDetail) -> None:
    row = page.locator(f"tr[data-id='{acme.execution.id}']")
    await go(page, "/executions?status=completed&q=acme")
    await expect(row).to_be_visible()
    await page.goto("/executions?status=failed&q=nobody-at-all")
    await settled(page)
    await expect(page.get_by_label("Search tenant")).to_have_value("nobody-at-all")

    await page.go_back()

    await settled(page)
    await expect(row).to_be_visible()
    await expect(page.get_by_label("Search tenant")).to_have_value("acme")
    pressed = page.locator(".counts [aria-current], .counts [aria-pressed=true]")
    await expect(pressed.filter(has_text="Completed")).to_have_count(1)


@pytest.mark.long
async def test_a_viewer_finds_nothing_to_act_with_anywhere(visits: Visits, console: Console, beside: Services) -> None:
    slug, id_ = await waiting_for_approval(beside)
    done, _ = await registered(beside, Plan.STARTER)
    page = await visits.begin(session=await console.accounts.session("vera@example.com", Role.VIEWER))

    usable = []
    for path in (*addresses(id=str(id_), slug=slug), f"/tenants/{done}"):
        await go(page, path)
        if await page.get_by_role("button", name="More actions").count():
            await page.get_by_role("button", name="More actions").click()
        found = await page.locator(".content button, .content [role=menuitem], .content [role=button]").evaluate_all(
            "(found, verbs) => found.filter((each) =>"
            " new RegExp(`^(\\\\w+ )?(${verbs})\\\\b`).test(each.textContent.trim())"
            " && !each.disabled && each.getAttribute('aria-disabled') !== 'true').map((each) => each.textContent)",
            VERBS,
        )
        usable += [(path, text) for text in found]

    assert usable == []


async def test_after_a_retry_the_list_is_where_it_was(page: Page, beside: Services) -> None:
    slug, id_ = await waiting_for_approval(beside)
    await beside.executions.decide(TEST, id_, Decision.REJECTED, "not yet, says the test")
    await detail(beside, id_, lambda seen: seen.execution.status is Status.FAILED)
    async with await AsyncConnection.connect(beside.database.dsn, autocommit=True) as connection:
        tenant = await add_tenant(connection, slug=f"{slug}-and-others", status=TenantStatus.ACTIVE)
        for _ in range(104):
            await add_execution(connection, status=Status.FAILED, entity_id=tenant)
    await go(page, f"/executions?status=failed,called_off&sort=-created_at&q={slug}")
    for shown in ("51–100 of 105", "101–105 of 105"):
        await page.get_by_role("button", name="Next page").click()
        await expect(page.locator(".pager-range")).to_have_text(shown)
    third_page = page.url

    await page.locator(f"tr[data-id='{id_}'] a").first.click()
    await page.get_by_role("button", name="Retry").click()
    await page.get_by_label("Reason").fill(REASON)
    await page.get_by_role("dialog").get_by_role("button", name="Retry").click()
    await expect(page.locator(".page-subtitle")).to_contain_text("attempt 2")
    await page.go_back()
    await page.go_back()

    await expect(page.locator(".pager-range")).to_have_text("101–104 of 104")
    assert page.url == third_page
    await expect(page.get_by_label("Search tenant")).to_have_value(slug)
    await expect(page.locator(f"tr[data-id='{id_}']")).to_have_count(0)  # another attempt has taken its place


async def test_what_comes_meanwhile_leaves_the_chosen_days_as_they_are(page: Page, beside: Services) -> None:
    slug, today = f"chosen-{uuid4().hex[:8]}", datetime.now(UTC).date()
    since, until = str(today - timedelta(days=1)), str(today + timedelta(days=1))
    async with await AsyncConnection.connect(beside.database.dsn, autocommit=True) as connection:
        tenant = await add_tenant(connection, slug=slug)
        inside = await add_execution(connection, status=Status.RUNNING, entity_id=tenant)
        await go(page, f"/executions?q={slug}")
        await page.get_by_label("Created from").fill(since)
        await page.get_by_label("Created to").fill(until)
        await expect(page.locator(".pager-range")).to_have_text("1–1 of 1")
        await page.wait_for_url("**created_to=**")
        address = page.url

        await set_status(connection, inside, Status.COMPLETED)
        await expect(page.locator(f"tr[data-id='{inside}'] .badge").first).to_have_text("Completed")
        await add_execution(connection, status=Status.RUNNING, entity_id=tenant)
        await expect(page.locator(".pager-range")).to_have_text(re.compile("of 2$"))

    assert page.url == address
    await expect(page.get_by_label("Created from")).to_have_value(since)
    await expect(page.get_by_label("Created to")).to_have_value(until)


async def test_one_zone_rules_charts_forms_and_ages_and_files_name_theirs(
    page: Page, beside: Services, acme: ExecutionDetail
) -> None:
    await (await page.context.new_cdp_session(page)).send(
        "Emulation.setTimezoneOverride", {"timezoneId": "Asia/Kolkata"}
    )
    ended = acme.execution.completed_at
    assert ended is not None
    here = ended.astimezone(ZoneInfo("Asia/Kolkata"))
    await insisting(partial(beside.reconciler.run_pass, PassTrigger.OPERATOR, "test"))

    await go(page, "/")
    hours = page.locator(".chart text").filter(has_text=re.compile(r"^\d\d:\d\d$"))
    await expect(hours.first).to_have_text(re.compile(":30$"))
    await page.locator(".chart").hover()
    await expect(page.locator(".chart-tooltip")).to_contain_text(re.compile(r"\d\d:30"))

    await go(page, "/executions?status=completed&q=acme")
    moments = page.locator(f"tr[data-id='{acme.execution.id}'] time")
    await expect(moments.first).to_be_visible()
    titles = [await each.get_attribute("title") for each in await moments.all()]
    assert titles
    assert all("GMT+5:30" in str(title) for title in titles)
    await page.get_by_label("Created from").fill(f"{here:%Y-%m-%d}")
    await page.wait_for_url("**created_from=**T18%3A30**")
    await expect(page.locator(f"tr[data-id='{acme.execution.id}']")).to_be_visible()

    file = await page.get_by_role("link", name="Export CSV").get_attribute("href")
    exported = await (await page.request.get(str(file))).text()
    assert f"{ended:%Y-%m-%dT%H:%M:%S}" in exported
    assert re.search(rf"{ended:%Y-%m-%dT%H:%M:%S}[\d.]*(Z|\+00:00)", exported)

    await go(page, "/reconciliation")
    latest = page.get_by_role("toolbar", name="The latest passes").get_by_role("button").last
    await expect(latest).to_have_accessible_name(re.compile(r"GMT\+5:30: Completed"))
    await expect(page.locator(".strip-told time")).to_have_attribute("title", re.compile(r"GMT\+5:30"))
