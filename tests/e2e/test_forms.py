"""Forms begin where one types, go on Enter, and say apart what is wrong and where one is."""

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.visits import Scheme, Visits, go
from workbench.consoles import ADMIN_EMAIL, PASSWORD

#: The colour of the border that is drawn over all others.
BORDER = """async element => {
    const control = element.closest(".q-field__control");
    await Promise.all(control.getAnimations({ subtree: true }).map((animation) => animation.finished));
    const drawn = ["::after", "::before"].map((part) => getComputedStyle(control, part));
    const over = drawn.find(({ borderTopWidth, borderTopColor, transform }) =>
        parseFloat(borderTopWidth) > 1 && borderTopColor !== "rgba(0, 0, 0, 0)" && !transform.includes("matrix(0"));
    return (over ?? drawn[1]).borderTopColor;
}"""


async def border(field: Locator) -> str:
    return str(await field.evaluate(BORDER))


@pytest.mark.parametrize("width", [1440, 390])
async def test_a_registration_begins_in_its_first_field_and_goes_on_enter(
    visits: Visits, admin_session: str, width: int
) -> None:
    page = await visits.begin(session=admin_session, width=width)
    await go(page, "/tenants")

    await page.get_by_role("button", name="Register tenant").first.click()

    await expect(page.get_by_label("Slug", exact=True)).to_be_focused()
    await page.keyboard.type(f"entered-{width}")
    await page.get_by_label("Name", exact=True).fill("Entered")
    await page.get_by_label("Owner's e-mail", exact=True).fill(f"ada@entered-{width}.example")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/executions/*")
    await expect(page.locator("h1")).to_have_text("Entered")


async def test_a_log_in_begins_in_its_first_field_and_goes_on_enter(visits: Visits) -> None:
    page = await visits.begin()
    await page.goto("/login")

    await expect(page.get_by_label("E-mail")).to_be_focused()
    await page.keyboard.type(ADMIN_EMAIL)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")

    await expect(page.locator("h1")).to_have_text("Overview")


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
async def test_what_is_wrong_and_where_one_types_have_borders_of_their_own(
    visits: Visits, admin_session: str, scheme: Scheme
) -> None:
    page = await visits.begin(session=admin_session, scheme=scheme)
    await go(page, "/tenants/new")
    slug, name = page.get_by_label("Slug", exact=True), page.get_by_label("Name", exact=True)
    await expect(slug).to_be_focused()
    focused, calm = await border(slug), await border(name)

    await page.get_by_role("button", name="Register", exact=True).click()

    await expect(page.locator("[data-problem]")).not_to_have_count(0)
    await page.get_by_label("Owner's name", exact=True).focus()
    wrong = await border(name)
    await name.focus()
    both = await border(name)
    assert len({calm, focused, wrong}) == 3
    assert both == focused
    assert await _says_that_it_is_wrong(page, "Name")


async def _says_that_it_is_wrong(page: Page, label: str) -> bool:
    field = page.locator(".field", has=page.get_by_label(label, exact=True))
    return await field.locator("[data-problem]").is_visible()
