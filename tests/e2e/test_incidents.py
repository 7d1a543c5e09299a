"""At three in the morning: what the first screen of a phone says of forty runs that are stuck, and where it leads."""

import re
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from playwright.async_api import Page, expect
from psycopg import AsyncConnection

from console.pages.overview import MOST_GROUPS
from operations.statuses import Status
from tests.e2e.test_pages import serious_violations
from tests.e2e.visits import Visits, go
from tests.factories import add_execution, add_tenant, set_status
from workbench.consoles import Console

PHONE = {"width": 390, "height": 844}
ERROR = 'DiskFull: could not extend file "base/16384/2619": No space left on device\nHINT:  Check free disk space.'
SIGNATURE = "Could not extend file …: No space left on device"
NUMBER, MINUTES = 40, 42
#: Whoever watches runs that stand still leaves alone what has just moved: these stay as they were made.
STUCK = """
    UPDATE workflow_executions SET health = 'stuck', cause = 'step_retrying', cause_detail = %s, signature = %s,
           health_since = now() - make_interval(mins => %s), last_progress_at = now() + interval '1 hour',
           evidence = '{"step": "create_schema", "tries": 27}', current_step = 'create_schema',
           steps_done = 1, steps_total = 6
    WHERE id = ANY(%s)
"""
#: What of the board can be read without scrolling.
FIRST_SCREEN = """
    [...document.querySelectorAll(".verdict p, .incident :is(h2, p, a, .incident-count)")]
        .filter((each) => each.checkVisibility() && each.getBoundingClientRect().bottom <= innerHeight)
        .map((each) => each.innerText).join("\\n")
"""
#: Where the title of a card ends, its new rows are offered, and its link stands; and where the card ends.
ALONG_THE_HEAD = """card => {
    const words = document.createRange();
    words.selectNodeContents(card.querySelector("h2"));
    const [title, pill, link, whole] = [
        words, card.querySelector(".live-pill"), card.querySelector(".card-actions a"), card,
    ].map((each) => each.getBoundingClientRect());
    return [title.right, pill.left, pill.right, link.left, link.right, whole.right];
}"""

#: Whether a text is cut off, or the page wider than its window.
CUT = "second => second.scrollWidth > second.clientWidth || document.documentElement.scrollWidth > innerWidth"


@pytest.fixture
async def stuck(console: Console) -> AsyncIterator[list[UUID]]:
    """Forty runs of as many tenants, for three quarters of an hour, by one cause."""
    async with await AsyncConnection.connect(console.accounts.database.dsn, autocommit=True) as connection:
        made = []
        for _ in range(NUMBER):
            tenant = await add_tenant(connection, slug=f"full-{uuid4().hex[:10]}")
            made.append(await add_execution(connection, status=Status.RUNNING, entity_id=tenant))
        await connection.execute(STUCK, (ERROR, SIGNATURE, MINUTES, made))
        yield made
        for id_ in made:
            await set_status(connection, id_, Status.COMPLETED)


@pytest.mark.usefixtures("stuck")
async def test_the_first_screen_says_the_cause_the_count_since_when_and_the_next_action(
    visits: Visits, admin_session: str
) -> None:
    page = await phone(visits, admin_session)

    await go(page, "/")
    await expect(page.locator(".verdict-text")).to_have_text("40 runs are stuck: no space left on the database server.")
    seen = await page.evaluate(FIRST_SCREEN)

    for words in (
        "40",
        "No space left on the database server",
        "No progress since ",
        "for 42 min",
        "Whoever runs the installation",
    ):
        assert words in seen
    for words in ("Mend what the error says. The step is tried again by itself.", "Show all 40", "What helps"):
        assert words in seen
    assert await serious_violations(page) == {}


@pytest.mark.usefixtures("stuck")
async def test_one_tap_leads_to_all_of_them_each_in_three_lines(visits: Visits, admin_session: str) -> None:
    page = await phone(visits, admin_session)
    await go(page, "/")

    await page.get_by_role("link", name="Show all 40").click()

    await expect(page.locator(".page-total")).to_have_text("40")
    rows = page.locator(".live tbody tr[data-tone='stuck']")
    await expect(rows).to_have_count(NUMBER)
    await expect(rows.first.locator("[data-tone]")).to_have_text("Stuck 42 min")
    await expect(rows.first.locator("[data-column='error']")).to_contain_text("No space left on the database server")
    await expect(rows.first.locator("[data-column='error']")).to_contain_text("27 tries")
    heights = await rows.evaluate_all("all => all.map(each => each.getBoundingClientRect().height)")
    assert max(heights) <= 140
    assert await serious_violations(page) == {}
    chips = page.get_by_role("group", name="Trouble")
    await expect(chips.get_by_role("button", name="No space left on the database server")).to_have_attribute(
        "aria-pressed", "true"
    )
    await chips.get_by_role("button", name="Stuck").click()
    await page.wait_for_url("**health=stuck**")
    await expect(rows).to_have_count(NUMBER)


async def test_stuck_ones_come_first_and_what_moved_says_so_at_once(
    visits: Visits, console: Console, admin_session: str, stuck: list[UUID]
) -> None:
    page = await visits.begin(session=admin_session)
    await go(page, "/executions")
    first = page.locator(".live tbody tr").first
    await expect(first).to_have_attribute("data-tone", "stuck")

    await go(page, f"/executions?signature={SIGNATURE}")
    row = page.locator(f"tr[data-id='{stuck[0]}']")
    await expect(row).to_have_attribute("data-tone", "stuck")
    await console.accounts.execute(
        f"UPDATE workflow_executions SET health = 'ok', health_since = now() WHERE id = '{stuck[0]}'"
    )

    await expect(row).to_have_attribute("data-tone", "retrying")
    await expect(row.locator("[data-tone]")).to_have_text("Retrying ×27")


