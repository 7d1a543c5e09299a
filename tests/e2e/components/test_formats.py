"""How moments are written down in the browser."""

import re

from tests.e2e.components.conftest import Look

DAY, HOUR = 86_400, 3_600


SPOKEN = {
    7 * DAY - 5: "in 6 d 23 h",
    7 * DAY: "in 7 d",
    -2 * DAY - HOUR: "2 d 1 h ago",
    -30 * DAY - HOUR: "30 d ago",
    5 * HOUR + 60: "in 5 h",
}


async def test_days_are_told_with_their_hours_while_they_are_few(look: Look) -> None:
    page = await look("/executions")

    told = await page.evaluate(
        """async all => { const { ago } = await import('console_formats'), now = Date.UTC(2026, 0, 1);
        return all.map((seconds) => ago(now + seconds * 1000, now)) }""",
        [*SPOKEN],
    )

    assert dict(zip(SPOKEN, told, strict=True)) == SPOKEN


async def test_what_nobody_takes_up_is_late_and_not_in_the_past(look: Look) -> None:
    page = await look("/executions")

    told = await page.evaluate(
        """async () => { const { due } = await import('console_formats'), now = Date.UTC(2026, 0, 1);
        return [30, -2, -7].map((seconds) => due(now + seconds * 1000, now)).concat(due(null, now)) }"""
    )

    assert told == ["in 30 s", "now", "was due 7 s ago; nobody took it", "–"]


async def test_moments_in_sentences_are_those_of_the_viewer(look: Look) -> None:
    page = await look("/executions")
    await (await page.context.new_cdp_session(page)).send(
        "Emulation.setTimezoneOverride", {"timezoneId": "Europe/Berlin"}
    )
    await look("/executions")  # a page takes its zone when it begins

    said, hover, later, without, wrong = await page.evaluate(
        """async () => { const { spoken, spokenInFull } = await import('console_formats');
        const year = new Date().getFullYear();
        const sentence = `Waiting until ${year}-12-04 23:19 UTC, then all data is deleted.`;
        return [spoken(sentence), spokenInFull(sentence), spoken(`${year + 1}-07-04 23:19 UTC`),
          spokenInFull('No moment.') ?? null, spoken('9999-99-99 99:99 UTC')] }"""
    )

    assert said == "Waiting until 5 Dec 00:19, then all data is deleted."
    assert "Dec 5" in hover or "5 Dec" in hover
    assert "GMT+1" in hover or "CET" in hover
    assert later.startswith("5 Jul 20")
    assert later.endswith(" 01:19")
    assert without is None
    assert wrong == "9999-99-99 99:99 UTC"


async def test_only_what_makes_progress_moves(look: Look) -> None:
    animations = "all => all.map(e => getComputedStyle(e, '::before').animationName)"
    page = await look("/executions")
    await page.locator(".live .badge[data-status='running']").first.wait_for()
    rows = await page.locator(".live .badge").evaluate_all(animations)
    edges = await page.locator(".live tr[data-tone='stuck']").evaluate_all(
        "all => all.map(e => [e, e.querySelector('[data-tone]')].map(e => getComputedStyle(e)))"
        ".map(([row, badge]) => row.boxShadow.includes(badge.borderColor))"
    )

    page = await look("/executions/1")
    stuck = await page.locator(".page-header .badge[data-status='running']").evaluate_all(animations)
    await page.locator(".page-header [data-tone]").evaluate("badge => badge.removeAttribute('data-tone')")
    works = await page.locator(".page-header .badge[data-status='running']").evaluate_all(animations)

    assert set(rows) == {"none"}
    assert set(edges) == {True}
    assert (stuck, works) == (["none"], ["pulse"])


async def test_an_age_ticks_after_a_word(look: Look) -> None:
    page = await look("/executions")

    told = await page.evaluate(
        """async () => { const { age, ticking } = await import('console_formats'), now = Date.UTC(2026, 0, 1);
        return [age(now - 42 * 60000, now), age(now, now), ticking({ for: String(now - 7200000) }, now)] }"""
    )

    assert told == ["42 min", "a moment", "2 h"]


async def test_a_banner_writes_its_moment_as_sentences_do(look: Look) -> None:
    page = await look("/")

    await page.get_by_role("button", name="Show banner").click()
    said = await page.locator(".banner-title").first.inner_text()

    assert re.search(r" since \d{1,2} [A-Z][a-z]{2,3} \d\d:\d\d \(.+\)$", said)


async def test_nothing_that_others_wrote_turns_the_direction_of_a_text(look: Look) -> None:
    """A workflow id of somebody in the namespace must not read as another one beside the button that ends it."""
    page = await look("/executions")

    drawn = await page.evaluate(
        """async (text) => { const { clip, spoken } = await import('console_formats');
        return [clip(text), spoken(text)] }""",
        "evil\u202e=cmd",
    )

    assert drawn == ["evil⟨U+202E⟩=cmd"] * 2
