"""Lists, details and counts of executions."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from uuid import UUID

from sqlalchemy import Row, Select, and_, case, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from operations import kinds
from operations.askers import askers
from operations.database import Database
from operations.errors import ExecutionNotFound
from operations.kinds import LIFECYCLE, Subject
from operations.models import Execution, Tenant
from operations.queries import current_steps, execution_parts
from operations.queries.cursors import Cursor
from operations.queries.execution_lists import ExecutionList
from operations.queries.execution_numbers import HourlyThroughput, StatusCounts
from operations.queries.execution_views import ExecutionDetail, ExecutionFilter, ExecutionView, Sort
from operations.queries.narrowing import OPEN_STATUSES, is_failure
from operations.queries.paging import (
    COUNT_CAP,
    Page,
    Segment,
    check_limit,
    count_preceding,
    count_up_to_cap,
    read_page,
)
from operations.queries.triage import of_executions
from operations.settings import FourEyes
from operations.statuses import Failure, Status, TenantStatus

LARGEST_EXPORT = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutionQueries:
    """Reads about executions."""

    database: Database
    four_eyes: frozenset[FourEyes] = frozenset()
    is_watched: Callable[[], bool] = lambda: True  #: whether anybody knows how they are doing

    async def list(
        self,
        wanted: ExecutionFilter,
        *,
        sort: Sort = Sort.NEWEST,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[ExecutionView]:
        """A page in the given order. Raises `InvalidInput`."""
        check_limit(limit)
        async with self._connected(wanted) as connection:
            listed = await ExecutionList.asked_for(wanted, sort, connection, is_watched=self.is_watched())

            async def fetch(
                segment: Segment, place: Cursor | None, backward: bool, number: int
            ) -> Sequence[ExecutionView]:
                return await _rows(connection, segment, place, backward=backward, limit=number)

            def place_of(index: int, row: ExecutionView) -> Cursor:
                return Cursor(segment=index, value=getattr(row, listed.segments[index].moment.key), id=row.id)

            items, after, before = await read_page(listed.segments, fetch, place_of, cursor=cursor, limit=limit)
            total = len(items)
            if after or before:
                total = await listed.total(connection)
            preceding = await count_preceding(connection, listed.segments, before)
            items = await _with_triage(connection, items)
        return Page(
            items=tuple(map(self._shown, items)),
            next=after,
            previous=before,
            total=min(total, COUNT_CAP),
            total_capped=listed.is_cut or total > COUNT_CAP,
            preceding=preceding,
        )

    async def export(
        self, wanted: ExecutionFilter, *, sort: Sort = Sort.NEWEST, limit: int = LARGEST_EXPORT
    ) -> tuple[ExecutionView, ...]:
        """The first rows of the list, without pages."""
        found: list[ExecutionView] = []
        async with self._connected(wanted) as connection:
            listed = await ExecutionList.asked_for(wanted, sort, connection, is_watched=self.is_watched())
            for segment in listed.segments:
                if len(found) < limit:
                    found += await _rows(connection, segment, None, backward=False, limit=limit - len(found))
        return tuple(map(self._shown, found))

    async def ids(self, wanted: ExecutionFilter, *, limit: int) -> tuple[UUID, ...]:
        """Of the first so many rows, in the order of attention."""
        found: dict[UUID, None] = {}
        async with self._connected(wanted) as connection:
            listed = await ExecutionList.asked_for(wanted, Sort.ATTENTION, connection, is_watched=self.is_watched())
            for segment in listed.segments:
                if len(found) < limit:
                    keys = segment.keys(None, backward=False, limit=limit - len(found))
                    found |= dict.fromkeys(await connection.scalars(keys))
        return tuple(found)

    def _shown(self, execution: ExecutionView) -> ExecutionView:
        return execution if execution.status.is_final or self.is_watched() else execution.unwatched()

    @asynccontextmanager
    async def _connected(self, wanted: ExecutionFilter) -> AsyncIterator[AsyncConnection]:
        """For searches without sequential scans: they look cheap for words that were frequent once, and read it all."""
        if not wanted.search:
            async with self.database.reading() as connection:
                yield connection
        else:
            async with self.database.transaction() as connection:
                await connection.execute(text("SET LOCAL enable_seqscan = off"))
                yield connection

    async def status_counts(self) -> StatusCounts:
        """How many executions have each status, each up to one more than the cap of lists; failures by what became."""
        async with self.database.reading() as connection:
            *numbers, called_off, superseded = (await connection.execute(_status_counts())).one()
        of_status = dict(zip(Status, numbers, strict=True))
        return StatusCounts(numbers=of_status, called_off=called_off, superseded=superseded)

    async def throughput(self, hours: int = 24) -> tuple[HourlyThroughput, ...]:
        """How many executions ended in each of the last hours, the running one last; the hours are those of UTC."""
        async with self.database.reading() as connection:
            rows = await connection.execute(THROUGHPUT, {"hours": hours})
            return tuple(HourlyThroughput(**row._mapping) for row in rows)  # noqa: SLF001

    async def detail(self, id_: UUID) -> ExecutionDetail:
        """Raises `ExecutionNotFound`."""
        async with self.database.reading() as connection:
            row = (await connection.execute(_viewed(select(*_COLUMNS)).where(Execution.id == id_))).one_or_none()
            if row is None:
                raise ExecutionNotFound
            (execution,) = await _with_triage(connection, [_view(row)])
            steps = await execution_parts.steps(connection, id_)
            is_cut = len(steps) == execution_parts.MOST
            number = await execution_parts.number_of_steps(connection, id_) if is_cut else len(steps)
            return ExecutionDetail(
                execution=self._shown(execution),
                steps=steps,
                earlier_steps=number - len(steps),
                events=await execution_parts.events(connection, id_),
                attempts=await execution_parts.attempts(connection, row.entity_id, row.workflow_type),
                start=await execution_parts.start(connection, id_),
                approval_request=await execution_parts.approval_request(connection, id_),
                planned=await _planned(connection, row),
                decided=await execution_parts.decided(connection, id_),
                asked_by=(await askers(connection, [row.id]))[row.id] if row.status in OPEN_STATUSES else frozenset(),
                takes_two=FourEyes.APPROVE in self.four_eyes,
                remains=await execution_parts.remains(connection, row.entity_id, row.status),
                tenant_due_at=await connection.scalar(select(Tenant.due_at).where(Tenant.id == row.entity_id)),
            )


# One range of one index per hour and outcome; the rows themselves are not read.
THROUGHPUT = text(
    """
    SELECT hour,
           (SELECT count(*) FROM workflow_executions
            WHERE status = 'completed' AND completed_at IS NOT NULL
              AND completed_at >= hour AND completed_at < hour + interval '1 hour') AS completed,
           (SELECT count(*) FROM workflow_executions
            WHERE status = 'failed' AND completed_at IS NOT NULL
              AND completed_at >= hour AND completed_at < hour + interval '1 hour') AS failed
    FROM generate_series(
        date_trunc('hour', now(), 'UTC') - make_interval(hours => :hours - 1),
        date_trunc('hour', now(), 'UTC'),
        interval '1 hour') AS hour
    ORDER BY hour
    """
)

_REMOVES = and_(
    Execution.lane == LIFECYCLE,  # of a tenant that leaves, the one open run there is what removes it
    Execution.status.in_((Status.PENDING, Status.RUNNING)),
    Tenant.status.in_((TenantStatus.DEPROVISIONING, TenantStatus.DROPPING)),
)
_NEWER = aliased(Execution)
_COLUMNS = (
    Execution.id,
    Execution.workflow_id,
    Execution.workflow_type,
    Execution.entity_type,
    Execution.entity_id,
    Tenant.slug.label("entity_slug"),
    Tenant.name.label("entity_name"),
    Tenant.status.label("entity_status"),
    case((_REMOVES, Tenant.due_at)).label("due_at"),
    Execution.status,
    Execution.close_reason,
    Execution.attempt,
    Execution.retry_of,
    Execution.started_at,
    Execution.completed_at,
    Execution.created_at,
    Execution.updated_at,
    Execution.error_message,
    current_steps.SHOWN.label("current_step"),
    current_steps.DONE.label("done_step"),
    Execution.steps_done,
    Execution.steps_total,
    Execution.last_progress_at,
    Execution.health,
    Execution.cause,
    Execution.cause_detail,
    Execution.health_since,
    func.coalesce(Execution.cause_since, Execution.health_since).label("cause_since"),
    Execution.requested_by,
    Execution.run_id,
    Execution.build_id,
    Execution.verified_at,
    Execution.superseded_by,
    select(_NEWER.attempt).where(_NEWER.id == Execution.superseded_by).scalar_subquery().label("superseded_by_attempt"),
    Execution.signature,
    Execution.evidence,
)


async def _with_triage(connection: AsyncConnection, items: Sequence[ExecutionView]) -> list[ExecutionView]:
    said = await of_executions(connection, [item.id for item in items])
    return [replace(item, triage=said.get(item.id)) for item in items]


async def _rows(
    connection: AsyncConnection, segment: Segment, place: Cursor | None, *, backward: bool, limit: int
) -> list[ExecutionView]:
    # What a search has found is another segment each time.
    page = _page if segment.overlaps else _kept_page
    rows = await connection.execute(page(segment, place, backward, limit))
    return [_view(row) for row in rows]


def _page(segment: Segment, place: Cursor | None, backward: bool, limit: int) -> Select[*tuple[object, ...]]:
    """The keys from the segment's indexes first, then only the rows that are shown."""
    keys = segment.keys(place, backward=backward, limit=limit).subquery()
    statement = _viewed(select(*_COLUMNS).join(keys, keys.c.id == Execution.id))
    return statement.order_by(*segment.order(backward=backward))


