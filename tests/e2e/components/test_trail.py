"""From row to row of a list without going back to it, and back to where one was."""

import pytest
from playwright.async_api import Page

from tests.e2e.components.conftest import Look

LINKS = "[...document.querySelectorAll('tr[data-id] a.live-link')].map(each => each.getAttribute('href'))"
AT = "document.activeElement.closest('tr')?.querySelector('a.live-link').getAttribute('href')"
STANDS = """([path, y]) =>
  Math.abs(document.querySelector(`a.live-link[href='${path}']`)?.getBoundingClientRect().top - y) < 5"""
SCROLL_UP = "new Promise(done => requestAnimationFrame(() => { scrollTo({top: 0, behavior: 'instant'}); done(); }))"
FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))))"
HEAR_WHEEL = "() => addEventListener('wheel', () => { window.wheeled = true; }, { once: true })"
LIST = "/executions?rows=40&q=acme"


async def at(page: Page, path: str) -> None:
    await page.wait_for_url(f"**{path}")
    await page.wait_for_function("path => document.querySelector('.page-steps')?.dataset.here === path", arg=path)


async def stands(page: Page, path: str, y: float) -> None:
    """The row is there and stays: it has not moved some frames later."""
    await page.wait_for_function(STANDS, arg=[path, y])
    await page.evaluate(FRAMES)
    await page.wait_for_function(STANDS, arg=[path, y])


async def opened(look: Look, number: int, *, width: int = 1440) -> tuple[Page, list[str]]:
    page = await look(LIST, width=width, running=False)
    await page.wait_for_selector("tr[data-id]")
    links = await page.evaluate(LINKS)
    await page.locator("tr[data-id] a.live-link").nth(number).click()
    await at(page, links[number])
    return page, links


@pytest.mark.parametrize("width", [1440, 390])
async def test_steps_follow_the_rows_of_the_list(look: Look, width: int) -> None:
    page, links = await opened(look, 7, width=width)

    await page.get_by_role("link", name="Next of this list").click()
    await at(page, links[8])
    await page.keyboard.press("]")
    await at(page, links[9])
    await page.keyboard.press("[")
    await at(page, links[8])

    assert "59 of 312" in await page.locator(".page-steps").inner_text()
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    await page.keyboard.press("?")
    await page.get_by_text("Previous row of the list, next row").wait_for()


async def test_at_an_end_of_its_page_the_step_leads_to_the_list_at_the_page_beside(look: Look) -> None:
    page, links = await opened(look, 0)
    previous = page.get_by_role("link", name="Previous of this list")
    assert await previous.get_attribute("href") == f"{LIST}&cursor=a"
    assert "first row of its page" in (await previous.get_attribute("title") or "")
    await page.go_back()
    await page.locator("tr[data-id] a.live-link").nth(39).click()
    await at(page, links[39])

    await page.keyboard.press("]")

    await page.wait_for_url(f"**{LIST}&cursor=b")


async def test_at_the_end_of_the_list_the_step_says_so(look: Look) -> None:
    page = await look(f"{LIST}&whole=1", running=False)
    await page.locator("tr[data-id] a.live-link").nth(39).click()
    next_step = page.get_by_role("link", name="Next of this list")

    assert await next_step.get_attribute("aria-disabled") == "true"
    assert await next_step.get_attribute("title") == "This is the last row of the list."
    assert "40 of 40" in await page.locator(".page-steps").inner_text()


async def test_a_page_that_no_list_led_to_has_no_steps(look: Look) -> None:
    page = await look("/executions/abc", running=False)

    await page.locator("a.page-back[href='/executions']").wait_for()
    assert await page.locator(".page-steps").count() == 0


@pytest.mark.parametrize("way", ["back", "link"])
@pytest.mark.parametrize("width", [1440, 390])
async def test_back_in_the_list_all_is_as_it_was_left(look: Look, width: int, way: str) -> None:
    page = await look(LIST, width=width, running=False)
    await page.wait_for_selector("tr[data-id]")
    links = await page.evaluate(LINKS)
    link = page.locator("tr[data-id] a.live-link").nth(30)
    await link.scroll_into_view_if_needed()
    scroll, before = await page.evaluate("window.scrollY"), await link.bounding_box()
    await link.click()
    await at(page, links[30])

    if way == "back":
        await page.go_back()
    else:
        await page.locator("a.page-back").click()

    await page.wait_for_url(f"**{LIST}")
    await page.wait_for_function(f"{AT} === {links[30]!r}")
    assert scroll > 100
    assert before is not None
    await stands(page, links[30], before["y"])


async def test_a_late_scroll_to_the_top_that_nobody_asked_for_is_undone(look: Look) -> None:
    page = await look(LIST, running=False)
    await page.wait_for_selector("tr[data-id]")
    links = await page.evaluate(LINKS)
    link = page.locator("tr[data-id] a.live-link").nth(30)
    await link.scroll_into_view_if_needed()
    before = await link.bounding_box()
    assert before is not None
    await link.click()
    await at(page, links[30])
    await page.go_back()
    await page.wait_for_function(f"{AT} === {links[30]!r}")

    await page.evaluate(SCROLL_UP)
    await stands(page, links[30], before["y"])
    await page.evaluate(HEAR_WHEEL)
    await page.mouse.wheel(0, -100)
    await page.wait_for_function("window.wheeled")  # Playwright does not wait until the page has heard it
    await page.evaluate(SCROLL_UP)

    await page.evaluate(FRAMES)
    assert await page.evaluate("window.scrollY") == 0


async def test_after_steps_the_link_leads_back_to_the_row_seen_last(look: Look) -> None:
    page, links = await opened(look, 3)
    await page.keyboard.press("]")
    await at(page, links[4])

    await page.locator("a.page-back").click()

    await page.wait_for_function(f"{AT} === {links[4]!r}")


async def test_whoever_goes_to_the_list_anew_begins_at_its_top(look: Look) -> None:
    page, _ = await opened(look, 20)

    await page.locator("#drawer").get_by_role("link", name="Executions").click()

    await page.wait_for_url("**/executions")
    await page.wait_for_selector("tr[data-id]")
    assert await page.locator("tr.current").count() == 0
