"""What people see and do, in a real browser."""

from dataclasses import dataclass
from urllib.parse import quote

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Locator, Page, Route, expect

from console import failures
from console.pages.places import shown
from operations.access import Actor
from operations.actions.registration import Registration
from operations.actions.typed_text import in_order
from operations.bootstrap import Services
from operations.queries.execution_views import ExecutionDetail, ExecutionFilter
from operations.statuses import Cause, Role
from tests.e2e.visits import Scheme, Visits, go, settled
from tests.proxies import Proxy
from workbench.consoles import ADMIN_EMAIL, PASSWORD, Console

HOSTILE = {
    "script": '<img src=x onerror="window.__x=1"><script>window.__x=1</script>',
    "sql": "'; drop table tenants; --",
    "template": "{{ constructor.constructor('window.__x=1')() }} ${window.__x=1}",
    "direction": "\u202egnp.exe\u2066 Acme",
    "long": "W" * 200,
}
LENGTH = "The slug must have 2 to 55 characters"
BAD = (
    ({"slug": "Acme_1"}, "Slug", LENGTH),
    ({"slug": "a" * 56}, "Slug", LENGTH),
    ({"slug": "1acme"}, "Slug", LENGTH),
    ({"slug": "acme-"}, "Slug", LENGTH),
    ({"slug": "acme"}, "Slug", "The slug acme is in use"),
    ({"email": "ADA@acme.example"}, "Owner's e-mail", "ada@acme.example already owns another tenant."),
    ({"email": "nobody"}, "Owner's e-mail", "The e-mail address must look like name@example.com."),
    ({"name": "   "}, "Name", "The name must have 1 to 200 characters."),
    ({"name": "W" * 201}, "Name", "The name must have 1 to 200 characters."),
)


@pytest.mark.usefixtures("acme")
async def test_bad_input_is_refused_at_its_field_and_nothing_is_written(page: Page, beside: Services) -> None:
    before = await written(beside)
    form = RegistrationForm(page)

    for fields, label, sentence in BAD:
        await go(page, "/tenants/new")
        await form.fill(**{"slug": "bad-input", "name": "Bad input", "email": "bad@input.example"} | fields)
        await form.button.click()

        await expect(form.problem(label)).to_contain_text(sentence)
        await expect(page.locator("[data-problem]")).to_have_count(1)

    assert page.url.endswith("/tenants/new")
    assert await written(beside) == before
    assert await beside.temporal.describe("tenant-provision-bad-input") is None


async def test_a_double_click_registers_one_tenant(page: Page, beside: Services) -> None:
    form = RegistrationForm(page)
    await go(page, "/tenants/new")
    await form.fill(slug="double", name="Double", email="double@click.example")
    before = await written(beside)

    await form.button.dblclick()

    await page.wait_for_url("**/executions/*")
    await expect(page.locator("h1")).to_have_text("Double")
    assert await written(beside) == (before[0] + 1, before[1] + 1)


@pytest.mark.long
async def test_hostile_names_are_text_everywhere(page: Page, beside: Services) -> None:
    form = RegistrationForm(page)
    ids = {}
    for kind, name in HOSTILE.items():
        if kind == "script":
            await go(page, "/tenants/new")
            await form.fill(slug="hostile-script", name=name, email="script@hostile.example", owner=name)
            await form.button.click()
            await page.wait_for_url("**/executions/*")
            ids[kind] = page.url.rpartition("/")[2]
        else:
            wanted = Registration(slug=f"hostile-{kind}", name=name, owner_email=f"{kind}@hostile.example")
            ids[kind] = str((await beside.tenants.register(Actor.system("test"), wanted)).execution_id)

    for path in ("/", "/executions?q=hostile", "/tenants?q=hostile"):
        await go(page, path)
        for kind, name in HOSTILE.items():
            if path != "/":
                await expect(page.locator("tr", has_text=f"hostile-{kind}")).to_contain_text(in_order(name))
        await is_inert(page)
    for kind, name in HOSTILE.items():
        for path in (f"/executions/{ids[kind]}", f"/tenants/hostile-{kind}"):
            await go(page, path)
            await expect(page.locator("h1")).to_have_text(in_order(name))
            await is_inert(page)


