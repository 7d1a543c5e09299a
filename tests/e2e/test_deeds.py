"""Every action of every page, pressed in one browser and seen in another, on a wide screen and on a phone."""

import asyncio
from dataclasses import dataclass
from functools import partial
from uuid import UUID, uuid4

import pytest
from playwright.async_api import Page, expect
from psycopg import AsyncConnection

from operations import tenant_kinds
from operations.access import Actor
from operations.actions.registration import Registration
from operations.bootstrap import Services
from operations.queries.execution_views import ExecutionDetail
from operations.statuses import Decision, PassTrigger, Plan, Role, Status, TenantStatus
from tests.e2e.test_dialogs import REASON, ask_to
from tests.e2e.visits import Visits, go
from tests.factories import add_execution, add_tenant
from workbench.consoles import Console
from workbench.servers import eventually, insisting

TEST = Actor.system("test")
WENT = "the page went on"
pytestmark = pytest.mark.parametrize("width", [1440, pytest.param(390, marks=pytest.mark.long)])


@dataclass(frozen=True, kw_only=True, slots=True)
class Two:
    """The browser in which things are done, and the one that looks on."""

    page: Page
    other: Page

    async def go(self, path: str) -> None:
        await go(self.page, path)
        await go(self.other, path)

    async def confirm(self, action: str) -> None:
        dialog = self.page.get_by_role("dialog")
        await dialog.get_by_label("Reason").fill(REASON)
        await dialog.get_by_role("button", name=action).click()
        await expect(dialog).to_be_hidden()


@pytest.fixture
async def two(visits: Visits, admin_session: str, width: int) -> Two:
    page = await visits.begin(session=admin_session, width=width)
    return Two(page=page, other=await visits.begin(session=admin_session, width=width))


async def registered(services: Services, plan: Plan) -> tuple[str, UUID]:
    slug = f"deed-{uuid4().hex[:8]}"
    wanted = Registration(slug=slug, name=slug.capitalize(), owner_email=f"{slug}@deeds.example", plan=plan)
    return slug, (await services.tenants.register(TEST, wanted)).execution_id


async def waiting_for_approval(services: Services) -> tuple[str, UUID]:
    slug, id_ = await registered(services, Plan.ENTERPRISE)
    await detail(services, id_, lambda seen: seen.awaits_decision)
    return slug, id_


async def detail(services: Services, id_: UUID, is_so: object) -> ExecutionDetail:
    assert callable(is_so)
    return await eventually(lambda: services.reads.executions.detail(id_), is_so)


@pytest.mark.parametrize(("action", "word"), [("Approve", "Completed"), ("Reject", "Rejected")])
async def test_a_decision(two: Two, beside: Services, action: str, word: str) -> None:
    _, id_ = await waiting_for_approval(beside)
    await two.go(f"/executions/{id_}")

    if action == "Approve":
        await two.page.get_by_role("button", name="Approve").click()
    else:
        await ask_to(two.page, "Reject")
    await two.confirm(action)

    for page in (two.page, two.other):
        await expect(page.locator(".page-header .badge").first).to_have_text(word, timeout=30_000)
        await expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    decisions = await beside.reads.intents.decisions(id_)
    assert [each.reason for each in decisions] == [REASON]


@pytest.mark.parametrize(("action", "word"), [("Cancel", "Cancelled"), ("Terminate", "Terminated")])
async def test_an_end(two: Two, beside: Services, action: str, word: str) -> None:
    _, id_ = await waiting_for_approval(beside)
    await two.go(f"/executions/{id_}")

    await ask_to(two.page, action)
    await two.confirm(f"{action} the run")
    await insisting(partial(beside.reconciler.run_pass, PassTrigger.OPERATOR, "test"))

    for page in (two.page, two.other):
        await expect(page.locator(".page-header .badge").first).to_have_text(word, timeout=30_000)


async def test_a_dialog_whose_run_a_colleague_ended_promises_nothing(two: Two, beside: Services) -> None:
    _, id_ = await waiting_for_approval(beside)
    await two.go(f"/executions/{id_}")
    await expect(two.other.locator(".step[data-status=waiting]")).to_contain_text("Wait for decision")
    await two.page.get_by_role("button", name="Approve").click()
    dialog = two.page.get_by_role("dialog")
    await expect(dialog).to_contain_text("What will happen")

    await insisting(lambda: beside.executions.decide(TEST, id_, Decision.REJECTED, "unpaid bill"))
    await detail(beside, id_, lambda seen: seen.execution.status is Status.FAILED)

    await expect(dialog.get_by_role("alert")).to_contain_text("The run has ended. Rejected")
    await expect(dialog.get_by_role("alert")).to_contain_text("npaid bill")
    await expect(dialog).not_to_contain_text("What will happen")
    await expect(dialog).not_to_contain_text("Not undone")


