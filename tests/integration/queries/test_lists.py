"""Lists are complete and in order: compared with what a plain reading of the filter gives."""

import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from operations.database import Database
from operations.errors import InvalidInput
from operations.queries.cursors import Cursor, Place
from operations.queries.execution_views import ExecutionFilter, ExecutionView, Sort
from operations.queries.executions import ExecutionQueries
from operations.queries.narrowing import ASKING
from operations.queries.paging import COUNT_CAP, Page, page_or_one_before
from operations.statuses import CloseReason, Failure, Health, Status
from tests.integration.queries.conftest import FEW

OPEN = (Status.PENDING, Status.RUNNING)
OF_ENDED = (Sort.LATEST_COMPLETED, Sort.EARLIEST_COMPLETED, Sort.LONGEST, Sort.SHORTEST)
NOW = datetime.now(UTC)


def failed(*failures: Failure, also: Status = Status.FAILED) -> ExecutionFilter:
    return ExecutionFilter(statuses=frozenset({Status.FAILED, also}), failures=frozenset(failures))


FILTERS = {
    "everything": ExecutionFilter(),
    "failed": ExecutionFilter(statuses=frozenset({Status.FAILED})),
    "failures that stand": failed(Failure.STANDING),
    "called off": failed(Failure.CALLED_OFF),
    "failed and not superseded": failed(Failure.STANDING, Failure.CALLED_OFF),
    "superseded": failed(Failure.SUPERSEDED),
    "every failure": failed(*Failure),
    "nothing but superseded": ExecutionFilter().narrowed(superseded=True),
    "all but superseded": ExecutionFilter().narrowed(superseded=False),
    "superseded, and not": failed(Failure.SUPERSEDED).narrowed(superseded=False),
    "superseded, and not, or running": failed(Failure.SUPERSEDED, also=Status.RUNNING).narrowed(superseded=False),
    "errors superseded, and not": replace(failed(), search="permission DENIED"),
    "running and superseded": failed(Failure.SUPERSEDED, also=Status.RUNNING),
    "running and called off": failed(Failure.CALLED_OFF, also=Status.RUNNING),
    "errors that stand": replace(failed(Failure.STANDING), search="permission DENIED"),
    "errors called off": replace(failed(Failure.CALLED_OFF), search="permission DENIED"),
    "tenants, superseded": replace(failed(Failure.SUPERSEDED), search="acme"),
    "tenants, called off": replace(failed(Failure.CALLED_OFF), search="acme"),
    "running, and errors superseded": replace(failed(Failure.SUPERSEDED, also=Status.RUNNING), search="tenants-eu-3"),
    "pending and failed": ExecutionFilter(statuses=frozenset({Status.PENDING, Status.FAILED})),
    "all statuses": ExecutionFilter(statuses=frozenset(Status)),
    "one type": ExecutionFilter(workflow_types=frozenset({"tenant_migration"})),
    "more words than are merged": ExecutionFilter(
        workflow_types=frozenset({"tenant_migration", "tenant_export", *(f"no_such_{number}" for number in range(30))})
    ),
    "healths": ExecutionFilter(healths=frozenset({Health.STUCK, Health.DRIFT})),
    "healthy and open": ExecutionFilter(healths=frozenset({Health.OK}), statuses=frozenset(OPEN)),
    "stuck, or fine": ExecutionFilter(healths=frozenset({Health.STUCK, Health.OK}), statuses=frozenset(OPEN)),
    "stuck alone": ExecutionFilter(healths=frozenset({Health.STUCK})),
    "asking": ExecutionFilter(causes=frozenset({"awaiting_approval"})),
    "asking, or in back-off": ExecutionFilter(causes=frozenset({"awaiting_approval", "step_retrying"})),
    "in back-off": ExecutionFilter(causes=frozenset({"step_retrying"}), statuses=frozenset(OPEN)),
    "slow": ExecutionFilter(healths=frozenset({Health.SLOW}), search="tenants-eu"),
    "a cause": ExecutionFilter(causes=frozenset({"no_worker"})),
    "months": ExecutionFilter(created_from=NOW - timedelta(days=200), created_to=NOW - timedelta(days=100)),
    "tenants": ExecutionFilter(search="ACME"),
    "tenants that failed": ExecutionFilter(search="acme", statuses=frozenset({Status.FAILED})),
    "errors": ExecutionFilter(search="permission DENIED"),
    "causes and errors": ExecutionFilter(search="tenants-eu-3"),
    "an id": ExecutionFilter(search="tenant-provision-acme-north-1"),
    "nothing": ExecutionFilter(search="no such words"),
}


