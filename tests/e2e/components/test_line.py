"""What comes to a page by its line: early, twice, not at all, or by another way."""

from playwright.async_api import WebSocketRoute

from tests.e2e.components.conftest import Look

RESET = """edition => { const table = getElement(document.querySelector('.live').id.slice(1));
    table.reset(table.entries.map(entry => entry.row), edition) }"""
RENAME = """([view, edition, tenant]) => {
    const id = getElement(document.querySelector('.live').id.slice(1)).entries[0].row.id;
    hearNews([view, edition, {changed: [{id, tenant}]}]) }"""
FIRST = "document.querySelector('tbody tr').innerText"
BEHIND = "getElement(document.querySelector('.live').id.slice(1)).follower.isBehind"


async def test_a_frame_that_overtook_the_rows_is_shown_with_them(look: Look) -> None:
    page = await look("/executions?rows=20", running=False)

    await page.evaluate(RENAME, [99, 6, "Early & Co"])
    assert "Early & Co" not in await page.evaluate(FIRST)
    await page.evaluate(RESET, [99, 5])

    await page.wait_for_function(f"{FIRST}.includes('Early & Co')")


async def test_a_frame_counts_once_and_an_old_one_not_at_all(look: Look) -> None:
    page = await look("/executions?rows=20", running=False)
    await page.evaluate(RESET, [99, 5])

    for edition, tenant in ((6, "Once Ltd"), (6, "Twice Ltd"), (5, "Old Ltd")):
        await page.evaluate(RENAME, [99, edition, tenant])

    await page.wait_for_function(f"{FIRST}.includes('Once Ltd')")
    assert not await page.evaluate(BEHIND)


async def test_a_table_that_missed_a_frame_asks_for_its_rows(look: Look) -> None:
    page = await look("/executions?rows=20", running=False)
    await page.evaluate(RESET, [99, 5])

    await page.evaluate(RENAME, [99, 8, "Too late"])

    await page.wait_for_function(f"!{BEHIND}")
    assert "Too late" not in await page.evaluate(FIRST)


async def test_a_tab_that_was_away_shows_what_it_missed(look: Look) -> None:
    page = await look("/executions?rows=20", running=False)
    await page.evaluate("window.socket.disconnect()")

    await page.request.post("/changes", params={"rename": "Meanwhile Inc"})
    await page.evaluate("window.socket.connect()")

    await page.wait_for_function(f"{FIRST}.includes('Meanwhile Inc')")


async def test_without_websockets_news_come_by_polling(look: Look) -> None:
    page = await look("/login")
    await page.route_web_socket("**/_nicegui_ws/**", _refuse)
    page = await look("/executions?rows=20", running=False)
    assert await page.evaluate("window.socket.io.engine.transport.name") == "polling"

    await page.request.post("/changes", params={"rename": "Polled GmbH"})

    await page.wait_for_function(f"{FIRST}.includes('Polled GmbH')")


async def _refuse(socket: WebSocketRoute) -> None:
    await socket.close()
