"""What a table shows where there is less room than it would like to have."""

import pytest
from playwright.async_api import expect

from tests.e2e.components.conftest import Look

#: Values of cards, but for names, over which nothing says what they are.
UNLABELLED = """() => [...document.querySelectorAll("tbody td:not(.k-link, .k-actions, .k-check)")].filter((cell) =>
    cell.offsetHeight && ["none", '""'].includes(getComputedStyle(cell, "::before").content)
).map((cell) => cell.className)"""
#: Heads that the button of the columns lies over.
COVERED = """() => {
    const button = document.querySelector(".live-columns").getBoundingClientRect();
    return [...document.querySelectorAll("thead th")].filter((head) => {
        const box = head.getBoundingClientRect();
        return box.width && box.left < button.right && button.left < box.right
            && box.top < button.bottom && button.top < box.bottom;
    }).map((head) => head.textContent);
}"""


async def test_every_value_of_a_card_is_labelled(look: Look) -> None:
    page = await look("/executions?rows=10", width=390, running=False)

    assert await page.locator("tbody td.k-status").count() >= 10
    assert await page.evaluate(UNLABELLED) == []


@pytest.mark.parametrize("width", [1440, 1024, 720])
async def test_the_choice_of_columns_covers_no_head(look: Look, width: int) -> None:
    page = await look("/executions?rows=10", width=width, running=False)
    scroll = page.locator(".live-scroll")

    covered = {}
    for place in ("begin", "end"):
        await scroll.evaluate(f"element => element.scrollTo({'0' if place == 'begin' else 'element.scrollWidth'}, 0)")
        covered[place] = await page.evaluate(COVERED)

    assert covered == {"begin": [], "end": []}


async def test_columns_that_do_not_fit_cast_a_shadow_until_one_has_scrolled_to_them(look: Look) -> None:
    page = await look("/executions?rows=10", width=1024, running=False)
    table, scroll = page.locator(".live"), page.locator(".live-scroll")
    await expect(table).to_have_attribute("data-more", "true")

    await scroll.evaluate("element => element.scrollTo(element.scrollWidth, 0)")

    await expect(table).not_to_have_attribute("data-more", "true")
    await scroll.evaluate("element => element.scrollTo(0, 0)")
    await expect(table).to_have_attribute("data-more", "true")
    await page.set_viewport_size({"width": 1920, "height": 900})
    await expect(table).not_to_have_attribute("data-more", "true")
