"""People can work in a table whose rows change ten times a second."""

import pytest
from playwright.async_api import Page

from tests.e2e.components.conftest import Look
from workbench import fake_rows
from workbench.gallery_pages import PAGES

TOP_OF_ROWS = (
    "[...document.querySelectorAll('tbody tr')].slice(0, 12).map(r => r.dataset.id + r.getBoundingClientRect().top)"
)
#: What the button for new rows lies over.
COVERED = """() => {
    const pill = document.querySelector(".live-pill").getBoundingClientRect();
    const others = "tbody tr, thead th, .live-tools, .live-columns, .pager, .filters, .selection, .counts, header";
    return [...document.querySelectorAll(others)].filter((other) => {
        const box = other.getBoundingClientRect();
        return box.width && box.height && box.left < pill.right && pill.left < box.right
            && box.top < pill.bottom && pill.top < box.bottom;
    }).map((other) => other.className || other.tagName);
}"""
#: Whether it is what is seen where it is.
IN_SIGHT = """() => {
    const {left, top, width, height} = document.querySelector(".live-pill").getBoundingClientRect();
    return document.elementFromPoint(left + width / 2, top + height / 2)?.closest(".live-pill") != null;
}"""
IDS = "rows => rows.map(row => row.dataset.id)"
HEARD = "word => document.getElementById('log').textContent.split('\\n').filter(line => line.startsWith(word)).length"


async def _has_heard(page: Page, word: str, times: int) -> None:
    await page.wait_for_function(f"([word, times]) => ({HEARD})(word) === times", arg=[word, times])


async def test_every_click_arrives_while_rows_change(look: Look) -> None:
    page = await look("/executions")

    for number in range(20):
        button = page.locator("tbody tr").nth(number).get_by_role("button", name="Ask Temporal")
        await button.click(delay=120)

    await _has_heard(page, "action", 20)


async def test_focus_stays_on_a_button_whose_row_changes(look: Look) -> None:
    page = await look("/executions")
    button = page.locator("tbody tr").first.get_by_role("button", name="Ask Temporal")
    await button.focus()
    await page.evaluate(
        """() => { window.changed = 0;
        new MutationObserver(() => window.changed++).observe(
            document.querySelector('tbody tr'), {subtree: true, childList: true, attributes: true}) }"""
    )

    await page.wait_for_function("window.changed >= 2")

    assert await button.evaluate("button => button === document.activeElement")


async def test_new_rows_wait_while_the_pointer_is_in_the_table(look: Look) -> None:
    page = await look("/executions?rows=40", running=False)
    await page.locator("tbody tr").nth(3).hover()
    before = await page.evaluate(TOP_OF_ROWS)

    await page.request.post("/changes", params={"insert": 900})

    pill = page.get_by_role("button", name="+1 new")
    await pill.wait_for()
    assert await page.evaluate(TOP_OF_ROWS) == before

    await pill.click()

    await page.get_by_role("link", name="provision-tenant-new-900").wait_for()
    await _has_heard(page, "show_new", 1)


@pytest.mark.parametrize("width", [1440, 1024, 720, 390])
async def test_numbers_of_the_counts_move_no_row_when_they_come(look: Look, width: int) -> None:
    page = await look("/executions?rows=40", width=width, running=False)
    await page.locator(".count-number", has_text="128").wait_for()
    await page.evaluate("() => document.fonts.ready")
    before = await page.evaluate(TOP_OF_ROWS)

    await page.locator(".count-number").evaluate_all("all => all.forEach(each => each.textContent = '–')")

    assert await page.evaluate(TOP_OF_ROWS) == before


@pytest.mark.parametrize("width", [1440, 1024, 720, 390])
async def test_the_button_for_new_rows_covers_nothing_and_moves_nothing(look: Look, width: int) -> None:
    page = await look("/executions?rows=40", width=width, running=False)
    await page.locator(".count-number", has_text="128").wait_for()
    await page.evaluate("() => document.fonts.ready")
    await page.locator("tbody tr").nth(1).hover()
    before = await page.evaluate(TOP_OF_ROWS)

    await page.request.post("/changes", params={"insert": 902})

    await page.locator(".live-pill").wait_for()
    assert await page.evaluate(COVERED) == []
    assert await page.evaluate(TOP_OF_ROWS) == before
    await page.mouse.wheel(0, 600)
    await page.wait_for_function("scrollY > 300")
    assert await page.evaluate(IN_SIGHT)


async def test_new_rows_are_told_and_shown_by_keyboard(look: Look) -> None:
    page = await look("/executions?rows=40", running=False)
    await page.keyboard.press("j")
    await page.request.post("/changes", params={"insert": 903})
    await page.locator(".live-pill").wait_for()
    assert await page.locator(".live [role=status]").inner_text() == "1 new row"

    await page.locator(".live-pill").focus()
    assert await page.locator(".live-pill").count() == 1  # it does not go when it is reached
    await page.keyboard.press("Enter")

    await page.get_by_role("link", name="provision-tenant-new-903").wait_for()
    await page.wait_for_function("document.activeElement.matches('tbody tr:first-child')")


