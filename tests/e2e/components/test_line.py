"""What comes to a page by its line: early, twice, not at all, or by another way."""

import pytest
from playwright.async_api import Page, WebSocketRoute

from tests.e2e.components.conftest import Look

TABLE = "getElement(document.querySelector('.live').id.slice(1))"
ROWS = f"{TABLE}.entries.map(entry => entry.row)"
FIRST_ROW = f"{TABLE}.entries[0].row"
RESET = """edition => { const table = getElement(document.querySelector('.live').id.slice(1));
    table.reset(table.entries.map(entry => entry.row), edition) }"""
RENAME = """([view, edition, tenant]) => {
    const id = getElement(document.querySelector('.live').id.slice(1)).entries[0].row.id;
    hearNews([view, edition, {changed: [{id, tenant}]}]) }"""
# In a function: Playwright would call one that an expression gives.
COUNT_QUESTIONS = f"() => {{ {TABLE}.follower.fallBehind = () => {{ window.asked = (window.asked ?? 0) + 1 }} }}"
FIRST = "document.querySelector('tbody tr').innerText"
BEHIND = f"{TABLE}.follower.isBehind"


async def shown(look: Look) -> Page:
    """With the rows that the server sends first, which would take the place of a test's own."""
    page = await look("/executions?rows=20", running=False)
    await page.wait_for_function(f"{TABLE}.follower.view !== null")
    return page


async def test_a_frame_that_overtook_the_rows_is_shown_with_them(look: Look) -> None:
    page = await shown(look)

    await page.evaluate(RENAME, [99, 6, "Early & Co"])
    assert "Early & Co" not in await page.evaluate(FIRST)
    await page.evaluate(RESET, [99, 5])

    await page.wait_for_function(f"{FIRST}.includes('Early & Co')")


async def test_a_frame_counts_once_and_an_old_one_not_at_all(look: Look) -> None:
    page = await shown(look)
    await page.evaluate(RESET, [99, 5])

    for edition, tenant in ((6, "Once Ltd"), (6, "Twice Ltd"), (5, "Old Ltd")):
        await page.evaluate(RENAME, [99, edition, tenant])

    await page.wait_for_function(f"{FIRST}.includes('Once Ltd')")
    assert not await page.evaluate(BEHIND)


async def test_a_table_that_missed_a_frame_asks_for_its_rows(look: Look) -> None:
    page = await shown(look)
    await page.evaluate(RESET, [99, 5])

    await page.evaluate(RENAME, [99, 8, "Too late"])

    await page.wait_for_function(f"!{BEHIND}")
    assert "Too late" not in await page.evaluate(FIRST)


async def test_a_question_that_was_lost_is_asked_again_after_the_next_handshake(look: Look) -> None:
    page = await shown(look)
    await page.evaluate(RESET, [99, 5])
    await page.evaluate(COUNT_QUESTIONS)  # as if the connection died with each
    await page.evaluate(RENAME, [99, 8, "Lost"])
    assert await page.evaluate("window.asked") == 1

    await page.evaluate("hearNews([99, 8])")

    assert await page.evaluate("window.asked") == 2


async def test_a_question_that_the_server_could_not_answer_is_asked_again_with_later_news(look: Look) -> None:
    page = await shown(look)
    await page.evaluate(RESET, [99, 5])
    await page.evaluate(COUNT_QUESTIONS)
    await page.evaluate(RENAME, [99, 8, "Unanswered"])
    await page.evaluate(RENAME, [99, 9, "At once"])
    assert await page.evaluate("window.asked") == 1

    await page.evaluate(f"{TABLE}.follower.askedAt -= 60000")
    await page.evaluate(RENAME, [99, 10, "Later"])

    assert await page.evaluate("window.asked") == 2


async def test_what_was_told_before_the_rows_came_is_noticed_although_it_was_not_kept(look: Look) -> None:
    page = await shown(look)
    await page.evaluate("hearNews([98, 6, {}])")
    await page.evaluate("for (let n = 1; n <= 60; n++) hearNews([97, n, {}])")
    await page.evaluate(COUNT_QUESTIONS)

    await page.evaluate(RESET, [98, 5])

    assert await page.evaluate("window.asked") == 1


async def test_a_value_that_became_empty_meanwhile_is_empty_after_the_gap(look: Look) -> None:
    page = await shown(look)
    before = await page.evaluate(FIRST_ROW)
    assert before["tenant"]

    await page.evaluate(f"row => {TABLE}.sync([row, ...{ROWS}.slice(1)], [99, 5])", {"id": before["id"]})

    after = await page.evaluate(FIRST_ROW)
    assert after["id"] == before["id"]
    assert not any(value for name, value in after.items() if name != "id")


async def test_a_row_that_went_and_came_back_meanwhile_is_there_after_the_gap(look: Look) -> None:
    page = await shown(look)
    await page.evaluate(RESET, [99, 5])
    await page.locator("tbody tr").nth(3).hover()
    rows = await page.evaluate(ROWS)
    await page.evaluate("id => hearNews([99, 6, {removed: [id]}])", rows[0]["id"])
    await page.wait_for_function(f"{TABLE}.entries[0].gone")

    await page.evaluate(f"rows => {TABLE}.sync(rows, [99, 7])", rows)
    await page.mouse.move(5, 300)

    await page.wait_for_function(f"!{TABLE}.isHeld()")
    assert await page.evaluate(f"{TABLE}.entries[0].gone") is False
    assert await page.locator("tbody tr").count() == 20


async def test_a_tab_that_was_away_shows_what_it_missed(look: Look) -> None:
    page = await shown(look)
    await page.evaluate("window.socket.disconnect()")

    await page.request.post("/changes", params={"rename": "Meanwhile Inc"})
    await page.evaluate("window.socket.connect()")

    await page.wait_for_function(f"{FIRST}.includes('Meanwhile Inc')")


@pytest.mark.long
async def test_without_websockets_news_come_by_polling(look: Look) -> None:
    page = await look("/login")
    await page.route_web_socket("**/_nicegui_ws/**", _refuse)
    page = await shown(look)
    assert await page.evaluate("window.socket.io.engine.transport.name") == "polling"

    await page.request.post("/changes", params={"rename": "Polled GmbH"})

    await page.wait_for_function(f"{FIRST}.includes('Polled GmbH')")


async def _refuse(socket: WebSocketRoute) -> None:
    await socket.close()