async def is_inert(page: Page) -> None:
    assert await page.evaluate("window.__x") is None
    assert await page.locator("img[src='x']").count() == 0


async def test_a_link_to_a_filtered_list_survives_the_login(visits: Visits, acme: ExecutionDetail) -> None:
    page = await visits.begin()
    path = "/executions?status=completed&q=acme"
    row = page.locator(f"tr[data-id='{acme.execution.id}']")

    await page.goto(path)
    await page.wait_for_url(f"**/login?next={quote(path, safe='')}")
    await log_in(page, password="a wrong one entirely")
    await expect(page.get_by_role("alert")).to_have_text("The e-mail or the password is wrong.")
    await log_in(page)

    await expect(row).to_contain_text("Acme Inc.")
    assert page.url.endswith(path)
    await page.reload()
    await expect(row).to_contain_text("Completed")
    await expect(page.get_by_label("Search tenant")).to_have_value("acme")
    await settled(page)
    await row.get_by_role("link", name="Acme Inc.").click()
    await expect(page.locator("h1")).to_have_text("Acme Inc.")
    await page.go_back()
    await expect(row).to_be_visible()
    assert page.url.endswith(path)
    visits.forgive("401 (Unauthorized)")


async def test_what_does_not_exist_is_said_to_be_not_found(visits: Visits, page: Page) -> None:
    for path, sentence in {
        "/executions/00000000-0000-0000-0000-000000000000": "There is no execution with this id.",
        "/executions/nonsense": "There is no execution with this id.",
        "/tenants/nobody": "There is no tenant with this slug.",
    }.items():
        await go(page, path)
        await expect(page.locator(".empty h1")).to_have_text("Not found")
        await expect(page.locator(".empty p")).to_have_text(sentence)

    answer = await page.goto("/nowhere/at/all")
    assert answer is not None
    assert answer.status == 404
    visits.forgive("404 (Not Found)")


async def test_a_run_is_followed_live_in_a_second_browser(
    visits: Visits, console: Console, page: Page, way_to_temporal: Proxy
) -> None:
    watcher = await visits.begin(session=await console.accounts.session("eve@example.com", Role.VIEWER))
    await go(watcher, "/executions?q=followed")
    await watcher.evaluate("window.sameDocument = true")
    badge = watcher.locator("tr", has_text="followed").locator(".badge").first
    form = RegistrationForm(page)
    await go(page, "/tenants/new")
    await form.fill(slug="followed", name="Followed", email="followed@live.example")

    await way_to_temporal.cut()
    try:
        await form.button.click()
        await expect(page.locator(".notice-title")).to_contain_text("Queued: Temporal", timeout=20_000)
        await expect(badge).to_have_text("Pending")
    finally:
        await way_to_temporal.restore()

    await expect(badge).to_have_text("Completed", timeout=60_000)
    await expect(page.locator(".notice-title")).to_have_text("Completed; the tenant is active.")
    assert await watcher.evaluate("window.sameDocument") is True


async def test_a_logout_ends_the_other_tabs_of_the_session(visits: Visits, console: Console) -> None:
    page = await visits.begin(session=await console.accounts.session())
    other = await page.context.new_page()
    await go(other, "/tenants")
    await go(page, "/executions")

    await page.get_by_role("button", name="Account of").click()
    await page.get_by_role("button", name="Log out").click()

    await page.wait_for_url("**/login")
    await other.wait_for_url("**/login", timeout=5_000)
    await other.goto("/tenants")
    assert other.url.endswith("/login?next=%2Ftenants")


