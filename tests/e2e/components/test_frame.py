"""The frame, the look and the answers of the console, as a browser sees them."""

from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe

from tests.e2e.components.conftest import Look

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"], "preload": False}
SETTLED = """scheme => (document.body.matches('.login') || document.body.matches('.body--' + scheme))
    && document.getAnimations().every(each => !(each instanceof CSSTransition))"""
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PAGES = ["/", "/executions?rows=20", "/executions/abc", "/tenants", "/audit", "/login?error=Wrong"]


@pytest.mark.parametrize("path", PAGES)
async def test_axe_finds_nothing_serious_in_light_and_dark(look: Look, path: str) -> None:
    page = await look(path, running=False)
    grave: list[tuple[str, str, str]] = []

    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        await page.wait_for_function(SETTLED, arg=scheme)
        report = await Axe().run(page, options=RULES)
        for each in report.response["violations"]:
            if each["impact"] in ("serious", "critical"):
                grave += [(scheme, each["id"], node["failureSummary"]) for node in each["nodes"]]

    assert grave == []


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


async def test_letters_lead_to_places_and_to_the_search(look: Look) -> None:
    page = await look("/", running=False)

    await page.keyboard.press("g")
    await page.keyboard.press("e")
    await page.wait_for_url("**/executions")
    await page.get_by_role("link", name="Executions", exact=True).and_(page.locator("[aria-current=page]")).wait_for()
    await page.get_by_role("searchbox").wait_for()
    await page.keyboard.press("/")
    await page.keyboard.type("g t?")

    assert await page.get_by_role("searchbox").input_value() == "g t?"
    assert page.url.endswith("/executions")


async def test_the_question_mark_lists_the_shortcuts(look: Look) -> None:
    page = await look("/", running=False)

    await page.keyboard.press("?")

    await page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()
    await page.keyboard.press("Escape")
    assert not await page.locator("#shortcuts").is_visible()


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
    await page.get_by_label("Reason").fill("Wrong domain")
    await confirm.click()

    await page.get_by_text("Cancel requested: Wrong domain").wait_for()


async def test_an_operations_error_becomes_a_toast(look: Look) -> None:
    page = await look("/executions/abc", running=False)

    await page.get_by_role("button", name="Fail").click()

    await page.get_by_text("Temporal does not answer.").wait_for()


async def test_a_problem_is_shown_at_its_field(look: Look) -> None:
    page = await look("/tenants", running=False)
    slug = page.get_by_label("Slug")

    await slug.fill("acme")

    await page.get_by_text("acme is taken by Acme Logistics.").wait_for()
    assert await slug.get_attribute("aria-invalid") == "true"
    described_by = await slug.get_attribute("aria-describedby")
    assert "taken" in (await page.locator(f"[id='{described_by}']").text_content() or "")
