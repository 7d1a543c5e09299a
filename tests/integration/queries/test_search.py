"""Whatever people type is looked for as text, and a search that leaves something out says so."""

import base64
import json
from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import text

from operations.database import Database
from operations.errors import InvalidInput
from operations.queries.execution_views import ExecutionFilter, ExecutionView, Sort
from operations.queries.executions import ExecutionQueries
from operations.queries.paging import COUNT_CAP, Page
from operations.queries.tenants import TenantQueries, TenantSort
from operations.statuses import Status, TenantStatus


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


@pytest.mark.parametrize("sort", Sort)
async def test_an_execution_is_found_by_the_id_in_the_address_of_its_page(
    sort: Sort, executions: ExecutionQueries
) -> None:
    row = (await executions.list(ExecutionFilter(statuses=frozenset({Status.COMPLETED})), limit=1)).items[0]

    assert [each.id for each in (await search(executions, f" {str(row.id).upper()} ", sort)).items] == [row.id]
    assert (await search(executions, str(row.id)[:-1], sort)).items == ()


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


@pytest.mark.parametrize("sort", TenantSort)
@pytest.mark.parametrize(
    ("statuses", "term"), [(frozenset[TenantStatus](), ""), (frozenset(TenantStatus), ""), (frozenset(), "acme")]
)
async def test_every_tenant_is_listed_once_in_its_order(
    sort: TenantSort, statuses: frozenset[TenantStatus], term: str, few: Database
) -> None:
    tenants = TenantQueries(database=few)
    async with few.reading() as connection:  # slugs are in the order of the server's language
        slugs = list(await connection.scalars(text("SELECT slug FROM tenants ORDER BY slug")))
    seen: list[tuple[int | datetime, UUID]] = []
    cursor = before = None
    while True:
        page = await tenants.list(statuses=statuses, search=term, sort=sort, cursor=cursor, limit=60)
        assert page.preceding == min(len(seen), COUNT_CAP + 1)
        seen += [
            (slugs.index(tenant.slug) if "slug" in sort else tenant.created_at, tenant.id) for tenant in page.items
        ]
        cursor, before = page.next, page.previous
        if cursor is None:
            break

    assert seen == sorted(set(seen), reverse=sort.startswith("-"))
    assert len(seen) == (75 if term else 1500)
    assert before is not None
    last = len(page.items)
    back = await tenants.list(statuses=statuses, search=term, sort=sort, cursor=before, limit=60)
    assert [tenant.id for tenant in back.items] == [id_ for _, id_ in seen[-last - 60 : -last]]


@pytest.mark.parametrize(
    ("sort", "value"),
    [
        *((TenantSort.SLUG, value) for value in ("acme\x00", "\ud800", "é", "", 7, None)),
        *((TenantSort.NEWEST, value) for value in ("acme", "2026-01-01T00:00:00", "", 7, None)),
    ],
)
async def test_a_cursor_with_a_value_of_another_kind_is_refused(sort: TenantSort, value: object, few: Database) -> None:
    fields = json.dumps([0, value, str(UUID(int=0)), False])
    cursor = base64.urlsafe_b64encode(fields.encode()).decode().rstrip("=")

    with pytest.raises(InvalidInput):
        await TenantQueries(database=few).list(sort=sort, cursor=cursor)
