"""The frame, the look and the answers of the console, as a browser sees them."""

from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.e2e.components.conftest import Look
from workbench.gallery_pages import PAGES

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"], "preload": False}
SETTLED = """scheme => (document.body.matches('.login') || document.body.matches('.body--' + scheme))
    && document.getAnimations().every(each => !(each instanceof CSSTransition))"""
# The least contrast of the texts within an element, against the nearest ancestor that paints a ground.
LEAST_CONTRAST = """selector => {
    const parts = color => color.match(/[\\d.]+/g).map(Number);
    const light = color => parts(color).slice(0, 3).map(c => c / 255)
        .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = element => { const color = getComputedStyle(element).backgroundColor;
        return (parts(color)[3] ?? 1) === 1 ? color : ground(element.parentElement) };
    const hasText = element => [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    return Math.min(...[...document.querySelectorAll(selector + ' *')].filter(hasText).map(element => {
        const [a, b] = [light(getComputedStyle(element).color), light(ground(element))].sort((x, y) => y - x);
        return (a + 0.05) / (b + 0.05) })) }"""
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
#: With few rows: axe looks at each.
PLACES = [*(f"{path}?rows=20".format(id="abc") for path in PAGES), "/login?error=Wrong"]


async def _grave_findings(
    page: Page, *, within: str = "html", without: str | None = None
) -> list[tuple[str, str, str]]:
    """What axe calls serious or critical, in light and in dark."""
    rules = {**RULES, "rules": {without: {"enabled": False}}} if without else RULES
    grave: list[tuple[str, str, str]] = []
    for scheme in SCHEMES:
        await _settle(page, scheme)
        report = await Axe().run(page, context=within, options=rules)
        for each in report.response["violations"]:
            if each["impact"] in ("serious", "critical"):
                grave += [(scheme, each["id"], node["html"] + node["failureSummary"]) for node in each["nodes"]]
    return grave


async def _settle(page: Page, scheme: Literal["light", "dark"]) -> None:
    await page.emulate_media(color_scheme=scheme)
    await page.wait_for_function(SETTLED, arg=scheme)


@pytest.mark.long
@pytest.mark.parametrize("path", PLACES)
async def test_axe_finds_nothing_serious_in_light_and_dark(look: Look, path: str) -> None:
    page = await look(path, running=False)

    assert await _grave_findings(page) == []


async def test_the_chosen_theme_is_there_with_the_first_paint(look: Look) -> None:
    page = await look("/tenants")
    toggle = page.locator("[data-theme-toggle]")
    await toggle.click()
    await toggle.click()
    assert await toggle.get_attribute("aria-label") == "Theme: dark"
    await page.add_init_script(
        "const paint = () => getComputedStyle(document.body).backgroundColor;"
        "document.addEventListener('DOMContentLoaded', () => window.first = paint())"
    )

    await page.reload()
    await page.wait_for_function("window.did_handshake === true")

    assert await page.evaluate("document.body.classList.contains('body--dark')")
    now = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert await page.evaluate("window.first") == now


async def test_letters_lead_to_places_and_are_letters_in_a_field(look: Look) -> None:
    page = await look("/", running=False)

    await page.keyboard.press("g")
    await page.keyboard.press("e")
    await page.wait_for_url("**/executions")
    await page.get_by_role("link", name="Executions", exact=True).and_(page.locator("[aria-current=page]")).wait_for()
    await page.get_by_role("searchbox").focus()
    await page.keyboard.type("/g t?")

    assert await page.get_by_role("searchbox").input_value() == "/g t?"
    assert page.url.endswith("/executions")
    assert await page.get_by_role("dialog").count() == 0


@pytest.mark.parametrize("keys", ["/", "Control+k"])
async def test_the_search_opens_over_any_page_and_gives_the_focus_back(look: Look, keys: str) -> None:
    page = await look("/executions?rows=5", running=False)
    await page.keyboard.press("j")
    await page.keyboard.press(keys)
    field = page.get_by_role("combobox", name="Search tenants, runs, places and actions")
    await expect(field).to_be_focused()
    assert await _grave_findings(page) == []

    await page.keyboard.press("Escape")

    await expect(field).to_be_hidden()
    assert await page.evaluate("document.activeElement.matches('tbody tr')")


async def test_the_question_mark_lists_the_shortcuts(look: Look) -> None:
    page = await look("/", running=False)

    await page.keyboard.press("?")

    await page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()
    assert await _grave_findings(page) == []
    await page.keyboard.press("Escape")
    assert not await page.locator("#shortcuts").is_visible()


async def test_only_keys_that_work_here_are_listed(look: Look) -> None:
    page = await look("/", running=False)
    await page.keyboard.press("?")
    await page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()
    assert not await page.get_by_text("Next row, previous row").is_visible()
    assert await page.get_by_text("The keys of this page").is_visible()

    page = await look("/executions?rows=20", running=False)
    await page.keyboard.press("?")

    assert await page.get_by_text("Next row, previous row").is_visible()


async def test_on_a_phone_the_drawer_waits_until_asked_for(look: Look) -> None:
    page = await look("/", width=360, running=False)
    link = page.get_by_role("link", name="Tenants")
    assert not await link.is_visible()

    await page.get_by_role("button", name="Navigation").click()
    await link.click()

    await page.wait_for_url("**/tenants")
    await link.wait_for(state="hidden")


async def test_nothing_is_confirmed_without_a_reason(look: Look) -> None:
    page = await look("/executions/abc", running=False)
    await page.get_by_role("button", name="Cancel run").click()
    confirm = page.get_by_role("button", name="Cancel the run")

    await confirm.click()
    await page.get_by_text("A reason is needed").wait_for()
    # Here axe misses the grounds of card and buttons, so the contrast is reckoned from what is painted.
    assert await _grave_findings(page, within=".dialogs", without="color-contrast") == []
    for scheme in SCHEMES:
        await _settle(page, scheme)
        assert await page.evaluate(LEAST_CONTRAST, ".dialog") >= 4.5
    await page.get_by_label("Reason").fill("Wrong domain")
    await confirm.click()

    await page.get_by_text("Cancel requested: Wrong domain").wait_for()


async def test_an_operations_error_becomes_a_toast(look: Look) -> None:
    page = await look("/executions/abc", running=False)

    await page.get_by_role("button", name="Fail").click()

    await page.get_by_text("Temporal does not answer.").wait_for()
    for scheme in SCHEMES:
        await _settle(page, scheme)
        assert await page.evaluate(LEAST_CONTRAST, ".toast") >= 4.5


async def test_a_problem_is_shown_at_its_field(look: Look) -> None:
    page = await look("/tenants", running=False)
    slug = page.get_by_label("Slug")

    await slug.fill("acme")

    await page.get_by_text("acme is taken by Acme Logistics.").wait_for()
    assert await slug.get_attribute("aria-invalid") == "true"
    described_by = await slug.get_attribute("aria-describedby")
    assert "taken" in (await page.locator(f"[id='{described_by}']").text_content() or "")
