"""What comes and goes over the pages: axe finds nothing serious in it either."""

import re
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from playwright.async_api import Page, expect
from psycopg import AsyncConnection

from operations.access import Actor
from operations.bootstrap import Services
from operations.kinds import Deed
from operations.queries.execution_views import ExecutionDetail
from operations.statuses import Cause, Status
from tests.e2e.broken_tenants import Broken
from tests.e2e.test_deeds import waiting_for_approval
from tests.e2e.test_dialogs import ask_to
from tests.e2e.test_pages import serious_violations
from tests.e2e.test_triage import stuck
from tests.e2e.visits import Scheme, Visits, go
from tests.proxies import Proxy
from workbench.consoles import Console
from workbench.servers import eventually, insisting

#: Twenty looks at the light of the updates and the age beside it.
LIGHTS = """
    new Promise((done) => {
        const seen = [];
        const timer = setInterval(() => {
            const light = document.querySelector(".freshness");
            const age = light.querySelector(".freshness-age")?.textContent.match(/[0-9.]+/)?.[0] ?? "0";
            seen.push([light.dataset.state, Number(age)]);
            if (seen.length < 20) return;
            clearInterval(timer);
            done(seen);
        }, 100);
    })
"""
pytestmark = pytest.mark.parametrize("scheme", ["light", "dark"])


