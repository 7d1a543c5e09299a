"""Keyset pages: page ten thousand costs what page one costs, and rows that come or go shift nothing."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Select, func, select

from operations.errors import InvalidInput

LARGEST_PAGE = 200
COUNT_CAP = 1000

ItemT = TypeVar("ItemT")


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
    """A place between two rows: the sort value and id of the row beside it, and the way to go from there."""

    value: datetime
    id: UUID
    backward: bool = False

    def encode(self) -> str:
        fields = [self.value.isoformat(), str(self.id), self.backward]
        return base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> "Cursor":
        """Raises `InvalidInput` for anything that `encode` did not make."""
        try:
            value, id_, backward = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None or not isinstance(backward, bool):
                raise ValueError
            return cls(value=moment, id=UUID(id_), backward=backward)
        except (ValueError, TypeError, AttributeError, binascii.Error):
            raise InvalidInput({"cursor": "The cursor is not one that a list gave; begin without it."}) from None


class Listed(Protocol):
    """What a row needs to be a place in a list by time of creation."""

    @property
    def created_at(self) -> datetime: ...
    @property
    def id(self) -> UUID: ...


ListedT = TypeVar("ListedT", bound=Listed)


def assemble(items: Sequence[ListedT], place: Cursor | None, limit: int, total: int) -> Page[ListedT]:
    """Make a page of up to `limit + 1` rows read from `place` onwards; the extra row only tells that there are more."""
    more, shown = len(items) > limit, list(items[:limit])
    backward = place is not None and place.backward
    if backward:
        shown.reverse()
    has_next = backward or more
    has_previous = more if backward else place is not None
    return Page(
        items=tuple(shown),
        next=Cursor(value=shown[-1].created_at, id=shown[-1].id).encode() if shown and has_next else None,
        previous=Cursor(value=shown[0].created_at, id=shown[0].id, backward=True).encode()
        if shown and has_previous
        else None,
        total=min(total, COUNT_CAP),
        total_capped=total > COUNT_CAP,
    )


def check_limit(limit: int) -> None:
    if not 1 <= limit <= LARGEST_PAGE:
        raise InvalidInput({"limit": f"The limit must be from 1 to {LARGEST_PAGE}."})


def count_up_to_cap(ids: Select[UUID]) -> Select[int]:
    """Counts at most one more than `COUNT_CAP`, so that a count costs the same for a thousand rows and for millions."""
    return select(func.count()).select_from(ids.limit(COUNT_CAP + 1).subquery())