async def test_new_rows_come_in_when_the_keyboard_leaves_their_button(look: Look) -> None:
    page = await look("/executions?rows=40", running=False)
    await page.keyboard.press("j")
    await page.request.post("/changes", params={"insert": 904})
    await page.locator(".live-pill").focus()

    await page.get_by_role("searchbox").first.focus()

    await page.get_by_role("link", name="provision-tenant-new-904").wait_for()
    assert await page.locator(".live-pill").count() == 0


async def test_new_rows_come_in_when_the_pointer_leaves(look: Look) -> None:
    page = await look("/executions?rows=40", running=False)
    await page.locator("tbody tr").nth(3).hover()
    await page.request.post("/changes", params={"insert": 901})
    await page.get_by_role("button", name="+1 new").wait_for()

    await page.mouse.move(5, 300)

    await page.wait_for_function("document.querySelector('tbody tr').textContent.includes('provision-tenant-new-901')")
    assert await page.locator(".live-pill").count() == 0


async def test_a_removed_row_stays_grey_until_the_pointer_leaves(look: Look) -> None:
    page = await look("/executions?rows=40", running=False)
    rows = page.locator("tbody tr")
    await rows.nth(3).hover()
    count = await rows.count()

    await page.request.post("/changes", params={"remove": 5})

    await page.wait_for_function("document.querySelectorAll('tbody tr')[5].classList.contains('gone')")
    assert await rows.count() == count

    await page.mouse.move(5, 300)

    await page.wait_for_function("count => document.querySelectorAll('tbody tr').length === count - 1", arg=count)


async def test_selecting_a_range_holds_the_rows_and_shows_the_bar(look: Look) -> None:
    page = await look("/executions?rows=40", running=False)
    boxes = page.locator("tbody input[type=checkbox]")
    await boxes.nth(1).click()

    await boxes.nth(4).click(modifiers=["Shift"])

    await page.get_by_text("4 selected").wait_for()
    assert not await page.get_by_role("search").is_visible()

    await page.get_by_role("button", name="Clear selection").click()

    await page.get_by_role("search").wait_for()
    assert await page.locator("tbody input:checked").count() == 0


async def test_the_keyboard_moves_selects_and_opens(look: Look) -> None:
    page = await look("/executions?rows=40", running=False)

    for key in ("j", "j", "k", "j", "x"):
        await page.keyboard.press(key)

    await _has_heard(page, "select", 1)
    second = page.locator("tbody tr").nth(1)
    assert await second.evaluate("row => row === document.activeElement && row.classList.contains('selected')")

    await page.keyboard.press("Enter")

    await page.wait_for_url("**/executions/0198f2c4*")


async def test_heads_sort_and_say_so(look: Look) -> None:
    page = await look("/executions?rows=40", running=False)
    head = page.get_by_role("columnheader", name="Started")

    await head.get_by_role("button").click()
    await head.get_by_role("button").click()

    await _has_heard(page, "sort", 2)
    assert await head.get_attribute("aria-sort") == "descending"


async def test_a_chosen_column_appears_without_losing_rows(look: Look) -> None:
    page = await look("/executions?rows=40", running=False)
    await page.get_by_role("button", name="Choose columns").click()

    await page.get_by_label("Attempt").check()

    await page.get_by_role("columnheader", name="Attempt").wait_for()
    await _has_heard(page, "columns", 1)


async def test_rows_that_come_after_a_gap_do_not_move_those_at_hand(look: Look) -> None:
    page = await look("/executions?rows=40", running=False)
    await page.locator("tbody tr").nth(3).hover()
    before = await page.evaluate(TOP_OF_ROWS)

    await page.evaluate(
        """() => { const table = getElement(document.querySelector('.live'));
        const rows = table.entries.map(entry => entry.row).reverse().slice(1);
        table.sync([...rows, {...rows[0], id: 'new', workflow: 'after-the-gap'}]) }"""
    )

    await page.get_by_role("button", name="+1 new").wait_for()
    assert await page.evaluate(TOP_OF_ROWS) == before

    await page.mouse.move(5, 300)

    await page.wait_for_function("[...document.querySelectorAll('tbody tr')].at(-1).dataset.id === 'new'")
    assert await page.locator("tbody tr").count() == 40


async def test_a_table_built_anew_asks_for_its_rows(look: Look) -> None:
    page = await look("/executions?rows=40", running=False)

    await page.evaluate(
        """async () => { const id = document.querySelector('.live').id.slice(1);
        const element = mounted_app.elements[id];
        delete mounted_app.elements[id];
        await Vue.nextTick();
        mounted_app.elements[id] = element }"""
    )

    await _has_heard(page, "remounted", 1)


