"""Lists and details of executions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from operations.database import Database
from operations.errors import ExecutionNotFound
from operations.models import Command, Execution, ExecutionEvent, ExecutionStep, Tenant
from operations.queries.execution_views import (
    AttemptView,
    EventView,
    ExecutionDetail,
    ExecutionFilter,
    ExecutionView,
    Sort,
    StartView,
    StatusCounts,
    StepView,
)
from operations.queries.paging import COUNT_CAP, Cursor, Page, Segment, check_limit, count_up_to_cap, read_page
from operations.statuses import Status

MOST_TENANTS_SEARCHED = 200
OPEN_STATUSES = frozenset({Status.PENDING, Status.RUNNING})


@dataclass(frozen=True, kw_only=True, slots=True)
class Executions:
    """Reads about executions."""

    database: Database

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
        conditions = tuple(_conditions(wanted))
        segments = _segments(sort, wanted.statuses)
        async with self.database.reading() as connection:

            async def fetch(
                segment: Segment, place: Cursor | None, backward: bool, number: int
            ) -> Sequence[ExecutionView]:
                ids = segment.ids(place, backward=backward, limit=number).where(*conditions).subquery()
                statement = _viewed(select(*_COLUMNS).join(ids, ids.c.id == Execution.id))
                rows = await connection.execute(statement.order_by(*segment.order(backward=backward)))
                return [_view(row) for row in rows]

            def place_of(index: int, row: ExecutionView) -> Cursor:
                return Cursor(segment=index, value=getattr(row, segments[index].moment.key), id=row.id)

            items, after, before = await read_page(segments, fetch, place_of, cursor=cursor, limit=limit)
            total = await connection.scalar(count_up_to_cap(select(Execution.id).where(*conditions))) or 0
        return Page(
            items=tuple(items),
            next=after,
            previous=before,
            total=min(total, COUNT_CAP),
            total_capped=total > COUNT_CAP,
        )

    async def status_counts(self) -> StatusCounts:
        """Open executions exactly, final ones up to the cap."""
        counted = select(
            *(
                count_up_to_cap(select(Execution.id).where(Execution.status == each)).scalar_subquery()
                for each in Status
            )
        )
        async with self.database.reading() as connection:
            row = (await connection.execute(counted)).one()
        return StatusCounts(numbers=dict(zip(Status, row, strict=True)))

    async def detail(self, id_: UUID) -> ExecutionDetail:
        """Raises `ExecutionNotFound`."""
        async with self.database.reading() as connection:
            row = (await connection.execute(_viewed(select(*_COLUMNS)).where(Execution.id == id_))).one_or_none()
            if row is None:
                raise ExecutionNotFound
            return ExecutionDetail(
                execution=_view(row),
                steps=await _steps(connection, id_),
                events=await _events(connection, id_),
                attempts=await _attempts(connection, row.entity_id, row.workflow_type),
                start=await _start(connection, id_),
            )


_COLUMNS = (
    Execution.id,
    Execution.workflow_id,
    Execution.workflow_type,
    Execution.entity_type,
    Execution.entity_id,
    Tenant.slug.label("entity_slug"),
    Tenant.name.label("entity_name"),
    Execution.status,
    Execution.close_reason,
    Execution.attempt,
    Execution.retry_of,
    Execution.started_at,
    Execution.completed_at,
    Execution.created_at,
    Execution.updated_at,
    Execution.error_message,
    Execution.current_step,
    Execution.steps_done,
    Execution.steps_total,
    Execution.last_progress_at,
    Execution.health,
    Execution.cause,
    Execution.cause_detail,
    Execution.health_since,
    Execution.requested_by,
    Execution.run_id,
    Execution.build_id,
)


def _viewed(statement: Select[*tuple[object, ...]]) -> Select[*tuple[object, ...]]:
    return statement.outerjoin(Tenant, and_(Execution.entity_type == "tenant", Tenant.id == Execution.entity_id))


def _segments(sort: Sort, statuses: frozenset[Status]) -> tuple[Segment, ...]:
    """Which indexes serve an order; a list in the order of attention is the open ones, then the others."""
    moment, id_ = Execution.created_at, Execution.id
    is_open = Execution.status.in_(OPEN_STATUSES)
    match sort:
        case Sort.NEWEST | Sort.OLDEST:
            return (Segment(moment=moment, id=id_, ascending=sort is Sort.OLDEST),)
        case Sort.LATEST_COMPLETED | Sort.EARLIEST_COMPLETED:
            ended = (Execution.completed_at.is_not(None),)
            return (
                Segment(moment=Execution.completed_at, id=id_, ascending=sort is Sort.EARLIEST_COMPLETED, where=ended),
            )
        case Sort.ATTENTION:
            open_ones = Segment(moment=Execution.last_progress_at, id=id_, ascending=True, where=(is_open,))
            others = Segment(moment=moment, id=id_, where=(Execution.status.not_in(OPEN_STATUSES),))
            wants_open = not statuses or bool(statuses & OPEN_STATUSES)
            wants_others = not statuses or bool(statuses - OPEN_STATUSES)
            return ((open_ones,) if wants_open else ()) + ((others,) if wants_others else ())
        case _:
            assert_never(sort)


def _conditions(wanted: ExecutionFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.statuses:
        conditions.append(Execution.status.in_(wanted.statuses))
    if wanted.healths:
        conditions.append(Execution.health.in_(wanted.healths))
    if wanted.causes:
        conditions.append(Execution.cause.in_(wanted.causes))
    if wanted.workflow_types:
        conditions.append(Execution.workflow_type.in_(wanted.workflow_types))
    if wanted.entity_id is not None:
        conditions.append(Execution.entity_id == wanted.entity_id)
    if wanted.created_from is not None:
        conditions.append(Execution.created_at >= wanted.created_from)
    if wanted.created_to is not None:
        conditions.append(Execution.created_at < wanted.created_to)
    if term := wanted.search.strip():
        conditions.append(_matches(term))
    return conditions


def _matches(term: str) -> ColumnElement[bool]:
    """Tenants first, then workflow ids by prefix, then error texts (from three characters: trigrams)."""
    tenants = (
        select(Tenant.id)
        .where((Tenant.slug + " " + Tenant.name).icontains(term, autoescape=True))
        .limit(MOST_TENANTS_SEARCHED)
    )
    matches = [Execution.entity_id.in_(tenants), Execution.workflow_id.startswith(term, autoescape=True)]
    if len(term) >= 3:
        matches.append(Execution.error_message.icontains(term, autoescape=True))
    return or_(*matches)


def _view(row: Row[*tuple[object, ...]]) -> ExecutionView:
    return ExecutionView(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping


async def _steps(connection: AsyncConnection, id_: UUID) -> tuple[StepView, ...]:
    statement = (
        select(
            ExecutionStep.ordinal,
            ExecutionStep.name,
            ExecutionStep.status,
            ExecutionStep.attempts,
            ExecutionStep.started_at,
            ExecutionStep.tried_at,
            ExecutionStep.next_try_at,
            ExecutionStep.completed_at,
            ExecutionStep.error,
            ExecutionStep.progress,
        )
        .where(ExecutionStep.execution_id == id_)
        .order_by(ExecutionStep.ordinal)
    )
    return tuple(StepView(**row._mapping) for row in await connection.execute(statement))  # noqa: SLF001


async def _events(connection: AsyncConnection, id_: UUID) -> tuple[EventView, ...]:
    statement = (
        select(
            ExecutionEvent.seq,
            ExecutionEvent.at,
            ExecutionEvent.kind,
            ExecutionEvent.from_status,
            ExecutionEvent.to_status,
            ExecutionEvent.actor,
            ExecutionEvent.reason,
            ExecutionEvent.detail["error"].astext.label("error"),
        )
        .where(ExecutionEvent.execution_id == id_)
        .order_by(ExecutionEvent.seq)
        .limit(500)
    )
    return tuple(EventView(**row._mapping) for row in await connection.execute(statement))  # noqa: SLF001


async def _attempts(connection: AsyncConnection, entity_id: UUID, workflow_type: str) -> tuple[AttemptView, ...]:
    statement = (
        select(
            Execution.id,
            Execution.workflow_id,
            Execution.attempt,
            Execution.status,
            Execution.close_reason,
            Execution.created_at,
        )
        .where(Execution.entity_id == entity_id, Execution.workflow_type == workflow_type)
        .order_by(Execution.attempt)
        .limit(100)
    )
    return tuple(AttemptView(**row._mapping) for row in await connection.execute(statement))  # noqa: SLF001


async def _start(connection: AsyncConnection, id_: UUID) -> StartView | None:
    statement = select(Command.state, Command.tries, Command.due_at.label("next_try_at"), Command.error).where(
        Command.execution_id == id_, Command.kind == "start"
    )
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else StartView(**row._mapping)  # noqa: SLF001
