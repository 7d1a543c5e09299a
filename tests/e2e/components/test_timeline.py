"""The timeline of a run is honest: as long as the time is, and folded only where nobody could see anything else."""

import re

from playwright.async_api import Locator, Page, expect

from tests.e2e.components.conftest import Look

SCALE = """async ([first, last, busy, asked]) => {
    const { scale } = await import('console_scale'), line = scale(first, last, busy);
    return [asked.map((ms) => Math.round(100 * line.at(ms))), line.folds.map((fold) => fold.to - fold.from)];
}"""
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def section(page: Page, title: str) -> Locator:
    return page.locator("section.card", has=page.get_by_role("heading", name=title))


async def test_a_line_is_as_long_as_its_time_and_folds_only_long_idleness(look: Look) -> None:
    page = await look("/executions/1")

    retrying = await page.evaluate(SCALE, [0, HOUR, [[0, 50], [100, HOUR]], [0, HOUR / 2, HOUR]])
    waiting = await page.evaluate(SCALE, [0, 6 * DAY, [[0, 3000], [6 * DAY - 3000, 6 * DAY]], [3000, 6 * DAY - 3000]])
    sudden = await page.evaluate(SCALE, [0, HOUR, [[400, 410], [490, 500]], [500, HOUR]])
    idle = await page.evaluate(SCALE, [0, HOUR, [], [HOUR / 2]])
    short = await page.evaluate(SCALE, [0, 4000, [[0, 50]], [2000]])

    assert retrying == [[0, 50, 100], []]
    assert waiting == [[17, 83], [6 * DAY - 6000]]
    assert sudden == [[33, 100], [HOUR - 500]]
    assert idle == [[50], []]
    assert short == [[50], []]


async def test_a_failing_step_fills_the_line_up_to_now_and_shows_its_tries(look: Look) -> None:
    page = await look("/executions/1")
    failing = section(page, "A step that keeps failing").locator(".step[data-status=retrying]")
    track, bar = await failing.locator(".step-track").bounding_box(), await failing.locator(".step-bar").bounding_box()

    assert track is not None
    assert bar is not None
    assert 0.85 < bar["width"] / track["width"] < 0.91
    titles = await failing.locator(".step-try:not(.next)").evaluate_all("all => all.map(each => each.title)")
    assert [title.partition(" try ")[0] for title in titles] == ["First", "Latest"]
    number = failing.locator(".step-tries")
    await expect(number).to_have_text("27 tries")
    await expect(number).to_have_attribute("title", re.compile("nobody knows when those between began"))
    await expect(failing.locator(".step-bar")).to_have_text("27 tries: the first and the latest are marked")
    assert await failing.locator(".step-try.next").count() == 1
    assert await failing.get_by_text("usually 2.1 s").is_visible()


async def test_tries_that_count_no_more_are_told_apart_from_those_that_do(look: Look) -> None:
    page = await look("/executions/1")
    step = section(page, "A step that was tried at once").locator(".step")
    earlier, bar = step.locator(".step-waited.earlier"), step.locator(".step-bar")
    before, since = await earlier.bounding_box(), await bar.bounding_box()

    assert before is not None
    assert since is not None
    assert abs(before["x"] + before["width"] - since["x"]) < 3
    assert 2.5 < before["width"] / since["width"] < 3.5
    await expect(earlier).to_have_attribute("title", re.compile("^Tries before the last retry: "))
    titles = await step.locator(".step-try:not(.next)").evaluate_all("all => all.map(each => each.title)")
    assert [title.partition(" try ")[0] for title in titles] == ["Latest"]
    assert await earlier.evaluate("each => getComputedStyle(each).borderColor") != await bar.evaluate(
        "each => getComputedStyle(each).borderColor"
    )


async def test_a_wait_is_hatched_told_in_words_and_folded_with_its_length(look: Look) -> None:
    page = await look("/executions/1")
    waits = section(page, "Waiting for people")

    await expect(waits.locator(".step-waited").get_by_text("Waiting for approval 51m")).to_be_visible()
    await expect(waits.locator(".tick.fold")).to_have_text(re.compile(r"^51m \d\ds$"))
    await expect(waits.locator(".tick.last")).to_have_text("now")
    assert await waits.get_by_text("rejected, unless somebody has decided by then").is_visible()


async def test_on_a_phone_a_wait_is_told_below_its_bar(look: Look) -> None:
    page = await look("/executions/1", width=390)

    waits = section(page, "Six days beside three seconds")

    assert await waits.locator(".step-wait").get_by_text("Waiting for approval 6d 1h").is_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