@pytest.mark.long
async def test_what_opens_over_a_run_is_accessible(
    visits: Visits, admin_session: str, beside: Services, scheme: Scheme
) -> None:
    _, id_ = await waiting_for_approval(beside)
    page = await visits.begin(session=admin_session, scheme=scheme)
    await go(page, f"/executions/{id_}")

    violations = {}
    for action in ("Reject", "Cancel", "Terminate"):
        dialog = await ask_to(page, action)
        violations[action] = await serious_violations(page)
        await page.keyboard.press("Control+Enter")
        await expect(dialog.get_by_role("alert")).to_contain_text("A reason is needed")
        violations[f"{action}, refused"] = await serious_violations(page)
        await page.keyboard.press("Escape")
        await expect(dialog).to_be_hidden()
        await expect(page.get_by_role("button", name="More actions")).to_be_focused()
    await page.keyboard.press("?")
    await expect(page.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()
    violations["shortcuts"] = await serious_violations(page)

    assert {place: found for place, found in violations.items() if found} == {}


@pytest.mark.long
async def test_every_deed_of_a_run_is_asked_for_accessibly(
    visits: Visits, admin_session: str, beside: Services, broken: Broken, scheme: Scheme
) -> None:
    """While a step keeps failing, while a decision is waited for, and after an end that left something."""
    _, waiting = await waiting_for_approval(beside)
    page = await visits.begin(session=admin_session, scheme=scheme)
    await run_until(beside, broken.execution_id, lambda seen: seen.execution.cause == Cause.STEP_RETRYING)

    violations = await asked(page, broken.execution_id, Deed.RETRY, Deed.PAUSE_STEP, Deed.CANCEL, Deed.TERMINATE)
    violations |= await asked(page, waiting, Deed.APPROVE, Deed.REJECT)
    actor, id_ = Actor.system("test"), broken.execution_id
    await insisting(lambda: beside.executions.terminate(actor, id_, "seen by the test"))
    await run_until(beside, broken.execution_id, lambda seen: seen.execution.status is Status.FAILED)
    violations |= await asked(page, broken.execution_id, Deed.RETRY, Deed.CLEAN_UP)

    assert {place: found for place, found in violations.items() if found} == {}


async def asked(page: Page, id_: UUID, *deeds: Deed) -> dict[str, dict[str, list[str]]]:
    """What is wrong with the page of a run, and with each of its questions."""
    violations = {}
    for deed in deeds:
        await go(page, f"/executions/{id_}?do={deed}")
        await expect(page.get_by_role("dialog").get_by_label("Reason")).to_be_focused()
        violations[f"{deed} of {id_}"] = await serious_violations(page)
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_be_hidden()
        violations[f"{id_}"] = await serious_violations(page)
    return violations


async def run_until(services: Services, id_: UUID, is_so: Callable[[ExecutionDetail], bool]) -> None:
    await eventually(lambda: services.reads.executions.detail(id_), is_so, within=60)


@pytest.mark.long
async def test_what_people_say_of_trouble_is_said_accessibly(
    visits: Visits, admin_session: str, connection: AsyncConnection, scheme: Scheme
) -> None:
    signature = f"denied {uuid4().hex}"
    slug, id_ = await stuck(connection, signature)
    page = await visits.begin(session=admin_session, scheme=scheme)
    group = f"/groups/step_retrying?signature={signature.replace(' ', '+')}"
    violations = {}

    for path in (f"/executions/{id_}", group):
        await go(page, path)
        for menu in ("Assign it to somebody", "Snooze it"):
            await page.get_by_role("button", name=menu).click()
            await expect(page.get_by_role("menuitem").first).to_be_focused()
            violations[f"{menu} on {path}"] = await serious_violations(page)
            await page.keyboard.press("Escape")
        await page.get_by_role("button", name="Leave a note").click()
        note = page.get_by_role("dialog").get_by_label("Note")
        await expect(note).to_be_focused()
        violations[f"note on {path}"] = await serious_violations(page)
        await note.fill(f"Seen in {scheme}.")
        await page.keyboard.press("Control+Enter")
        await expect(page.locator(".triage .events p").first).to_have_text(f"Seen in {scheme}.")
        violations[path] = await serious_violations(page)
    for path in ("/", f"/tenants/{slug}", f"/executions?q={slug}"):
        await go(page, path)
        await expect(page.get_by_text("denied").first).to_be_visible()
        violations[path] = await serious_violations(page)

    assert {place: found for place, found in violations.items() if found} == {}


@pytest.mark.long
async def test_what_opens_over_lists_is_accessible(
    visits: Visits, admin_session: str, acme: ExecutionDetail, scheme: Scheme
) -> None:
    page = await visits.begin(session=admin_session, scheme=scheme)
    violations = {}
    await go(page, f"/executions?q={acme.execution.entity_slug}")
    await page.get_by_role("button", name="Choose columns").click()
    await expect(page.locator(".live-menu")).to_be_visible()
    violations["columns"] = await serious_violations(page)
    await page.keyboard.press("Escape")
    violations |= await choosing(page, "Workflow")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("acme")
    await expect(page.get_by_role("option", name=re.compile("Acme")).first).to_be_visible()
    violations["search"] = await serious_violations(page)
    await page.keyboard.press("Escape")
    await go(page, "/tenants/new")
    violations |= await choosing(page, "Plan")
    await go(page, "/reconciliation")
    await page.get_by_role("button", name="Pause").click()
    await expect(page.get_by_role("dialog").get_by_label("Reason")).to_be_focused()
    violations["pause"] = await serious_violations(page)

    assert {place: found for place, found in violations.items() if found} == {}


async def choosing(page: Page, label: str) -> dict[str, dict[str, list[str]]]:
    """What is wrong while a choice is open."""
    await page.get_by_role("combobox", name=label).click()
    await expect(page.get_by_role("option").first).to_be_visible()
    await expect(page.locator("[role=listbox] > [tabindex]")).to_have_count(0)
    found = await serious_violations(page)
    await page.keyboard.press("Escape")
    return {label: found}


@pytest.mark.long
async def test_banners_and_an_offline_page_are_accessible(
    visits: Visits, empty_console: Console, way_to_database: Proxy, scheme: Scheme
) -> None:
    """The empty console has no worker, and says so."""
    page = await visits.begin(session=await empty_console.accounts.session(), scheme=scheme, url=empty_console.url)
    await go(page, "/tenants")
    violations = {}
    await expect(page.locator(".banner")).to_contain_text("No worker answers", timeout=30_000)
    violations["banner"] = await serious_violations(page)

    way_to_database.freeze()
    try:
        await expect(page.locator(".banner")).to_have_count(2, timeout=10_000)
        await shows_stale_light(page)
        violations["banners"] = await serious_violations(page)
    finally:
        way_to_database.thaw()
    await expect(page.locator(".banner")).to_have_count(1, timeout=10_000)

    assert violations == {"banner": {}, "banners": {}}
    visits.complaints.clear()


async def shows_stale_light(page: Page) -> None:
    """Never green beside an age of more than four seconds."""
    await expect(page.locator(".freshness")).to_have_attribute("data-state", "stale", timeout=10_000)
    states = await page.evaluate(LIGHTS)
    assert [age for state, age in states if state == "live" and age > 4.6] == []
