"""Whoever looks elsewhere is told by the tab's title that something waits."""

import re

import pytest
from playwright.async_api import Page

from operations.access import Actor
from operations.bootstrap import Services
from operations.queries.execution_views import ExecutionDetail
from operations.statuses import Decision
from tests.e2e.test_deeds import waiting_for_approval
from tests.e2e.test_pages import places
from tests.e2e.visits import go
from workbench.servers import eventually, insisting


async def waits(services: Services) -> str:
    """What stands before the title."""
    total = (await services.reads.attention.now()).total
    return f"({total:,}) " if total else ""


async def test_the_title_says_how_much_waits_and_follows_it(
    page: Page, beside: Services, acme: ExecutionDetail
) -> None:
    await go(page, f"/executions/{acme.execution.id}")
    _, id_ = await waiting_for_approval(beside)
    many = await says(page, beside, r"Acme Inc\.")
    assert many

    await insisting(lambda: beside.executions.decide(Actor.system("test"), id_, Decision.APPROVED, "seen by the test"))

    assert await says(page, beside, r"Acme Inc\.") != many


@pytest.mark.usefixtures("acme")
@pytest.mark.long
async def test_every_page_has_the_number(page: Page, beside: Services) -> None:
    await waiting_for_approval(beside)

    for path in await places(page):
        await go(page, path)
        await says(page, beside, ".+")
    await page.locator("#drawer a[href='/executions']").click()
    await says(page, beside, "Executions")


async def says(page: Page, services: Services, title: str) -> str:
    """The number of now before it, which is returned: what other tests left changes by itself."""

    async def look() -> tuple[str, str]:
        return await page.title(), await waits(services)

    def is_so(seen: tuple[str, str]) -> bool:
        return re.fullmatch(rf"{re.escape(seen[1])}{title} · Tenantry", seen[0]) is not None

    return (await eventually(look, is_so))[1]