async def test_a_retry_is_seen_by_whoever_looks_at_the_attempt_before(two: Two, beside: Services) -> None:
    _, id_ = await waiting_for_approval(beside)
    await insisting(lambda: beside.executions.decide(TEST, id_, Decision.REJECTED, "not yet, says the test"))
    await detail(beside, id_, lambda seen: seen.execution.status is Status.FAILED)
    await two.go(f"/executions/{id_}")
    await expect(two.other.get_by_role("button", name="Retry")).to_be_visible()

    await two.page.get_by_role("button", name="Retry").click()
    await two.confirm("Retry")

    await expect(two.page.locator(".page-subtitle")).to_contain_text("attempt 2")
    await expect(two.other.get_by_role("button", name="Retry")).to_have_count(0)
    await expect(two.other.get_by_role("link", name="Attempt 2", exact=True)).to_be_visible()


async def test_double_clicks_in_two_browsers_begin_one_attempt_and_one_of_them_is_told_so(
    two: Two, beside: Services
) -> None:
    _, id_ = await waiting_for_approval(beside)
    await insisting(lambda: beside.executions.decide(TEST, id_, Decision.REJECTED, "not yet, says the test"))
    await detail(beside, id_, lambda seen: seen.execution.status is Status.FAILED)
    await two.go(f"/executions/{id_}")
    buttons = []
    for page in (two.page, two.other):
        await page.get_by_role("button", name="Retry").click()
        await page.get_by_role("dialog").get_by_label("Reason").fill(REASON)
        buttons.append(page.get_by_role("dialog").get_by_role("button", name="Retry"))

    await asyncio.gather(*(button.evaluate("button => { button.click(); button.click(); }") for button in buttons))

    async def look() -> list[str]:
        return [await said(page, id_) for page in (two.page, two.other)]

    seen = await eventually(look, all)
    [told] = [each for each in seen if each != WENT]
    assert "There is a newer attempt (number 2) already" in told
    attempts = (await beside.reads.executions.detail(id_)).attempts
    assert [each.attempt for each in attempts] == [1, 2]


async def said(page: Page, id_: UUID) -> str:
    """What the dialog on the page of a run says is wrong; or that the page has gone on to another run."""
    if str(id_) not in page.url:
        return WENT
    alerts = page.get_by_role("dialog").get_by_role("alert")
    return "".join((await alerts.all_inner_texts())[:1])  # waits for none: a dialog that is done goes before its page


async def test_a_tenant_is_deprovisioned_and_kept(two: Two, beside: Services) -> None:
    slug, id_ = await registered(beside, Plan.STARTER)
    await detail(beside, id_, lambda seen: seen.execution.status is Status.COMPLETED)
    await go(two.page, f"/tenants/{slug}")
    await go(two.other, f"/tenants/{slug}")

    await two.page.get_by_role("button", name="More for this tenant").click()
    await two.page.get_by_role("menuitem", name="Deprovision").click()
    await expect(two.page.get_by_role("dialog")).to_contain_text("all data of")
    await two.confirm("Deprovision the tenant")

    await two.page.wait_for_url("**/executions/*")
    await expect(two.page.locator(".notice-title")).to_contain_text("then all data is deleted")
    await expect(two.other.locator(".notice-title")).to_contain_text("then all data is deleted")
    await expect(two.other.get_by_text("in 6 d").first).to_be_visible()
    await two.page.get_by_role("button", name="Keep the tenant").click()
    await two.confirm("Keep the tenant")
    await expect(two.other.locator(".page-header .badge").first).to_have_text("Active", timeout=30_000)
    await expect(two.other.get_by_role("button", name="Keep the tenant")).to_have_count(0)
    await expect(two.page.locator(".notice-title")).to_have_text("Cancelled; the tenant is kept and active again.")
    await ask_for_nothing(two.page, "Retry", "is active again")


async def ask_for_nothing(page: Page, action: str, why: str) -> None:
    """What cannot be done stands in the menu with its reason, and does nothing."""
    await expect(page.locator(".page-header .badge").first).to_have_text("Cancelled", timeout=30_000)
    await page.get_by_role("button", name="More actions").click()
    item = page.get_by_role("menuitem", name=action)
    await expect(item).to_contain_text(why)
    await expect(item).to_be_disabled()
    await item.click(force=True)
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_the_retry_of_a_removal_is_not_offered_to_support(
    visits: Visits, console: Console, connection: AsyncConnection, width: int
) -> None:
    tenant = await add_tenant(connection, slug=f"gone-{uuid4().hex[:8]}", status=TenantStatus.DEPROVISIONING)
    removal = await add_execution(
        connection,
        status=Status.FAILED,
        workflow_type=tenant_kinds.DEPROVISIONING.stored_name,
        entity_id=tenant,
        arguments=(str(tenant), "active", 60),
    )
    page = await visits.begin(session=await console.accounts.session("sue@example.com", Role.SUPPORT), width=width)

    await go(page, f"/executions/{removal}")

    await expect(page.get_by_role("button", name="Retry")).to_have_count(0)
    await page.get_by_role("button", name="More actions").click()
    await expect(page.get_by_role("menuitem", name="Retry")).to_contain_text("It takes the role operator;")