async def test_who_logs_out_hears_the_answer_before_the_tab_goes(visits: Visits, console: Console) -> None:
    """It takes the cookie away and empties the cache; a tab that went by itself would not wait for it."""
    page = await visits.begin(session=await console.accounts.session())
    other = await page.context.new_page()
    await go(other, "/tenants")
    await go(page, "/executions")
    unheard: list[str] = []
    page.on("requestfailed", lambda request: unheard.append(request.url))

    async def late(route: Route) -> None:
        answer = await route.fetch(max_redirects=0)
        await other.wait_for_url("**/login", timeout=5_000)  # both tabs have been told
        await route.fulfill(response=answer)

    await page.route("**/logout", late)

    await page.get_by_role("button", name="Account of").click()
    await page.get_by_role("button", name="Log out").click()

    await page.wait_for_url("**/login")
    assert [url for url in unheard if url.endswith("/logout")] == []


async def test_a_viewer_is_told_why_there_is_no_form(visits: Visits, console: Console) -> None:
    page = await visits.begin(session=await console.accounts.session("eve@example.com", Role.VIEWER))

    await go(page, "/tenants/new")

    await expect(page.locator(".empty h1")).to_have_text("Not permitted")
    await expect(page.get_by_label("Slug")).to_have_count(0)


async def test_the_documentation_of_the_api_is_drawn(page: Page) -> None:
    await page.goto("/api/docs")

    await expect(page.locator(".opblock-summary-path").first).to_be_visible()
    await expect(page.locator(".opblock").nth(4)).to_be_visible()


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_is_accessible(
    visits: Visits, empty_console: Console, admin_session: str, acme: ExecutionDetail, scheme: Scheme
) -> None:
    full = await visits.begin(session=admin_session, scheme=scheme)
    empty = await visits.begin(session=await empty_console.accounts.session(), scheme=scheme, url=empty_console.url)
    stranger = await visits.begin(scheme=scheme)
    of_empty = [place.path for place in shown(is_demo=False) if "{" not in place.path]

    violations = {}
    for page, paths in ((full, addresses(id=str(acme.execution.id), slug="acme")), (empty, of_empty)):
        for path in paths:
            await go(page, path)
            violations[page.url] = await serious_violations(page)
    await stranger.goto("/login")
    violations["/login"] = await serious_violations(stranger)

    assert {url: found for url, found in violations.items() if found} == {}


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
async def test_menus_and_dialogs_are_accessible(
    visits: Visits, admin_session: str, acme: ExecutionDetail, scheme: Scheme
) -> None:
    page = await visits.begin(session=admin_session, scheme=scheme)
    await go(page, f"/executions/{acme.execution.id}")
    account, more = page.get_by_role("button", name="Account of"), page.get_by_role("button", name="More actions")

    await account.click()
    await expect(page.get_by_role("button", name="Log out")).to_be_visible()
    violations = {"account": await serious_violations(page)}
    await page.keyboard.press("Escape")
    await expect(account).to_be_focused()
    await more.click()
    await expect(page.get_by_role("menuitem").first).to_be_focused()
    violations["more"] = await serious_violations(page)
    await page.keyboard.press("Escape")
    await expect(more).to_be_focused()
    await go(page, "/tenants/acme")
    await page.get_by_role("button", name="More for this tenant").click()
    await page.get_by_role("menuitem", name="Deprovision").click()
    await expect(page.get_by_label("Reason")).to_be_focused()
    violations["dialog"] = await serious_violations(page)

    assert violations == {"account": {}, "more": {}, "dialog": {}}
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="More for this tenant")).to_be_focused()