def keeps(wanted: ExecutionFilter, row: ExecutionView) -> bool:
    """What the filter means, said plainly."""
    term = wanted.search.lower()
    says = (
        f"{row.entity_slug} {row.entity_name}".lower(),
        (row.error_message or "").lower(),
        (row.cause_detail or "").lower() if row.status in OPEN else "",
    )
    return (
        (not wanted.statuses or row.status in wanted.statuses)
        and (row.status is not Status.FAILED or wanted.failures is None or became(row) in wanted.failures)
        and (row.status is Status.FAILED or wanted.failures is None or bool(wanted.statuses))
        and (not wanted.healths or row.health in wanted.healths)
        and (not wanted.causes or row.cause in wanted.causes)
        and (not wanted.workflow_types or row.workflow_type in wanted.workflow_types)
        and (wanted.entity_id is None or row.entity_id == wanted.entity_id)
        and (wanted.created_from is None or row.created_at >= wanted.created_from)
        and (wanted.created_to is None or row.created_at < wanted.created_to)
        and (any(term in text for text in says) or row.workflow_id.startswith(term))
    )


def became(failed: ExecutionView) -> Failure:
    if failed.superseded_by is not None:
        return Failure.SUPERSEDED
    is_wanted = failed.close_reason in (CloseReason.CANCELED, CloseReason.REJECTED)
    return Failure.CALLED_OFF if is_wanted else Failure.STANDING


def is_troubled(row: ExecutionView) -> bool:
    return row.status in OPEN and row.health in (Health.STUCK, Health.DRIFT)


def arranged(sort: Sort, rows: list[ExecutionView], *, found: bool = False) -> list[ExecutionView]:
    """What the order means; rows of the same moment by id. Among what was `found`, nothing open comes first."""

    def by(moment: Callable[[ExecutionView], datetime | timedelta | str | None], up: bool) -> list[ExecutionView]:
        chosen = [row for row in rows if moment(row) is not None]
        return sorted(chosen, key=lambda row: (moment(row), row.id), reverse=not up)

    match sort:
        case Sort.NEWEST | Sort.OLDEST:
            return by(lambda row: row.created_at, sort is Sort.OLDEST)
        case Sort.LONGEST | Sort.SHORTEST:
            return by(lambda row: row.duration, sort is Sort.SHORTEST)
        case Sort.LATEST_COMPLETED | Sort.EARLIEST_COMPLETED:
            return by(lambda row: row.completed_at, sort is Sort.EARLIEST_COMPLETED)
        case Sort.LATEST_STARTED | Sort.EARLIEST_STARTED:
            up = sort is Sort.EARLIEST_STARTED
            return by(lambda row: row.started_at, up) + by(lambda row: None if row.started_at else row.created_at, up)
        case Sort.TENANT | Sort.TENANT_BACKWARD:
            up = sort is Sort.TENANT
            return by(lambda row: row.slug, up) + by(lambda row: None if row.slug else row.workflow_id, up)
        case Sort.ATTENTION:
            trouble = {row.id for row in rows if not found and is_troubled(row)}
            others = {row.id for row in rows if row.status in OPEN} - trouble
            asking = {row.id for row in rows if not found and row.id in others and row.cause in ASKING}
            first = by(lambda row: row.last_progress_at if row.id in trouble else None, up=True)
            then = by(lambda row: row.last_progress_at if row.id in asking else None, up=True)
            then += by(lambda row: row.last_progress_at if row.id in others - asking else None, up=True)
            return first + then + by(lambda row: None if row.status in OPEN else row.created_at, up=False)


