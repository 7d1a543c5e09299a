"""Search from everywhere: one key, a name, Enter."""

from uuid import uuid4

import pytest
from playwright.async_api import Locator, Page, expect

from operations.access import Actor
from operations.actions.registration import Registration
from operations.bootstrap import Services
from operations.statuses import Role
from tests.e2e.test_pages import serious_violations
from tests.e2e.visits import Scheme, Visits, go
from workbench.consoles import Console


async def customer(services: Services) -> str:
    slug = f"sought-{uuid4().hex[:8]}"
    wanted = Registration(slug=slug, name=f"Häuser {slug[-8:]} AG", owner_email=f"{slug}@sought.example")
    await services.tenants.register(Actor.system("test"), wanted)
    return slug


def found(page: Page, group: str) -> Locator:
    return page.get_by_role("group", name=group).get_by_role("option")


@pytest.mark.usefixtures("console")
async def test_a_tenant_is_three_keys_and_a_name_away_from_any_page(page: Page, beside: Services) -> None:
    slug = await customer(beside)
    for opens, typed in (("/", slug), ("Control+k", f"hauser {slug[-8:]}"), ("/", f"{slug}@sought")):
        await go(page, "/reconciliation")

        await page.keyboard.press(opens)
        await page.keyboard.type(typed)
        await expect(found(page, "Tenants")).to_have_count(1)
        await expect(found(page, "Tenants")).to_have_attribute("aria-selected", "true")
        await page.keyboard.press("Enter")

        await page.wait_for_url(f"**/tenants/{slug}")
        await expect(page.get_by_role("dialog")).to_be_hidden()


@pytest.mark.usefixtures("console")
async def test_enter_leads_to_what_was_typed_last_however_soon_it_is_pressed(page: Page, beside: Services) -> None:
    before, wanted, alone = [await customer(beside) for _ in range(3)]
    await go(page, "/reconciliation")
    await page.keyboard.press("/")
    field = page.get_by_role("combobox", name="Search tenants")
    await field.fill(before)
    await expect(found(page, "Tenants")).to_have_count(1)

    await field.fill(wanted)
    await field.press("Enter")

    await page.wait_for_url(f"**/tenants/{wanted}")
    await page.keyboard.press("/")
    await field.fill(alone)
    await field.press("Enter")
    await page.wait_for_url(f"**/tenants/{alone}")


@pytest.mark.usefixtures("console")
async def test_runs_places_and_actions_are_chosen_by_arrows(page: Page, beside: Services) -> None:
    slug = await customer(beside)
    await go(page, "/tenants")
    await page.keyboard.press("/")
    await page.keyboard.type(slug)
    await expect(found(page, "Executions")).to_have_count(1)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/executions/*")

    await page.keyboard.press("Control+k")
    await page.keyboard.type("reconc")
    await expect(found(page, "Places")).to_have_count(1)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await page.keyboard.press("/")
    await page.keyboard.type("keys of this")
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()


async def test_what_is_not_there_and_what_one_may_not_do_is_not_found(visits: Visits, console: Console) -> None:
    session = await console.accounts.session("vera@example.com", Role.VIEWER)
    page = await visits.begin(session=session)
    await go(page, "/")
    await page.keyboard.press("/")

    await page.keyboard.type("register")
    await expect(page.get_by_text("Nothing is called so.")).to_be_visible()

    await expect(page.get_by_role("option")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
async def test_on_a_phone_the_search_is_as_wide_as_the_page_and_accessible(
    visits: Visits, admin_session: str, beside: Services, scheme: Scheme
) -> None:
    slug = await customer(beside)
    page = await visits.begin(session=admin_session, width=390, scheme=scheme)
    await go(page, "/")

    await page.get_by_role("button", name="Search", exact=True).click()
    await page.keyboard.type(slug)
    await expect(found(page, "Tenants")).to_have_count(1)

    box = await page.get_by_role("dialog", name="Search").bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, 390)
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert await serious_violations(page) == {}
    await found(page, "Tenants").click()
    await page.wait_for_url(f"**/tenants/{slug}")
