"""Keyset pages: page ten thousand costs what page one costs, and rows that come or go shift nothing."""

import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, UnaryExpression, func, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from operations.errors import InvalidInput

LARGEST_PAGE = 200
COUNT_CAP = 1000

ItemT = TypeVar("ItemT")
Ordering = UnaryExpression[datetime] | UnaryExpression[datetime | None] | UnaryExpression[UUID]


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[ItemT]):
    """One page of a list. `total` is exact up to `COUNT_CAP` and capped beyond."""

    items: tuple[ItemT, ...]
    next: str | None
    previous: str | None
    total: int
    total_capped: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Cursor:
    """A place in a list: the row beside it, by segment, sort value and id, and the way to go from there."""

    segment: int
    value: datetime
    id: UUID
    backward: bool = False

    def encode(self) -> str:
        fields = [self.segment, self.value.isoformat(), str(self.id), self.backward]
        return base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, segments: int) -> "Cursor":
        """Raises `InvalidInput` for anything that a list of so many segments did not give."""
        try:
            segment, value, id_, backward = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None or not isinstance(backward, bool) or segment not in range(segments):
                raise ValueError
            return cls(segment=int(segment), value=moment, id=UUID(id_), backward=backward)
        except (ValueError, TypeError, AttributeError, binascii.Error):
            raise InvalidInput({"cursor": "The cursor is not one that this list gave; begin without it."}) from None


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """A part of a list with one order, which one index serves. A list is its segments, one after the other."""

    moment: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]
    id: InstrumentedAttribute[UUID]
    ascending: bool = False
    where: tuple[ColumnElement[bool], ...] = ()

    def ids(self, place: Cursor | None, *, backward: bool, limit: int) -> Select[UUID]:
        """The next `limit` ids from `place`, or from the segment's beginning (backward: end)."""
        up = self.ascending != backward
        chosen = select(self.id).where(*self.where)
        if place is not None:
            here, key = tuple_(place.value, place.id), tuple_(self.moment, self.id)
            chosen = chosen.where(key > here if up else key < here)
        order = (each.asc() if up else each.desc() for each in (self.moment, self.id))
        return chosen.order_by(*order).limit(limit)

    def order(self, *, backward: bool) -> list[Ordering]:
        up = self.ascending != backward
        return [self.moment.asc() if up else self.moment.desc(), self.id.asc() if up else self.id.desc()]


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
    place = None if cursor is None else Cursor.decode(cursor, len(segments))
    backward = place is not None and place.backward
    found: list[tuple[int, ItemT]] = []
    begin = place.segment if place is not None else 0
    way = range(begin, -1, -1) if backward else range(begin, len(segments))
    for index in way:
        here = place if place is not None and index == place.segment else None
        rows = await fetch(segments[index], here, backward, limit + 1 - len(found))
        found += [(index, row) for row in rows]
        if len(found) > limit:
            break
    more, shown = len(found) > limit, found[:limit]
    if backward:
        shown.reverse()
    has_next, has_previous = (True, more) if backward else (more, place is not None)
    after = place_of(*shown[-1]).encode() if shown and has_next else None
    before = _turned(place_of(*shown[0])).encode() if shown and has_previous else None
    return [row for _, row in shown], after, before


def _turned(cursor: Cursor) -> Cursor:
    return Cursor(segment=cursor.segment, value=cursor.value, id=cursor.id, backward=True)


def check_limit(limit: int) -> None:
    if not 1 <= limit <= LARGEST_PAGE:
        raise InvalidInput({"limit": f"The limit must be from 1 to {LARGEST_PAGE}."})


def count_up_to_cap(ids: Select[UUID]) -> Select[int]:
    """Counts at most one more than `COUNT_CAP`, so that a count costs the same for a thousand rows and for millions."""
    return select(func.count()).select_from(ids.limit(COUNT_CAP + 1).subquery())
