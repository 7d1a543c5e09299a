"""What people say of trouble: on the page of the run, on that of its group, in lists; live, and inert."""

from uuid import UUID, uuid4

import pytest
from playwright.async_api import Page, expect
from psycopg import AsyncConnection

from operations.access import Actor
from operations.bootstrap import Services
from operations.statuses import Role, Status
from tests.e2e.test_pages import serious_violations
from tests.e2e.visits import Scheme, Visits, go
from tests.factories import add_execution, add_tenant
from workbench.consoles import Console

HOSTILE = "<img src=x onerror=alert(1)>\nand a second line"


async def stuck(connection: AsyncConnection, signature: str) -> tuple[str, UUID]:
    """A run that the watcher leaves as it is."""
    slug = f"triage-{uuid4().hex[:8]}"
    id_ = await add_execution(connection, status=Status.RUNNING, entity_id=await add_tenant(connection, slug=slug))
    await connection.execute(
        "UPDATE workflow_executions SET health = 'stuck', cause = 'step_retrying', signature = %s,"
        " cause_detail = %s, health_since = now(), last_progress_at = now() + interval '1 hour' WHERE id = %s",
        (signature, signature, id_),
    )
    return slug, id_


async def choose(page: Page, menu: str, item: str) -> None:
    await page.get_by_role("button", name=menu).click()
    await page.get_by_role("menuitem", name=item).click()


@pytest.mark.parametrize("width", [1440, pytest.param(390, marks=pytest.mark.long)])
async def test_a_run_is_acknowledged_assigned_snoozed_and_noted(
    visits: Visits, admin_session: str, connection: AsyncConnection, width: int
) -> None:
    slug, id_ = await stuck(connection, f"denied {uuid4().hex}")
    page = await visits.begin(session=admin_session, width=width)
    other = await visits.begin(session=admin_session, width=width)
    await go(page, f"/executions/{id_}")
    await go(other, f"/executions?triage=mine&q={slug}")
    triage = page.locator(".triage")
    await expect(triage).to_contain_text("Nobody has said anything of it.")

    await page.get_by_role("button", name="Acknowledge").click()
    await expect(triage).to_contain_text("Acknowledged by ada@example.com")
    await choose(page, "Assign it to somebody", "To me")
    await expect(triage).to_contain_text("Assigned to ada@example.com.")
    await expect(other.locator("tbody tr").filter(has_text=slug)).to_contain_text("Acknowledged")
    await choose(page, "Snooze it", "For an hour")
    await expect(triage).to_contain_text("or until its cause changes")
    await expect(other.locator("tbody tr").filter(has_text=slug)).to_contain_text("Snoozed until")
    await page.get_by_role("button", name="Leave a note").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Note").fill(HOSTILE)
    await dialog.get_by_role("button", name="Leave the note").click()
    await expect(dialog).to_be_hidden()
    await expect(triage.locator(".events p")).to_have_text(HOSTILE)
    await go(other, f"/tenants/{slug}")
    note = other.locator(".events li", has_text="<img src=x onerror=alert(1)>")
    await expect(note).to_have_count(1)  # in the line of time, and nowhere else
    await expect(note.locator(".event-title")).to_have_text("Provisioning, attempt 1: note")
    assert await note.locator("p").inner_text() == HOSTILE
    await expect(other.get_by_role("heading", name="Notes", exact=True)).to_have_count(0)
    await expect(page.locator(".triage img")).to_have_count(0)
    await choose(page, "Snooze it", "Wake it")
    await choose(page, "Assign it to somebody", "To nobody")
    await page.get_by_role("button", name="Take back").click()
    await expect(triage).to_contain_text("Nobody has acknowledged it")  # and somebody has said something: the note


@pytest.mark.parametrize("width", [1440, 390])
async def test_nothing_in_a_row_lies_over_another_thing(
    visits: Visits, admin_session: str, beside: Services, connection: AsyncConnection, width: int
) -> None:
    slug, id_ = await stuck(connection, f"denied {uuid4().hex}")
    await beside.triage.acknowledge(Actor.system("test"), id_)
    page = await visits.begin(session=admin_session, width=width)
    await go(page, f"/executions?q={slug}")
    row = page.locator("tbody tr").filter(has_text=slug)
    await expect(row).to_contain_text("Acknowledged")

    error, said = [await row.locator(f"[data-column={name}] .live-text").bounding_box() for name in ("error", "triage")]

    assert error is not None
    assert said is not None
    beside_each_other = error["x"] + error["width"] <= said["x"]
    assert beside_each_other or error["y"] + error["height"] <= said["y"]


