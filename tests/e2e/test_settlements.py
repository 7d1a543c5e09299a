"""What people do about findings and passes, pressed in one browser while the same is asked in another."""

from functools import partial
from uuid import UUID

import pytest
from playwright.async_api import Locator, Page, expect
from psycopg import AsyncConnection

from operations.bootstrap import Services
from operations.queries.reconciliation_views import FindingFilter, FindingView
from operations.statuses import FindingKind, PassOutcome, PassTrigger
from tests.e2e.test_deeds import waiting_for_approval
from tests.e2e.visits import Visits, go
from workbench.consoles import Console
from workbench.servers import eventually, insisting

REASON = "customer signed"
ELSEWHERE = "a colleague is at it"
#: What a pass asks for, and what is said when somebody else has done it.
WAITING = {
    PassOutcome.TRIPPED: ("Apply", "The last pass held nothing back."),
    PassOutcome.NAMESPACE_CHANGED: ("Accept namespace", "The namespace is accepted already."),
}
pytestmark = pytest.mark.parametrize("width", [1440, pytest.param(390, marks=pytest.mark.long)])


@pytest.fixture
async def page(visits: Visits, admin_session: str, width: int) -> Page:
    return await visits.begin(session=admin_session, width=width)


@pytest.fixture
async def other(visits: Visits, admin_session: str, width: int) -> Page:
    return await visits.begin(session=admin_session, width=width)


async def run_without_a_row(services: Services, connection: AsyncConnection) -> tuple[UUID, FindingView]:
    """The execution that is lost, and what a pass found of its run."""
    slug, id_ = await waiting_for_approval(services)
    await connection.execute("DELETE FROM workflow_executions WHERE id = %s", (id_,))
    wanted = FindingFilter(kinds=frozenset({FindingKind.NO_ROW}), search=slug)

    async def look() -> list[FindingView]:
        await insisting(partial(services.reconciler.run_pass, PassTrigger.OPERATOR, "test"))
        return list((await services.reads.reconciliation.findings(wanted)).items)

    [finding] = await eventually(look, bool)
    return id_, finding


async def ask(page: Page, finding: FindingView, action: str) -> Locator:
    await go(page, f"/reconciliation?finding={finding.id}")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name=action).click()
    await expect(dialog.get_by_label("Reason")).to_be_focused()
    return dialog


async def test_a_run_without_a_row_is_adopted(
    page: Page, other: Page, beside: Services, connection: AsyncConnection
) -> None:
    lost, finding = await run_without_a_row(beside, connection)
    theirs = await ask(other, finding, "Terminate")
    await theirs.get_by_label("Reason").fill(ELSEWHERE)
    dialog = await ask(page, finding, "Adopt")
    await page.keyboard.type(REASON)

    await page.keyboard.press("Control+Enter")

    await page.wait_for_url(f"**/executions/{lost}")
    await expect(dialog).to_be_hidden()
    await expect(page.locator(".page-header .badge").first).to_have_text("Running")
    assert await page.evaluate("document.querySelectorAll('[inert]').length") == 0
    await expect(theirs.get_by_role("alert")).to_contain_text("This finding does not need it any more")
    await expect(theirs.get_by_role("button", name="Terminate")).to_be_disabled()
    await expect(theirs.get_by_label("Reason")).to_have_value(ELSEWHERE)
    assert (await beside.reads.executions.detail(lost)).awaits_decision


async def test_a_run_without_a_row_is_terminated(
    page: Page, other: Page, beside: Services, connection: AsyncConnection
) -> None:
    _, finding = await run_without_a_row(beside, connection)
    await go(other, f"/reconciliation?finding={finding.id}")
    look_on = other.get_by_role("dialog")
    await expect(look_on.get_by_role("button", name="Adopt")).to_be_visible()
    dialog = await ask(page, finding, "Terminate")
    await dialog.get_by_label("Reason").fill(REASON)

    await dialog.get_by_role("button", name="Terminate").click()

    await expect(dialog).to_be_hidden()
    await expect(look_on.get_by_role("button", name="Adopt")).to_have_count(0)
    await expect(look_on).to_contain_text(REASON)
    run = await beside.temporal.describe(finding.workflow_id)
    assert run is not None
    assert not run.status.is_open


@pytest.mark.parametrize("outcome", WAITING)
async def test_a_pass_that_waits_for_a_person_goes_on_for_one_of_two(
    visits: Visits, empty_console: Console, width: int, outcome: PassOutcome
) -> None:
    action, settled = WAITING[outcome]
    session = await empty_console.accounts.session()
    one, two = [await visits.begin(session=session, width=width, url=empty_console.url) for _ in range(2)]
    for each in (one, two):
        await go(each, "/reconciliation")
    await empty_console.accounts.execute(
        "INSERT INTO reconciliation_passes (trigger, requested_by, finished_at, outcome)"
        f" VALUES ('operator', 'test', now(), '{outcome}')"
    )
    for each in (one, two):
        await each.get_by_role("button", name=action).click()
        await expect(each.get_by_role("dialog").get_by_role("button", name="Keep as it is")).to_be_focused()

    await one.get_by_role("dialog").get_by_role("button", name=action).click()

    await expect(one.get_by_role("dialog")).to_be_hidden()
    await expect(one.get_by_text("Completed: ", exact=False).first).to_be_visible()
    theirs = two.get_by_role("dialog")
    await expect(theirs.get_by_role("alert")).to_have_text(settled)
    await expect(theirs.get_by_role("button", name=action)).to_be_disabled()
    await two.keyboard.press("Escape")
    await expect(theirs).to_be_hidden()
    for each in (one, two):
        await expect(each.get_by_role("button", name=action)).to_have_count(0)
        await each.wait_for_function("document.activeElement !== document.body")