# Live pages ask the same questions again and again; to put a question together takes longer than to ask it.
_kept_page = lru_cache(maxsize=128)(_page)


@cache
def _status_counts() -> Select[*tuple[int, ...]]:
    keys = (Execution.id, Execution.created_at)
    standing = is_failure(Failure.STANDING)
    conditions = [standing if status is Status.FAILED else Execution.status == status for status in Status]
    conditions += [is_failure(Failure.CALLED_OFF), is_failure(Failure.SUPERSEDED)]
    newest = (select(*keys).where(each).order_by(Execution.created_at.desc()) for each in conditions)
    return select(*(count_up_to_cap(each.limit(COUNT_CAP + 1)).scalar_subquery() for each in newest))


def _viewed(statement: Select[*tuple[object, ...]]) -> Select[*tuple[object, ...]]:
    return statement.outerjoin(Tenant, and_(Execution.entity_type == "tenant", Tenant.id == Execution.entity_id))


def _view(row: Row[*tuple[object, ...]]) -> ExecutionView:
    return ExecutionView(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping


async def _planned(connection: AsyncConnection, row: Row[*tuple[object, ...]]) -> tuple[str, ...]:
    """The steps of this run without trouble: as it was started, or as it would be today."""
    statement = (
        select(Execution.input["steps"], Tenant.plan)
        .join(Tenant, Tenant.id == Execution.entity_id)
        .where(Execution.id == row.id)
    )
    found = (await connection.execute(statement)).one_or_none()
    kind = kinds.known().get(row.workflow_type)
    if found is None or kind is None:
        return ()
    return tuple(found[0] or kind.planned(Subject(plan=found.plan)))
