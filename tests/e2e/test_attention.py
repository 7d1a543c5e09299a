"""Whoever looks elsewhere is told by the tab's title that something waits."""

import re

import pytest
from playwright.async_api import Page, expect

from operations.access import Actor
from operations.bootstrap import Services
from operations.queries.execution_views import ExecutionDetail
from operations.statuses import Decision
from tests.e2e.test_deeds import waiting_for_approval
from tests.e2e.test_pages import places
from tests.e2e.visits import go
from workbench.servers import eventually


async def waits(services: Services) -> str:
    """The number before the title."""
    return f"({(await services.reads.attention.now()).total:,})"


async def test_the_title_says_how_much_waits_and_follows_it(
    page: Page, beside: Services, acme: ExecutionDetail
) -> None:
    await go(page, f"/executions/{acme.execution.id}")
    _, id_ = await waiting_for_approval(beside)
    many = await waits(beside)
    await expect(page).to_have_title(f"{many} Acme Inc. · Tenantry")

    await beside.executions.decide(Actor.system("test"), id_, Decision.APPROVED, "seen by the test")

    await expect(page).not_to_have_title(re.compile(re.escape(many)))
    fewer = await waits(beside)
    assert fewer != many
    await expect(page).to_have_title(("" if fewer == "(0)" else f"{fewer} ") + "Acme Inc. · Tenantry")


@pytest.mark.usefixtures("acme")
@pytest.mark.long
async def test_every_page_has_the_number(page: Page, beside: Services) -> None:
    await waiting_for_approval(beside)

    for path in await places(page):
        await go(page, path)
        await says(page, beside, ".+")
    await page.locator("#drawer a[href='/executions']").click()
    await says(page, beside, "Executions")


async def says(page: Page, services: Services, title: str) -> None:
    """The number of now before it: what other tests left changes by itself."""

    async def look() -> tuple[str, str]:
        return await page.title(), await waits(services)

    def is_so(seen: tuple[str, str]) -> bool:
        return re.fullmatch(rf"{re.escape(seen[1])} {title} · Tenantry", seen[0]) is not None

    await eventually(look, is_so)