@pytest.mark.long
async def test_no_page_is_wider_than_a_phone(
    visits: Visits, empty_console: Console, admin_session: str, acme: ExecutionDetail
) -> None:
    full = await visits.begin(session=admin_session, width=360)
    empty = await visits.begin(session=await empty_console.accounts.session(), width=360, url=empty_console.url)
    of_full = [*addresses(id=str(acme.execution.id), slug="acme"), "/tenants/hostile-long"]
    of_empty = [place.path for place in shown(is_demo=False) if "{" not in place.path]

    widths = {}
    for page, paths in ((full, of_full), (empty, of_empty)):
        for path in paths:
            await go(page, path)
            widths[page.url] = await page.evaluate("document.documentElement.scrollWidth")
    await full.context.clear_cookies()
    await full.goto("/login")
    widths["/login"] = await full.evaluate("document.documentElement.scrollWidth")

    assert {url: width for url, width in widths.items() if width > 360} == {}


@pytest.mark.long
async def test_an_outage_of_the_database_is_shown_and_passes_without_a_reload(
    visits: Visits, empty_console: Console, way_to_database: Proxy
) -> None:
    page = await visits.begin(session=await empty_console.accounts.session(), url=empty_console.url)
    await go(page, "/tenants")
    await page.evaluate("window.sameDocument = true")
    banner = page.locator(".banner", has_text="database")

    await way_to_database.cut()
    try:
        await expect(banner).to_contain_text("the database does not answer", timeout=10_000)
        newcomer = await page.context.new_page()
        await newcomer.goto("/executions")
        await expect(newcomer.locator("h1")).to_have_text("The database does not answer")
        assert await serious_violations(newcomer) == {}
    finally:
        await way_to_database.restore()

    await expect(banner).to_be_hidden(timeout=10_000)
    await expect(newcomer.locator("h1")).to_have_text("Executions")  # it looks every five seconds, and is loaded anew
    assert await page.evaluate("window.sameDocument") is True
    visits.forgive("503 (Service Unavailable)")


@dataclass(frozen=True, slots=True)
class RegistrationForm:
    """The form on `/tenants/new`."""

    page: Page

    async def fill(self, **fields: str) -> None:
        labels = {"slug": "Slug", "name": "Name", "email": "Owner's e-mail", "owner": "Owner's name"}
        for name, text in fields.items():
            await self.page.get_by_label(labels[name], exact=True).fill(text)

    @property
    def button(self) -> Locator:
        return self.page.get_by_role("button", name="Register", exact=True)

    def problem(self, label: str) -> Locator:
        field = self.page.locator(".field", has=self.page.get_by_label(label, exact=True))
        return field.locator("[data-problem]")


async def log_in(page: Page, *, password: str = PASSWORD) -> None:
    await page.get_by_label("E-mail").fill(ADMIN_EMAIL)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Log in").click()


async def places(page: Page) -> list[str]:
    """Where the drawer leads."""
    await go(page, "/")
    links = await page.locator("nav a.nav-item").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert len(links) >= 4
    return [str(link) for link in links]


def addresses(**examples: str) -> list[str]:
    """Of all pages; a page about something that has no example yet needs one here."""
    examples.setdefault("cause", Cause.NO_WORKER.value)
    return [place.path.format(**examples) for place in shown(is_demo=False)]


async def serious_violations(page: Page) -> dict[str, list[str]]:
    """Of the accessibility rules, by rule; each with the elements that break it."""
    found = (await Axe().run(page)).response["violations"]
    return {
        rule["id"]: [str(node["html"]) for node in rule["nodes"]]
        for rule in found
        if rule["impact"] in ("serious", "critical")
    }


async def written(services: Services) -> tuple[int, int]:
    """How many tenants and executions there are."""
    tenants = await services.reads.tenants.list(limit=1)
    executions = await services.reads.executions.list(ExecutionFilter(), limit=1)
    return tenants.total, executions.total


async def test_an_installation_has_no_presenters_panel(visits: Visits, page: Page) -> None:
    await go(page, "/presenter")

    await expect(page.get_by_role("heading", name=failures.NO_PAGE.title)).to_be_visible()
    await expect(page.locator("a.nav-item[href='/presenter']")).to_have_count(0)
    await expect(page.locator("[data-fault]")).to_have_count(0)
    visits.forgive("404 (Not Found)")