@pytest.fixture(scope="module")
async def rows(few: Database) -> tuple[ExecutionView, ...]:
    """All of them, read without a filter."""
    found = await ExecutionQueries(database=few).export(ExecutionFilter())
    assert len(found) == FEW
    return found


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("name", FILTERS)
async def test_a_list_is_what_its_filter_and_its_order_say(
    name: str, sort: Sort, executions: ExecutionQueries, rows: tuple[ExecutionView, ...]
) -> None:
    wanted = FILTERS[name]
    expected = [
        row.id for row in arranged(sort, [row for row in rows if keeps(wanted, row)], found=bool(wanted.search))
    ]

    listed = await executions.export(wanted, sort=sort)
    page = await executions.list(wanted, sort=sort, limit=20)

    assert [row.id for row in listed] == expected
    assert [row.id for row in page.items] == expected[:20]
    assert (page.total, page.total_capped) == (min(len(expected), COUNT_CAP), len(expected) > COUNT_CAP)
    assert (page.next is not None, page.previous) == (len(expected) > 20, None)


@pytest.mark.parametrize("sort", Sort)
async def test_paging_forward_and_back_shows_every_row_once(
    sort: Sort, executions: ExecutionQueries, rows: tuple[ExecutionView, ...]
) -> None:
    expected = [row.id for row in arranged(sort, list(rows))]

    forward, last = await walk(lambda cursor: executions.list(ExecutionFilter(), sort=sort, cursor=cursor, limit=170))
    assert forward == expected

    backward, _ = await walk(
        lambda cursor: executions.list(ExecutionFilter(), sort=sort, cursor=cursor or last.previous, limit=170),
        back=True,
    )
    assert backward + [row.id for row in last.items] == expected


async def test_rows_that_come_while_one_pages_neither_hide_nor_repeat_others(
    executions: ExecutionQueries, few: Database, rows: tuple[ExecutionView, ...]
) -> None:
    for sort in Sort:
        before = [row.id for row in arranged(sort, list(rows))]

        async def with_another_row(cursor: str | None, sort: Sort = sort) -> Page[ExecutionView]:
            page = await executions.list(ExecutionFilter(), sort=sort, cursor=cursor, limit=200)
            await add_execution(few, completed=sort in OF_ENDED)
            return page

        seen, _ = await walk(with_another_row)
        await forget_added(few)

        assert len(seen) == len(set(seen))
        assert [id_ for id_ in seen if id_ in set(before)] == before


async def test_a_page_far_inside_begins_at_the_cursor(
    executions: ExecutionQueries, rows: tuple[ExecutionView, ...]
) -> None:
    expected = arranged(Sort.NEWEST, list(rows))
    here = expected[700]
    cursor = Cursor(segment=0, value=here.created_at, id=here.id).encode()

    page = await executions.list(ExecutionFilter(), cursor=cursor, limit=3)

    assert [row.id for row in page.items] == [row.id for row in expected[701:704]]


@pytest.mark.parametrize("sort", Sort)
async def test_a_screen_whose_page_is_gone_shows_the_page_before(sort: Sort, executions: ExecutionQueries) -> None:
    async def read(cursor: str | None) -> Page[ExecutionView]:
        return await executions.list(ExecutionFilter(), sort=sort, cursor=cursor, limit=170)

    ids, last = await walk(read)
    assert last.previous is not None
    row = last.items[-1]
    value: Place | None
    match sort:
        case Sort.LONGEST | Sort.SHORTEST:
            value = row.duration
        case Sort.TENANT | Sort.TENANT_BACKWARD:
            value = row.slug
        case _:
            value = row.completed_at if sort in OF_ENDED else row.created_at
    assert value is not None
    by: type[Place] = type(value)
    end = replace(Cursor.decode(last.previous, 4, by=by), backward=False)
    gone = replace(end, value=value, id=row.id).encode()

    empty, shown = await read(gone), await page_or_one_before(read, gone)

    assert not empty.items
    assert [each.id for each in shown.items] == ids[-170:]
    assert (shown.total, shown.total_capped, shown.next) == (last.total, last.total_capped, None)
    assert shown.previous is not None


