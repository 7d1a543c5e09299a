"""Keyset pages: page ten thousand costs what page one costs, and rows that come or go shift nothing."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Interval,
    Select,
    UnaryExpression,
    case,
    cast,
    func,
    select,
    tuple_,
    union,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from operations.errors import InvalidInput
from operations.models import Record
from operations.queries.cursors import Cursor, Place

ENDLESS = "100000000 years"  #: longer than all that lasts; PostgreSQL before 17 has no infinite span
LARGEST_PAGE = 200
COUNT_CAP = 1000

ItemT = TypeVar("ItemT")
Conditions = tuple[ColumnElement[bool], ...]
Moment = InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]
Duration = InstrumentedAttribute[timedelta | None]
Name = InstrumentedAttribute[str]  #: in ASCII
Keys = Select[UUID, Place | None]
Rows = type[Record] | ReadOnlyColumnCollection[str, ColumnElement[object]]
Ordering = (
    UnaryExpression[datetime]
    | UnaryExpression[datetime | None]
    | UnaryExpression[timedelta | None]
    | UnaryExpression[str]
    | UnaryExpression[UUID]
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[ItemT]):
    """One page of a list. `total` is exact up to `COUNT_CAP` and capped beyond.

    A page whose rows are all gone has a `previous` for the rows that it followed. `preceding` is how many rows come
    before it, at most one more than `COUNT_CAP`.
    """

    items: tuple[ItemT, ...]
    next: str | None
    previous: str | None
    total: int
    total_capped: bool
    preceding: int = 0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Segment:
    """A part of a list with one order. A list is its segments, one after the other.

    Equal only to itself, so that statements can be kept by segment.
    """

    moment: Moment | Duration | Name
    id: InstrumentedAttribute[UUID]
    ascending: bool = False
    sources: tuple["Source", ...]  #: what the segment's rows are merged from
    overlaps: bool = False  #: whether a row can come from several sources
    whole: "Segment | None" = None  #: its rows and those of all segments before it, where that is cheaper to count

    def keys(self, place: Cursor | None, *, backward: bool, limit: int) -> Keys:
        """Ids and sort values of the next rows from `place`, or from the segment's beginning (backward: end)."""
        return self._merged(Span(segment=self, place=place, backward=backward, limit=limit))

    def some_keys(self, limit: int) -> Keys:
        """Any rows, at most so many; for counting."""
        return self._merged(Span(segment=self, place=None, backward=False, limit=limit, ordered=False))

    def order(self, *, backward: bool) -> list[Ordering]:
        up = self.ascending != backward
        return [self.moment.asc() if up else self.moment.desc(), self.id.asc() if up else self.id.desc()]

    def _merged(self, span: "Span") -> Keys:
        """Each source gives at most as many rows as are wanted, so the merge sorts a few hundred keys."""
        parts = [source(span) for source in self.sources]
        if len(parts) == 1:
            return parts[0]
        merge = union if self.overlaps else union_all
        merged = merge(*(part.subquery().select() for part in parts)).subquery()
        return span.first_of(select(*merged.c), *merged.c)


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Which rows of a segment are wanted."""

    segment: Segment
    place: Cursor | None
    backward: bool
    limit: int
    ordered: bool = True  #: False: any rows will do

    def where(self, *conditions: ColumnElement[bool], rows: Rows | None = None, loosely: bool = False) -> Keys:
        """The first rows of the span for which the conditions hold, in the order of the segment: an index's work.

        `loosely`: where any rows will do, do not even ask for those that an index has first.
        """
        moment, id_ = self.segment.moment, self.segment.id
        if rows is not None:
            moment, id_ = getattr(rows, moment.key), getattr(rows, id_.key)
        chosen = select(id_, moment).where(*conditions)
        if self.place is not None:
            here, key = tuple_(self.place.value, self.place.id), tuple_(moment, id_)
            chosen = chosen.where(key > here if self._is_upward else key < here)
        if loosely and not self.ordered:
            return chosen.limit(self.limit)
        order = (each.asc() if self._is_upward else each.desc() for each in (moment, id_))
        return chosen.order_by(*order).limit(self.limit)

    def first_along(self, keys: Keys, name: Name, id_: ColumnElement[UUID]) -> Keys:
        """The first of keys beyond the place, where only the names have an index, which can be begun there."""
        if self.place is not None:
            here, key = tuple_(self.place.value, self.place.id), tuple_(name, id_)
            upward = name >= self.place.value, key > here
            keys = keys.where(*(upward if self._is_upward else (name <= self.place.value, key < here)))
        if not self.ordered:
            return keys.limit(self.limit)
        order = (name.asc(), id_.asc()) if self._is_upward else (name.desc(), id_.desc())
        return keys.order_by(*order).limit(self.limit)

    def first_of(self, keys: Keys, id_: ColumnElement[UUID], moment: ColumnElement[Place | None]) -> Keys:
        """The first of keys that were found in several places."""
        if not self.ordered:
            return keys.limit(self.limit)
        order = (each.asc() if self._is_upward else each.desc() for each in (moment, id_))
        return keys.order_by(*order).limit(self.limit)

    def up_to(self, keys: CTE) -> ColumnElement[bool]:
        """Not beyond the last of these keys, when they fill the span."""
        moment = keys.c[1]  # by place: a duration is an expression, whose name is not kept
        last, nowhere = (func.max(moment), "") if self._is_upward else (func.min(moment), "-")
        end = ENDLESS if isinstance(self.segment.moment.type, Interval) else "infinity"
        reach = case((func.count() >= self.limit, last), else_=cast(f"{nowhere}{end}", self.segment.moment.type))
        bound = select(reach).select_from(keys).scalar_subquery()
        return self.segment.moment <= bound if self._is_upward else self.segment.moment >= bound

    @property
    def _is_upward(self) -> bool:
        return self.segment.ascending != self.backward


Source = Callable[[Span], Keys]


def matching(*conditions: ColumnElement[bool], loosely: bool = False) -> Source:
    """Rows for which the conditions hold; `loosely` as with `Span.where`."""
    return lambda span: span.where(*conditions, loosely=loosely)


def beside(source: Source, *conditions: ColumnElement[bool]) -> Source:
    """What a source gives, and rows for which the conditions hold; these are read only as far as they can be shown."""

    def both(span: Span) -> Keys:
        given = source(span).cte("given").prefix_with("MATERIALIZED", dialect="postgresql")
        matching_rows = span.where(*conditions, span.up_to(given)).subquery()
        merged = union(select(*given.c), select(*matching_rows.c)).subquery()
        return span.first_of(select(*merged.c), *merged.c)

    return both


Fetch = Callable[[Segment, Cursor | None, bool, int], Awaitable[Sequence[ItemT]]]


async def read_page(
    segments: Sequence[Segment],
    fetch: Fetch[ItemT],
    place_of: Callable[[int, ItemT], Cursor],
    *,
    cursor: str | None,
    limit: int,
) -> tuple[list[ItemT], str | None, str | None]:
    """One page with the cursors of its neighbours; `fetch(segment, place, backward, limit)` reads rows."""
    place = None if cursor is None else _place(cursor, segments)
    backward = place is not None and place.backward
    found: list[tuple[int, ItemT]] = []
    begin = place.segment if place is not None else 0
    way = range(begin, -1, -1) if backward else range(begin, len(segments))
    for index in way:
        here = place if place is not None and index == place.segment else None
        rows = await fetch(segments[index], here, backward, limit + 1 - len(found))
        # Segments are read one after the other: what went from one to the next meanwhile is in both.
        known = {place_of(*each).id for each in found}
        found += [(index, row) for row in rows if place_of(index, row).id not in known]
        if len(found) > limit:
            break
    more, shown = len(found) > limit, found[:limit]
    if backward:
        shown.reverse()
    has_next, has_previous = (True, more) if backward else (more, place is not None)
    after = place_of(*shown[-1]).encode() if shown and has_next else None
    before = _turned(place_of(*shown[0])).encode() if shown and has_previous else None
    if not shown and place is not None and not backward:
        before = _up_to(place, segments[place.segment]).encode()
    return [row for _, row in shown], after, before


async def count_preceding(connection: AsyncConnection, segments: Sequence[Segment], previous: str | None) -> int:
    """How many rows come before the page that leads back with `previous`, at most one more than `COUNT_CAP`."""
    if previous is None:
        return 0
    limit = COUNT_CAP + 1
    number = 0
    for keys in _preceding(segments, _place(previous, segments), limit):
        number += await connection.scalar(count_up_to_cap(keys)) or 0
    return min(number, limit)


def _preceding(segments: Sequence[Segment], place: Cursor, limit: int) -> Iterator[Keys]:
    """Parts without a row in common that are together all before the place, each up to the limit."""
    here = segments[place.segment]
    yield (here.whole or here).keys(place, backward=True, limit=limit)
    for segment in reversed(segments[: place.segment]):
        if here.whole is not None:  # it has counted those of them that lie before the place in its own order
            yield segment.keys(place, backward=False, limit=limit)
        elif segment.whole is not None:
            yield segment.whole.some_keys(limit)
            return
        else:
            yield segment.some_keys(limit)


def _place(cursor: str, segments: Sequence[Segment]) -> Cursor:
    return Cursor.decode(cursor, len(segments), by=segments[0].moment.type.python_type)


def _turned(cursor: Cursor) -> Cursor:
    return Cursor(segment=cursor.segment, value=cursor.value, id=cursor.id, backward=True)


def _up_to(place: Cursor, segment: Segment) -> Cursor:
    """Back from a place with its own row: the place that is one id further on."""
    step = 1 if segment.ascending else -1
    return replace(place, id=UUID(int=(place.id.int + step) % 2**128), backward=True)


async def page_or_one_before(read: Callable[[str | None], Awaitable[Page[ItemT]]], cursor: str | None) -> Page[ItemT]:
    """The page at a cursor; when its rows are gone, the one before: for screens, which must not stand empty."""
    page = await read(cursor)
    if page.items or cursor is None:
        return page
    if page.previous is not None:
        last = await read(page.previous)
        if last.items:
            return replace(last, next=None)
    return await read(None)


def check_limit(limit: int) -> None:
    if not 1 <= limit <= LARGEST_PAGE:
        raise InvalidInput({"limit": f"The limit must be from 1 to {LARGEST_PAGE}."})


def count_up_to_cap(keys: Keys) -> Select[int]:
    """Counts what a selection limited to one more than `COUNT_CAP` holds."""
    return select(func.count()).select_from(keys.subquery())
