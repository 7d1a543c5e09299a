"""Ages go by the server's time, however slowly a page comes and whatever the clock of the machine says."""

from playwright.async_api import Page, Route

from tests.e2e.visits import Visits, go, settled
from workbench.servers import eventually

WRONG = 10 * 60_000  # ms by which a clock is wrong
CLOSE = 3_000  # ms; the browser and the servers are on one machine
LATE = 8_000  # ms after which parts of a page come that come late
IS_OLD = f"performance.now() > {LATE}"
IS_RIGHT = f"""async ([wrong]) => {{
    const clock = await import('console_clock');
    return Math.abs(clock.now() - (Date.now() - wrong)) < {CLOSE} }}"""
PUT_FORWARD = f"const real = Date.now; Date.now = () => real() + {WRONG}"


async def is_right(page: Page, wrong: int = 0) -> bool:
    """Whether the page knows the time, where the browser's own clock is `wrong`, in ms."""
    return bool(await page.evaluate(IS_RIGHT, [wrong]))


async def cut(page: Page) -> None:
    """What the server has not told by now, it tells no more."""
    await page.evaluate("window.socket.disconnect()")


async def test_a_page_whose_parts_come_slowly_knows_the_time(visits: Visits, admin_session: str) -> None:
    page = await visits.begin(session=admin_session)

    async def hold(route: Route) -> None:
        await page.wait_for_function(IS_OLD)
        await route.continue_()

    await page.route("**/console_clock.js*", hold)
    await page.goto("/executions", wait_until="commit")
    await settled(page)

    assert await is_right(page)


async def test_a_page_that_asks_for_the_time_long_after_it_was_opened_gets_the_right_one(
    visits: Visits, admin_session: str
) -> None:
    page = await visits.begin(session=admin_session)
    await go(page, "/tenants/new")
    await page.wait_for_function(IS_OLD)
    await cut(page)

    assert await is_right(page)


async def test_a_browser_whose_clock_is_wrong_knows_the_time(visits: Visits, admin_session: str) -> None:
    page = await visits.begin(session=admin_session)
    await page.add_init_script(PUT_FORWARD)
    await go(page, "/executions")

    assert await is_right(page, WRONG)


async def test_a_clock_that_is_put_while_the_page_is_open_makes_nothing_older(
    visits: Visits, admin_session: str
) -> None:
    page = await visits.begin(session=admin_session)
    await go(page, "/executions")
    assert await is_right(page)

    await page.evaluate(PUT_FORWARD)

    await eventually(lambda: is_right(page, WRONG), bool)


async def test_what_the_server_tells_later_is_believed_where_it_is_nearer(visits: Visits, admin_session: str) -> None:
    page = await visits.begin(session=admin_session)
    await go(page, "/executions")
    await page.evaluate("import('console_clock')")
    await cut(page)
    later, before = "clock.now() + 60000", "clock.now() - 60000"

    told = await page.evaluate(f"""async () => {{
        const clock = await import('console_clock');
        const tell = (now) => {{ window.hearNews(0, {{now}}); return clock.now() - Date.now() }};
        return [tell({later}), tell({before}), tell({later})].map(each => Math.round(each / 60000)) }}""")

    assert told == [1, 1, 2]
