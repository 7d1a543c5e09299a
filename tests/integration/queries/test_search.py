"""Whatever people type is looked for as text, and a search that leaves something out says so."""

import pytest

from operations.database import Database
from operations.queries.execution_views import ExecutionFilter, ExecutionView, Sort
from operations.queries.executions import ExecutionQueries
from operations.queries.paging import COUNT_CAP, Page
from operations.queries.tenants import TenantQueries
from operations.statuses import Status


async def search(executions: ExecutionQueries, term: str, sort: Sort = Sort.NEWEST) -> Page[ExecutionView]:
    return await executions.list(ExecutionFilter(search=term), sort=sort)


@pytest.mark.parametrize(
    "term", ["%", "_", "\\", "%%%", "___", "acme%", "acme_north", "\\acme", "'", '"', "/", "//", "{}"]
)
@pytest.mark.parametrize("sort", [Sort.NEWEST, Sort.ATTENTION])
async def test_signs_of_patterns_are_just_signs(term: str, sort: Sort, executions: ExecutionQueries) -> None:
    assert (await search(executions, term, sort)).items == ()


@pytest.mark.parametrize("term", ["\x00", "ac\x00me", "\ud800", "  ", "\u2028", "x" * 5000, "😀", "İ"])
async def test_no_term_is_an_error(term: str, executions: ExecutionQueries, few: Database) -> None:
    await search(executions, term)
    await TenantQueries(database=few).list(search=term)


async def test_a_term_is_found_without_its_spaces_around(executions: ExecutionQueries) -> None:
    assert (await search(executions, "  Acme North ")).total == (await search(executions, "acme north")).total > 0


async def test_two_letters_find_slugs_that_begin_with_them(executions: ExecutionQueries) -> None:
    found = (await search(executions, "Ac")).items

    assert found
    assert all(row.entity_slug is not None and row.entity_slug.startswith("ac") for row in found)


async def test_causes_of_open_executions_are_found(executions: ExecutionQueries) -> None:
    found = (await search(executions, "nobody polls", Sort.ATTENTION)).items

    assert found
    assert all(row.status in (Status.PENDING, Status.RUNNING) for row in found)


async def test_a_search_that_leaves_tenants_out_says_so(executions: ExecutionQueries) -> None:
    page = await executions.list(ExecutionFilter(search="th-"), limit=200)  # north-, south-, health-: 450 tenants

    assert page.total_capped
    assert page.total < COUNT_CAP


async def test_tenants_are_found_by_slug_and_by_name(few: Database) -> None:
    tenants = TenantQueries(database=few)

    by_slug, by_name = await tenants.list(search="acme-north-"), await tenants.list(search="Acme North ")

    assert [tenant.slug for tenant in by_slug.items] == [tenant.slug for tenant in by_name.items] != []
    assert (await tenants.list(search="a%c")).items == ()


async def test_every_tenant_is_listed_once_newest_first(few: Database) -> None:
    tenants = TenantQueries(database=few)
    seen = []
    cursor = None
    while True:
        page = await tenants.list(cursor=cursor, limit=200)
        seen += [(tenant.created_at, tenant.slug) for tenant in page.items]
        cursor = page.next
        if cursor is None:
            break

    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == 1500