async def test_a_screen_before_which_nothing_is_left_shows_the_first_page(executions: ExecutionQueries) -> None:
    async def read(cursor: str | None) -> Page[ExecutionView]:
        return await executions.list(ExecutionFilter(), cursor=cursor, limit=50)

    first = await read(None)
    newer = datetime.max.replace(tzinfo=UTC)
    gone = Cursor(segment=0, value=newer, id=UUID(int=0), backward=True).encode()

    assert await page_or_one_before(read, gone) == first


@pytest.mark.parametrize(
    "cursor", ["", "x", "é", "bm90IGpzb24", "WzksICIyMDI2Il0", Cursor(segment=1, value=NOW, id=UUID(int=0)).encode()]
)
async def test_a_cursor_of_another_list_is_refused(cursor: str, executions: ExecutionQueries) -> None:
    with pytest.raises(InvalidInput):
        await executions.list(ExecutionFilter(), cursor=cursor)


@pytest.mark.parametrize("value", ["2026-01-01T00:00:00+00:00", 1.5, True, None, 10**30])
async def test_a_cursor_that_names_no_duration_is_refused(value: object, executions: ExecutionQueries) -> None:
    fields = json.dumps([0, value, str(UUID(int=0)), False])

    with pytest.raises(InvalidInput):
        await executions.list(
            ExecutionFilter(), sort=Sort.LONGEST, cursor=base64.urlsafe_b64encode(fields.encode()).decode()
        )


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("name", ["everything", "tenants", "errors", "failed and not superseded", "called off"])
async def test_a_page_knows_how_many_rows_come_before_it(
    name: str, sort: Sort, executions: ExecutionQueries, rows: tuple[ExecutionView, ...]
) -> None:
    """As far as the total is counted, forward and back."""
    wanted = FILTERS[name]
    expected = [
        row.id for row in arranged(sort, [row for row in rows if keeps(wanted, row)], found=bool(wanted.search))
    ]

    async def page(cursor: str | None) -> Page[ExecutionView]:
        found = await executions.list(wanted, sort=sort, cursor=cursor, limit=170)
        assert found.preceding == min(expected.index(found.items[0].id), COUNT_CAP + 1)
        return found

    cursor, last = None, await page(None)
    while last.next is not None:
        cursor = last.next
        last = await page(cursor)
    while last.previous is not None:
        last = await page(last.previous)
    assert last.preceding == 0


@pytest.mark.parametrize("limit", [0, 201])
async def test_a_page_has_from_1_to_200_rows(limit: int, executions: ExecutionQueries) -> None:
    with pytest.raises(InvalidInput):
        await executions.list(ExecutionFilter(), limit=limit)


async def test_an_export_ends_at_its_limit(executions: ExecutionQueries) -> None:
    rows = await executions.export(ExecutionFilter(), sort=Sort.ATTENTION, limit=100)

    assert len(rows) == 100


async def walk(
    ask: Callable[[str | None], Awaitable[Page[ExecutionView]]], *, back: bool = False
) -> tuple[list[UUID], Page[ExecutionView]]:
    """All ids from the first page to the last, in the order of the list; and the last page."""
    ids: list[UUID] = []
    cursor: str | None = None
    while True:
        page = await ask(cursor)
        here = [row.id for row in page.items]
        ids = here + ids if back else ids + here
        cursor = page.previous if back else page.next
        if cursor is None:
            return ids, page


async def add_execution(database: Database, *, completed: bool) -> None:
    async with database.transaction() as connection:
        await connection.exec_driver_sql("SET LOCAL tenantry.correction = 'on'")
        await connection.exec_driver_sql(
            f"""
            INSERT INTO workflow_executions
                   (workflow_id, workflow_type, entity_type, entity_id, status, task_queue, input, requested_by,
                    created_at, last_progress_at, completed_at)
            SELECT 'added-' || gen_random_uuid(), 'added', 'tenant', gen_random_uuid(),
                   '{"completed" if completed else "pending"}', 'test', '{{}}', 'test',
                   moment, moment, {"moment" if completed else "NULL"}
            FROM (SELECT now() - random() * interval '300 days' AS moment) AS chosen
            """
        )


async def forget_added(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.exec_driver_sql("DELETE FROM workflow_executions WHERE workflow_type = 'added'")