async def test_when_nothing_is_wrong_the_board_says_so_and_takes_no_room(
    visits: Visits, empty_console: Console
) -> None:
    page = await visits.begin(session=await empty_console.accounts.session(), url=empty_console.url)

    await go(page, "/")

    await expect(page.locator(".verdict-text")).to_have_text("All is well. No run is open.")
    await expect(page.locator(".incident")).to_have_count(0)
    for heading in ("Waits for people", "Recent failures"):
        await expect(page.get_by_role("heading", name=heading)).to_be_hidden()


@pytest.mark.parametrize("width", [1440, 390])
async def test_what_waits_for_people_has_its_link_at_the_edge_and_new_ones_beside_it(
    visits: Visits, admin_session: str, connection: AsyncConnection, width: int
) -> None:
    waiting = [await add_waiting(connection, days=30)]
    page = await visits.begin(session=admin_session, width=width)
    await go(page, "/")
    card = page.locator(".card", has=page.get_by_role("heading", name="Waits for people"))
    await card.locator("tbody tr").first.hover()
    waiting.append(await add_waiting(connection, days=31))
    await expect(card.locator(".live-pill")).to_be_visible()

    words, pill, pill_end, link, link_end, edge = await card.evaluate(ALONG_THE_HEAD)

    for id_ in waiting:
        await set_status(connection, id_, Status.COMPLETED)

    assert 0 < edge - link_end <= 22
    assert words <= pill < pill_end <= link


async def add_waiting(connection: AsyncConnection, *, days: int) -> UUID:
    """A run that waits for a decision for longer than any other, and so stands first."""
    id_ = await add_execution(connection, status=Status.RUNNING, entity_id=await add_tenant(connection))
    await connection.execute(
        "INSERT INTO approval_requests (execution_id, expires_at) VALUES (%s, now() + interval '7 days')", (id_,)
    )
    await connection.execute(
        "UPDATE workflow_executions SET cause = 'awaiting_approval', health_since = now(),"
        " last_progress_at = now() - make_interval(days => %s) WHERE id = %s",
        (days, id_),
    )
    return id_


async def phone(visits: Visits, session: str) -> Page:
    page = await visits.begin(session=session, width=PHONE["width"])
    await page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    return page


@pytest.mark.usefixtures("stuck")
@pytest.mark.parametrize("width", [1440, PHONE["width"]])
async def test_each_row_says_who_must_act_in_the_words_of_the_first_page(
    visits: Visits, admin_session: str, width: int
) -> None:
    page = await visits.begin(session=admin_session, width=width)

    await go(page, "/executions?health=stuck&status=open&q=full-")

    second = page.locator("tbody tr[data-id]").first.locator("[data-column=error] .live-second")
    await expect(second).to_have_text("Who must act: Whoever runs the installation · 27 tries")
    assert not await second.evaluate(CUT)


async def test_there_is_no_link_to_other_causes_where_there_are_none(
    visits: Visits, empty_console: Console, admin_session: str, connection: AsyncConnection
) -> None:
    signatures = [f"denied {uuid4().hex}" for _ in range(MOST_GROUPS + 2)]
    for signature in signatures:
        tenant = await add_tenant(connection, slug=f"many-{uuid4().hex[:10]}")
        id_ = await add_execution(connection, status=Status.RUNNING, entity_id=tenant)
        await connection.execute(STUCK, (signature, signature, MINUTES, [id_]))
    healthy = await visits.begin(session=await empty_console.accounts.session(), url=empty_console.url)
    full = await visits.begin(session=admin_session)

    await go(healthy, "/")
    await go(full, "/")

    await expect(full.locator(".incidents-more")).to_have_text(re.compile(r"Show the other \d+ causes"))
    await expect(healthy.get_by_text("No run is open")).to_be_visible()
    await expect(healthy.locator(".incidents-more")).to_have_count(0)


async def test_nothing_is_said_to_be_well_before_the_first_look_and_that_is_told_by_itself(
    visits: Visits, empty_console: Console, empty_database_url: str
) -> None:
    pages = [
        await visits.begin(session=await empty_console.accounts.session(), url=empty_console.url) for _ in range(2)
    ]
    async with await AsyncConnection.connect(empty_database_url, autocommit=True) as connection:
        run = await add_execution(connection, status=Status.RUNNING)
        await connection.execute(
            "UPDATE diagnosis_state SET finished_at = NULL, holder = 'other', lease_expires_at = 'infinity'"
        )
        try:
            for page, path in zip(pages, ("/", "/executions"), strict=True):
                await go(page, path)
                await expect(page.get_by_text("Nobody has looked yet")).to_be_visible()

            await connection.execute("UPDATE diagnosis_state SET holder = NULL, lease_expires_at = NULL")

            for page, text in zip(pages, ("All is well.", "No trouble"), strict=True):
                await expect(page.get_by_text(text)).to_be_visible(timeout=60_000)
        finally:
            await connection.execute("DELETE FROM workflow_executions WHERE id = %s", (run,))
