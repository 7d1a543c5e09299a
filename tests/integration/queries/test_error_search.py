"""However the errors of a term are found, a list shows the same: compared with a plain reading."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from operations.database import Database
from operations.queries.cursors import Cursor
from operations.queries.execution_lists import ExecutionList
from operations.queries.execution_views import ExecutionFilter, ExecutionView, Sort
from operations.queries.executions import ExecutionQueries
from operations.queries.narrowing import Narrowing
from operations.queries.paging import Segment
from operations.queries.search import errors
from operations.queries.search.errors import Errors
from operations.queries.search.executions import Found
from operations.queries.search.terms import Sample
from operations.statuses import Status

TERM = "acme"
SAMPLES = {"by index": (), "in order": (TERM,), "by a part": ("acme", "acme", "another")}
PAGE = 7
FILTERS = {
    "all": ExecutionFilter(search=TERM),
    "failed": ExecutionFilter(search=TERM, statuses=frozenset({Status.FAILED})),
    "one type": ExecutionFilter(search=TERM, workflow_types=frozenset({"tenant_provisioning"})),
}


async def found_in(few: Database, name: str, wanted: ExecutionFilter, *, with_tenants: bool) -> Found:
    """As though there were more errors than are counted."""
    narrowing = Narrowing(wanted=wanted, ended=False)
    async with few.reading() as connection:
        found = await Found.of(TERM, narrowing, connection)
    errors = Errors(sample=Sample.of(TERM, SAMPLES[name]), narrowing=narrowing)
    return Found(term=TERM, tenants=found.tenants if with_tenants else (), named=0, errors=errors, exceeds_cap=True)


async def pages(few: Database, segment: Segment, *, backward: bool) -> list[UUID]:
    ids: list[UUID] = []
    place: Cursor | None = None
    async with few.reading() as connection:
        while rows := (await connection.execute(segment.keys(place, backward=backward, limit=PAGE))).all():
            ids += [row[0] for row in rows]
            assert rows[-1][1] is not None
            place = Cursor(segment=0, value=rows[-1][1], id=rows[-1][0], backward=backward)
    return ids


def expected(rows: Sequence[ExecutionView], wanted: ExecutionFilter, *, with_tenants: bool) -> list[UUID]:
    chosen = [
        row
        for row in rows
        if (TERM in (row.error_message or "") or (with_tenants and TERM in (row.entity_slug or "")))
        and (not wanted.statuses or row.status in wanted.statuses)
        and (not wanted.workflow_types or row.workflow_type in wanted.workflow_types)
    ]
    return [row.id for row in sorted(chosen, key=lambda row: (row.created_at, row.id), reverse=True)]


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("with_tenants", [False, True])
@pytest.mark.parametrize("filtered", FILTERS)
@pytest.mark.parametrize("name", SAMPLES)
async def test_every_way_of_finding_errors_gives_the_same_pages(
    name: str, filtered: str, with_tenants: bool, backward: bool, few: Database
) -> None:
    wanted = FILTERS[filtered]
    rows = await ExecutionQueries(database=few).export(ExecutionFilter())
    found = await found_in(few, name, wanted, with_tenants=with_tenants)
    (segment,) = ExecutionList(wanted=wanted, sort=Sort.NEWEST, found=found).segments

    listed = await pages(few, segment, backward=backward)

    ids = expected(rows, wanted, with_tenants=with_tenants)
    assert listed == (ids[::-1] if backward else ids) != []


@pytest.mark.parametrize("with_tenants", [False, True])
@pytest.mark.parametrize("name", SAMPLES)
async def test_by_start_every_way_of_finding_errors_gives_those_that_started_first(
    name: str, with_tenants: bool, few: Database
) -> None:
    wanted = FILTERS["all"]
    rows = {row.id: row for row in await ExecutionQueries(database=few).export(ExecutionFilter())}
    found = await found_in(few, name, wanted, with_tenants=with_tenants)
    segments = ExecutionList(wanted=wanted, sort=Sort.LATEST_STARTED, found=found).segments

    started, unstarted = [await pages(few, segment, backward=False) for segment in segments]

    ids = expected(tuple(rows.values()), wanted, with_tenants=with_tenants)
    begun = [(moment, id_) for id_ in ids if (moment := rows[id_].started_at) is not None]
    assert started == [id_ for _, id_ in sorted(begun, reverse=True)]
    assert unstarted == [id_ for id_ in ids if rows[id_].started_at is None] != []
    assert started != [] or not with_tenants  # few errors have the term, and none of those runs may have started


@pytest.mark.parametrize("near", [errors.NEAR, 3])
async def test_errors_are_looked_up_by_a_part_of_the_term_as_by_all_of_it(few: Database, near: int) -> None:
    """The last sample promises more than there are: whether the newest errors hold them all or not."""
    narrowing = Narrowing(wanted=ExecutionFilter(), ended=False)
    samples = [Sample.of("tenants-eu-3", texts) for texts in ((), ("tenants-eu-3",) * 2, ("tenants-eu-3",) * 300)]

    async with few.reading() as connection:
        errors = [Errors(sample=each, narrowing=narrowing, near=near) for each in samples]
        found = [(await each.looked_up(connection)).found or () for each in errors]

    assert samples[1].telling_part != samples[0].telling_part
    assert set(found[0]) == set(found[1]) == set(found[2]) != set()
