"""Dialogs: they survive what happens to their object, say so, keep what was typed, and end with their page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from playwright.async_api import Locator, Page, WebSocketRoute, expect
from psycopg import AsyncConnection

from operations import tenant_kinds
from operations.bootstrap import Services
from operations.statuses import CommandKind, Status, TenantStatus
from operations.temporal import Start, Temporal
from tests.e2e.visits import Visits, go, settled
from tests.factories import add_execution, add_tenant
from workbench.servers import eventually

REASON = "the customer asked us to stop this, ticket 4711"


QUEUE = "nobody"
OVER = """
    UPDATE workflow_executions SET status = 'failed', close_reason = 'terminated', completed_at = clock_timestamp()
    WHERE id = %s AND completed_at IS NULL
"""
LEAVES = "UPDATE tenants SET status = 'failed' WHERE id = %s AND status = 'provisioning'"


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """An open execution and its run, on which nobody works, so that it changes when the test says so."""

    id: UUID
    tenant_id: UUID
    run_id: str
    connection: AsyncConnection
    temporal: Temporal

    @property
    def path(self) -> str:
        return f"/executions/{self.id}"

    async def moves_on(self, step: str = "migrate_schema") -> None:
        await self.connection.execute(
            "UPDATE workflow_executions SET current_step = %s, last_progress_at = clock_timestamp() WHERE id = %s",
            (step, self.id),
        )

    async def is_another(self) -> None:
        """As after a reset: other facts than those that somebody has read."""
        await self.connection.execute(
            "UPDATE workflow_executions SET run_id = %s WHERE id = %s", (str(uuid4()), self.id)
        )

    async def waits(self) -> None:
        await self.connection.execute(
            "INSERT INTO approval_requests (execution_id, expires_at) VALUES (%s, now() + interval '7 days')",
            (self.id,),
        )

    async def ends(self) -> None:
        """By force, and its row says so; harmless when it has ended."""
        await self.temporal.terminate(f"test-{self.id}", self.run_id, reason=REASON)
        await self.connection.execute(OVER, (self.id,))  # each by itself: the product locks both rows in an order
        await self.connection.execute(LEAVES, (self.tenant_id,))


@asynccontextmanager
async def open_run(services: Services) -> AsyncIterator[Run]:
    async with await AsyncConnection.connect(services.database.dsn, autocommit=True) as connection:
        tenant = await add_tenant(connection, slug=f"asked-{uuid4().hex[:8]}", status=TenantStatus.PROVISIONING)
        id_ = await add_execution(connection, status=Status.RUNNING, entity_id=tenant, task_queue=QUEUE)
        run_id = await services.temporal.start(
            Start(
                workflow_id=f"test-{id_}",
                temporal_name=tenant_kinds.PROVISIONING.temporal_name,
                task_queue=QUEUE,
                execution_id=id_,
                arguments=(str(tenant),),
            )
        )
        await connection.execute("UPDATE workflow_executions SET run_id = %s WHERE id = %s", (run_id, id_))
        run = Run(id=id_, tenant_id=tenant, run_id=run_id, connection=connection, temporal=services.temporal)
        await run.moves_on("create_schema")
        yield run
        await run.ends()


@pytest.fixture
async def run(beside: Services) -> AsyncIterator[Run]:
    async with open_run(beside) as opened:
        yield opened


async def ask_to(page: Page, action: str) -> Locator:
    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name=action, exact=True).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("Reason")).to_be_focused()
    return dialog


async def commands(services: Services, run: Run) -> list[tuple[CommandKind, str | None]]:
    return [(each.kind, each.reason) for each in await services.reads.intents.commands(run.id)]


@pytest.mark.parametrize("width", [1440, pytest.param(390, marks=pytest.mark.long)])
async def test_a_dialog_survives_the_changes_of_its_run(
    visits: Visits, admin_session: str, beside: Services, run: Run, width: int
) -> None:
    page = await visits.begin(session=admin_session, width=width)
    await go(page, run.path)
    dialog = await ask_to(page, "Terminate")
    await dialog.get_by_label("Reason").fill(REASON)

    await run.moves_on()
    await expect(page.locator(".notice-title")).to_contain_text("Migrate schema")
    await run.waits()
    await expect(page.locator(".notice-title")).to_contain_text("approval")

    await expect(dialog.get_by_label("Reason")).to_have_value(REASON)
    await dialog.get_by_role("button", name="Terminate").click()
    await expect(dialog).to_be_hidden()
    assert await commands(beside, run) == [(CommandKind.TERMINATE, REASON)]


async def test_a_dialog_says_that_its_run_has_ended(page: Page, beside: Services, run: Run) -> None:
    await go(page, run.path)
    dialog = await ask_to(page, "Terminate")
    await dialog.get_by_label("Reason").fill(REASON)

    await run.ends()

    await expect(dialog.get_by_role("alert")).to_contain_text("ended")
    await expect(dialog.get_by_role("button", name="Terminate")).to_be_disabled()
    await expect(dialog.get_by_label("Reason")).to_have_value(REASON)
    assert await commands(beside, run) == []
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()


async def test_a_dialog_ends_with_its_page(page: Page, beside: Services, run: Run) -> None:
    await run.waits()
    await go(page, "/executions")
    await page.locator(f"tr[data-id='{run.id}'] a").click()
    await page.wait_for_url(f"**{run.path}")
    await page.get_by_role("button", name="Approve").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Reason").fill(REASON)

    await page.go_back()

    await expect(page.locator("h1")).to_have_text("Executions")
    await expect(dialog).to_be_hidden()
    assert await page.evaluate("document.querySelectorAll('[inert]').length") == 0
    assert await commands(beside, run) == []
    await page.go_forward()
    await page.get_by_role("button", name="Approve").click()
    await expect(dialog.get_by_label("Reason")).to_have_value(REASON)


async def test_a_reason_that_is_too_short_keeps_the_dialog_open(page: Page, beside: Services, run: Run) -> None:
    await go(page, run.path)
    dialog = await ask_to(page, "Cancel")

    await dialog.get_by_label("Reason").fill("no")
    await dialog.get_by_role("button", name="Cancel the run").click()

    await expect(dialog.get_by_role("alert")).to_contain_text("3 to 500 characters")
    await expect(dialog.get_by_label("Reason")).to_have_value("no")
    await expect(dialog.get_by_label("Reason")).to_be_focused()
    assert await commands(beside, run) == []


async def test_what_is_of_no_use_any_more_closes_without_a_question(page: Page, run: Run) -> None:
    await go(page, run.path)
    dialog = await ask_to(page, "Cancel")
    await dialog.get_by_label("Reason").fill(REASON)
    await run.ends()
    await expect(dialog.get_by_role("button", name="Cancel the run")).to_be_disabled()

    await page.keyboard.press("Escape")

    await expect(dialog).to_be_hidden()


async def test_what_is_typed_is_not_thrown_away_unasked(page: Page, run: Run) -> None:
    await go(page, run.path)
    dialog = await ask_to(page, "Cancel")
    reason = dialog.get_by_label("Reason")
    await reason.fill(REASON)

    await page.keyboard.press("Escape")
    ways = dialog.locator(".dialog-leaving button")
    await expect(ways).to_have_count(2)
    tops = await ways.evaluate_all("all => all.map(each => each.offsetTop)")
    assert len(set(tops)) == 1  # side by side
    await dialog.get_by_role("button", name="Go on writing").click()
    await expect(reason).to_be_focused()
    await page.mouse.click(5, 5)
    await expect(dialog.get_by_text("throw away what you wrote")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(reason).to_have_value(REASON)
    await page.reload()
    await settled(page)
    dialog = await ask_to(page, "Cancel")
    await expect(reason).to_have_value(REASON)
    await page.keyboard.press("Escape")
    await dialog.get_by_role("button", name="Throw away").click()

    await expect(dialog).to_be_hidden()
    await expect(page.get_by_role("button", name="More actions")).to_be_focused()
    await ask_to(page, "Cancel")
    await expect(reason).to_have_value("")
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()


async def test_the_keyboard_confirms_and_the_reason_is_offered_again(page: Page, beside: Services, run: Run) -> None:
    await go(page, run.path)
    dialog = await ask_to(page, "Cancel")
    await page.keyboard.type(REASON)

    await page.keyboard.press("Control+Enter")

    await expect(dialog).to_be_hidden()
    assert await commands(beside, run) == [(CommandKind.CANCEL, REASON)]
    await ask_to(page, "Terminate")
    await dialog.get_by_role("button", name=REASON).click()
    await expect(dialog.get_by_label("Reason")).to_have_value(REASON)


async def test_nothing_is_done_but_what_the_person_has_read(
    page: Page, visits: Visits, admin_session: str, beside: Services, run: Run
) -> None:
    """What changed is on its way to the browser when the person confirms what it said before."""
    waiting: list[str | bytes] = []
    is_held = False

    def carry(route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        route.on_message(server.send)
        server.on_message(lambda message: waiting.append(message) if is_held else route.send(message))
        sockets.append(route)

    sockets: list[WebSocketRoute] = []
    await page.route_web_socket("**/socket.io/**", carry)
    other = await visits.begin(session=admin_session)
    await go(page, run.path)
    await go(other, run.path)
    dialog = await ask_to(page, "Terminate")
    await dialog.get_by_label("Reason").fill(REASON)

    is_held = True
    await run.waits()
    await run.is_another()
    await run.moves_on()
    await expect(other.get_by_role("button", name="Approve")).to_be_visible()
    await eventually(lambda: _joined(waiting), lambda seen: "what_will_happen" in seen)
    await dialog.get_by_role("button", name="Terminate").click()
    await eventually(lambda: _joined(waiting), lambda seen: "refuse" in seen)
    is_held = False
    for message in waiting:
        sockets[-1].send(message)

    await expect(dialog.get_by_role("alert")).to_contain_text("nothing was done")
    assert await commands(beside, run) == []


async def _joined(messages: list[str | bytes]) -> str:
    return " ".join(str(message) for message in messages)