async def test_the_column_of_triage_takes_room_only_when_somebody_said_something(
    visits: Visits, admin_session: str, beside: Services, connection: AsyncConnection
) -> None:
    slug, id_ = await stuck(connection, f"denied {uuid4().hex}")
    page = await visits.begin(session=admin_session)
    await go(page, f"/executions?q={slug}")
    await expect(page.locator("tbody tr").filter(has_text=slug)).to_be_visible()
    column = page.get_by_role("columnheader", name="Triage")
    await expect(column).to_have_count(0)

    await beside.triage.acknowledge(Actor.system("test"), id_)

    await expect(column).to_have_count(1)
    await expect(page.locator("tbody tr [data-column=triage]")).to_contain_text("Acknowledged")
    await page.get_by_role("button", name="Choose columns").click()
    await page.get_by_role("checkbox", name="Triage", exact=True).uncheck()
    await expect(column).to_have_count(0)


async def test_a_group_is_acknowledged_from_its_page_and_its_runs_say_so(
    visits: Visits, admin_session: str, connection: AsyncConnection
) -> None:
    signature = f"denied {uuid4().hex}"
    slug, id_ = await stuck(connection, signature)
    page = await visits.begin(session=admin_session)
    other = await visits.begin(session=admin_session)
    await go(other, f"/executions/{id_}")

    await go(page, f"/groups/step_retrying?signature={signature.replace(' ', '+')}")
    await page.get_by_role("button", name="Acknowledge").click()

    for each in (page, other):
        await expect(each.locator(".triage")).to_contain_text("Acknowledged by ada@example.com")
    await go(other, f"/executions?triage=unacknowledged&q={slug}")
    await expect(other.get_by_role("heading", name="No execution matches")).to_be_visible()


async def test_a_snoozed_group_leaves_the_red_of_the_board_and_comes_back(
    visits: Visits, admin_session: str, connection: AsyncConnection
) -> None:
    signature = f"denied {uuid4().hex}"
    slug, id_ = await stuck(connection, signature)
    board = await visits.begin(session=admin_session)
    page = await visits.begin(session=admin_session)
    await go(board, "/")
    await expect(board.locator(".incident", has_text=signature)).to_have_attribute("data-tone", "stuck")
    await go(page, f"/groups/step_retrying?signature={signature.replace(' ', '+')}")

    await choose(page, "Snooze it", "For an hour")

    folded = board.locator(".incident-folded", has_text=signature)
    await expect(folded.locator("summary")).to_contain_text("Snoozed until")
    await expect(board.locator(".incident", has_text=signature)).to_have_count(0)
    await expect(board.locator(".verdict-text")).not_to_contain_text(signature)
    await folded.locator("summary").click()
    await expect(folded.get_by_role("link", name="Show it")).to_be_visible()
    await expect(folded).to_contain_text("Snoozed by ada@example.com")
    assert await serious_violations(board) == {}
    await go(page, f"/executions?q={slug}")
    await expect(page.locator(f"tr[data-id='{id_}']")).to_have_attribute("data-tone", "planned")

    await connection.execute("UPDATE triage SET snoozed_until = now() WHERE signature = %s", (signature,))

    await expect(board.locator(".incident", has_text=signature)).to_have_attribute("data-tone", "stuck")
    await expect(folded).to_have_count(0)
    await expect(page.locator(f"tr[data-id='{id_}']")).to_have_attribute("data-tone", "stuck")


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
async def test_viewers_read_and_the_page_is_accessible(
    visits: Visits, admin_session: str, console: Console, connection: AsyncConnection, scheme: Scheme
) -> None:
    _, id_ = await stuck(connection, f"denied {uuid4().hex}")
    viewer = await visits.begin(session=await console.accounts.session("vi@triage.example", Role.VIEWER))
    page = await visits.begin(session=admin_session, scheme=scheme)

    for each in (viewer, page):
        await go(each, f"/executions/{id_}")
        await expect(each.locator(".triage")).to_contain_text("Nobody has said anything of it.")

    await expect(viewer.get_by_role("button", name="Acknowledge")).to_have_count(0)
    await expect(viewer.get_by_role("button", name="Leave a note")).to_have_count(0)
    await expect(viewer.get_by_role("button", name="Snooze it")).to_have_count(0)
    assert await serious_violations(page) == {}
