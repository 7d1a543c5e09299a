"""What is said in the corner: of what was copied, and above whatever is open."""

import pytest
from playwright.async_api import Locator, Page

from tests.e2e.components.conftest import Look

# What of an element cannot be pressed or read, because something else lies over it: points of it, by what is there.
COVERED = """element => {
    const { left, top, right, bottom } = element.getBoundingClientRect();
    const points = [0.05, 0.5, 0.95].flatMap(x => [0.1, 0.5, 0.9]
        .map(y => [left + x * (right - left), top + y * (bottom - top)]));
    return points.map(([x, y]) => document.elementFromPoint(x, y)).filter(each => !element.contains(each))
        .map(each => each ? each.tagName + '.' + each.className : 'nothing') }"""
KEYS = """[...document.querySelectorAll('#shortcuts dl > div')].filter(line => line.checkVisibility())
    .map(line => line.querySelector('dt').innerText.replace(/\\s+/g, ' ').trim())"""


async def toast(page: Page, text: str) -> Locator:
    told = page.locator(".q-notification", has_text=text)
    await told.wait_for()
    await page.wait_for_function("!document.querySelector('[class*=q-notification--][class*=-active]')")
    return told


@pytest.mark.parametrize("width", [1440, 390])
async def test_an_id_that_was_copied_is_told_of_without_taking_the_focus(look: Look, width: int) -> None:
    page = await look("/executions?rows=20", width=width, running=False)
    await page.context.grant_permissions(["clipboard-write"])
    await page.get_by_role("button", name="Choose columns").click()
    await page.get_by_label("Id", exact=True).check()
    await page.keyboard.press("Escape")
    button = page.locator(".live-copy").first

    await button.click()

    told = await toast(page, "Id copied")
    assert await told.get_attribute("role") == "status"
    assert await button.evaluate("element => element === document.activeElement")


async def test_an_id_that_could_not_be_copied_says_what_to_do(look: Look) -> None:
    page = await look("/executions?rows=20", running=False)
    await page.get_by_role("button", name="Choose columns").click()
    await page.get_by_label("Id", exact=True).check()
    await page.keyboard.press("Escape")
    await page.evaluate(
        "() => void (navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError')))"
    )

    await page.locator(".live-copy").first.click()

    assert await (await toast(page, "could not be copied")).get_attribute("role") == "alert"


async def test_an_id_of_a_page_is_copied_by_a_click(look: Look) -> None:
    page = await look("/executions/abc", running=False)
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    await page.get_by_role("button", name="Copy Execution abc").click()

    await toast(page, "Execution copied")
    assert await page.evaluate("navigator.clipboard.readText()") == "abc"


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("cover", ["question", "shortcuts"])
async def test_a_toast_lies_above_what_is_open_and_can_be_closed_there(look: Look, width: int, cover: str) -> None:
    page = await look("/executions/abc", width=width, running=False)
    await page.get_by_role("button", name="Fail").click()
    told = await toast(page, "Temporal does not answer.")

    if cover == "question":
        await page.get_by_role("button", name="Cancel run").click()
    else:
        await page.keyboard.press("?")
    await page.get_by_role("dialog").wait_for()

    assert await told.evaluate(COVERED) == []
    await told.get_by_role("button", name="Close").click()
    await told.wait_for(state="hidden")
    await page.get_by_role("dialog").wait_for()


async def test_the_list_of_keys_is_all_that_can_be_reached_while_it_is_open(look: Look) -> None:
    page = await look("/executions/abc", running=False)
    await page.get_by_role("button", name="Keyboard shortcuts").click()
    await page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()

    for _ in range(4):
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.closest('#shortcuts, body') !== null")
        assert await page.evaluate("!document.activeElement.closest('.content, .q-header, #drawer')")
    await page.mouse.click(5, 5)

    await page.get_by_role("dialog").wait_for(state="hidden")
    assert await page.get_by_role("button", name="Keyboard shortcuts").evaluate(
        "each => each === document.activeElement"
    )
    assert await page.locator("[inert]").count() == 0


@pytest.mark.parametrize(
    ("path", "listed", "missing"),
    [
        ("/", ["g e", "?", "/"], ["j k", "x", "Enter"]),
        ("/executions?rows=20", ["/", "j k", "x", "Enter", "Esc", "?"], ["[ ]"]),
        ("/executions?rows=0", ["/", "?"], ["j k", "x", "Enter"]),
        ("/executions/abc", ["g e", "?", "/"], ["j k", "x", "Enter", "[ ]"]),
    ],
)
async def test_no_key_is_listed_that_does_nothing_here(
    look: Look, path: str, listed: list[str], missing: list[str]
) -> None:
    page = await look(path, running=False)

    await page.keyboard.press("?")

    keys = await page.evaluate(KEYS)
    assert [key for key in listed if key not in keys] == []
    assert [key for key in missing if key in keys] == []


async def test_keys_of_the_table_are_those_of_the_dialog_while_one_is_open(look: Look) -> None:
    page = await look("/executions?rows=20", running=False)
    await page.keyboard.press("?")
    await page.get_by_role("dialog").wait_for()

    await page.keyboard.press("j")
    await page.keyboard.press("Escape")

    await page.get_by_role("dialog").wait_for(state="hidden")
    assert await page.locator("tr.current").count() == 0