async def test_new_rows_find_their_place(look: Look) -> None:
    page = await look("/tenants", running=False)
    hints: list[tuple[list[str] | None, str]] = [
        (None, "n m a b c d"),
        (["b", "n"], "m a b n c d"),
        (["n", "c"], "m a b n c d"),
        (["d", "a", "n", "m"], "d a n b c m"),
        (["gone", "n"], "m a b c d n"),
    ]

    arranged = await page.evaluate(
        """async hints => { const { arrange } = await import('console_formats');
        const entries = ids => ids.split(' ').map(id => ({row: {id}}));
        return hints.map(hint => arrange(entries('a b c d'), entries('n m'), hint).map(e => e.row.id).join(' ')) }""",
        [hint for hint, _ in hints],
    )

    assert arranged == [order for _, order in hints]


async def test_durations_tick_in_the_rows_on_screen(look: Look) -> None:
    page = await look("/executions?rows=40", running=False)
    cell = page.locator("[data-since]").first
    before = await cell.text_content()

    await page.wait_for_function("before => document.querySelector('[data-since]').textContent !== before", arg=before)


async def test_one_changed_row_costs_few_bytes(look: Look) -> None:
    page = await look("/login")
    frames: list[str | bytes] = []

    def keep(frame: str | bytes) -> None:
        frames.append(frame)

    page.on("websocket", lambda socket: socket.on("framereceived", keep))

    await look("/executions")
    await page.wait_for_function("document.querySelector('tbody tr:is(.flash0, .flash1)') !== null")

    patches = [frame for frame in frames if isinstance(frame, str) and '"changed":' in frame]
    assert patches
    assert max(len(patch) // patch.count('"changed":') for patch in patches) <= 400


@pytest.mark.long
@pytest.mark.parametrize("path", [path.format(id="abc") for path in PAGES])
async def test_nothing_overflows_on_a_phone(look: Look, path: str) -> None:
    page = await look(path, width=360)

    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    assert not await page.locator("thead").first.is_visible() or path not in ("/executions", "/hostile")


async def test_hostile_text_stays_text(look: Look) -> None:
    page = await look("/hostile")

    for text in fake_rows.HOSTILE[:3]:
        await page.get_by_role("link", name=text).first.wait_for()
    hrefs = await page.locator(".live-link").evaluate_all("links => links.map(link => link.getAttribute('href'))")

    assert await page.evaluate("window.hacked") is None
    assert await page.locator("main img, tbody b, tbody script").count() == 0
    assert all(href.startswith("/executions/") and href.count("/") == 2 for href in hrefs)


async def test_a_row_opens_by_a_click_beside_its_link(look: Look) -> None:
    page = await look("/executions?rows=40", running=False)
    row = page.locator("tbody tr").nth(3)
    href = await row.locator("a.live-link").get_attribute("href")

    async with page.context.expect_page() as opened:
        await row.locator(".k-duration").click(modifiers=["Control"])
    assert (await opened.value).url.endswith(str(href))
    async with page.context.expect_page() as opened:
        await row.locator(".k-duration").click(button="middle")
    assert (await opened.value).url.endswith(str(href))
    await row.locator(".k-check").click()
    await row.locator(".k-duration").click()

    await page.wait_for_url(f"**{href}")


async def test_a_click_that_selects_text_opens_nothing(look: Look) -> None:
    page = await look("/executions?rows=40", running=False)

    await page.locator("tbody tr").nth(3).locator(".live-second").first.dblclick()

    assert await page.evaluate("getSelection().toString()") != ""
    assert page.url.endswith("/executions?rows=40")


async def _are_ticked_and_counted(page: Page, number: int) -> None:
    """What is ticked, what looks selected and what the bar says are the same rows."""
    await page.get_by_text(f"{number} selected").wait_for()
    ticked = await page.locator("tbody tr:has(input:checked)").evaluate_all(IDS)
    assert len(ticked) == number
    assert await page.locator("tbody tr.selected").evaluate_all(IDS) == ticked


async def test_a_selection_outlasts_a_reload_and_a_look_at_one_of_its_rows(look: Look) -> None:
    page = await look("/executions?rows=40&q=acme", running=False)
    boxes = page.locator("tbody input[type=checkbox]")
    await boxes.nth(1).click()
    await boxes.nth(4).click(modifiers=["Shift"])
    await _are_ticked_and_counted(page, 4)

    await page.reload()
    await _are_ticked_and_counted(page, 4)
    await page.locator("tbody a.live-link").nth(2).click()
    await page.wait_for_url("**/executions/0198f2c4*")
    await page.go_back()

    await _are_ticked_and_counted(page, 4)


async def test_no_box_is_ticked_of_what_is_not_selected(look: Look) -> None:
    page = await look("/executions?rows=40", running=False)
    await page.locator("tbody input[type=checkbox]").nth(1).click()
    await page.locator("tbody input[type=checkbox]").nth(2).click()
    await _are_ticked_and_counted(page, 2)
    await page.goto("/login")

    await page.go_back()
    await _are_ticked_and_counted(page, 2)
    await page.goto("/login")
    await page.goto("/executions?rows=40")  # anew

    await page.wait_for_selector("tbody tr[data-id]")
    assert await page.locator("input:checked").count() == 0
    assert await page.locator("tbody tr.selected").count() == 0
    await page.locator("tbody input[type=checkbox]").nth(3).click()
    await _are_ticked_and_counted(page, 1)
