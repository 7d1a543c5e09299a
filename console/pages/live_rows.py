"""Pages of a list as rows of a live table, and what is new between two of them."""

from bisect import bisect_left
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Self, TypeVar

from console.channels import View
from console.components.tables import Patch, to_json
from operations.access import Permission
from operations.feed import Changed
from operations.queries.paging import Page

Row = Mapping[str, object]
ItemT = TypeVar("ItemT")


@dataclass(frozen=True, kw_only=True)
class Rows:
    """One page of rows without empty fields, with its JSON made once for all who see it."""

    rows: tuple[Row, ...]
    next: str | None
    previous: str | None
    total: int
    total_capped: bool
    preceding: int = 0  #: rows before these

    @classmethod
    def of(cls, page: Page[ItemT], drawn: Sequence[Row]) -> Self:
        return cls(
            rows=tuple({name: value for name, value in row.items() if value not in (None, "")} for row in drawn),
            next=page.next,
            previous=page.previous,
            total=page.total,
            total_capped=page.total_capped,
            preceding=page.preceding,
        )

    @property
    def foot(self) -> tuple[object, ...]:
        """What the page says around the rows."""
        return len(self.rows), self.total, self.total_capped, self.preceding, self.previous, self.next

    @cached_property
    def json(self) -> str:
        return to_json(self.rows)


@dataclass(frozen=True, kw_only=True)
class News:
    """What is new: the patch that leads the tables from before to after."""

    before: Rows
    after: Rows

    @cached_property
    def foot_moved(self) -> bool:
        """Whether anything but the rows is new."""
        return self.before.foot != self.after.foot

    @cached_property
    def patch_json(self) -> str | None:
        """None when the rows are the same and only cursors or totals moved."""
        patch = difference(self.before.rows, self.after.rows)
        return None if patch is None else patch.to_json()


def seconds(moment: datetime | None) -> float | None:
    """A moment as rows carry it: half as long as its ISO text, and exact to a millisecond."""
    return None if moment is None else round(moment.timestamp(), 3)


def joined(rows: Sequence[Row], *, by: str) -> list[Row]:
    """Rows that say the same there next to each other, where the first of them stands; those that say nothing stay."""
    groups: dict[object, list[Row]] = {}
    for index, row in enumerate(rows):
        groups.setdefault(row.get(by) or index, []).append(row)
    return [row for group in groups.values() for row in group]


def view(
    key: Hashable,
    *,
    concerns: Callable[[Changed], bool],
    load: Callable[[], Awaitable[Rows]],
    permission: Permission = Permission.SEE,
    at_most_every: float = 0.0,
) -> View[Rows, News]:
    """Rows that tables in the browser keep up to date by themselves; `at_most_every` is in seconds."""

    def news(before: Rows, after: Rows) -> News | None:
        return None if before == after else News(before=before, after=after)

    return View(
        key=key,
        concerns=concerns,
        load=load,
        news=news,
        to_json=lambda news: news.patch_json,
        permission=permission,
        at_most_every=at_most_every,
    )


def difference(before: Sequence[Row], after: Sequence[Row]) -> Patch | None:
    """Only what changed: the fields of rows that stay, the rows that came, the ids that went, the places of some."""
    old = {str(row["id"]): row for row in before}
    new = {str(row["id"]): row for row in after}
    changed = [{"id": id_, **_changed(old[id_], row)} for id_, row in new.items() if id_ in old and old[id_] != row]
    inserted = [row for id_, row in new.items() if id_ not in old]
    removed = [id_ for id_ in old if id_ not in new]
    moves = _moves(list(old), list(new))
    if not (changed or inserted or removed or moves):
        return None
    return Patch(changed=changed, inserted=inserted, removed=removed, moves=moves)


def _changed(before: Row, after: Row) -> Row:
    """What a row says now where it says something else; None where it says nothing any more."""
    return {name: after.get(name) for name in {**before, **after} if before.get(name) != after.get(name)}


def _moves(before: Sequence[str], after: Sequence[str]) -> list[tuple[str, int]]:
    """As few places as lead from one order to the other: those of all ids but a longest row of ids in order."""
    place = {id_: index for index, id_ in enumerate(after)}
    ends: list[int] = []  # ends[n]: the least place in which n + 1 ids in order can end
    length: dict[str, int] = {}
    stay = [id_ for id_ in before if id_ in place]
    for id_ in stay:
        length[id_] = bisect_left(ends, place[id_])
        ends[length[id_] : length[id_] + 1] = [place[id_]]
    unmoved: set[str] = set()
    wanted, last = len(ends) - 1, len(after)
    for id_ in reversed(stay):
        if length[id_] == wanted and place[id_] < last:
            unmoved.add(id_)
            wanted, last = wanted - 1, place[id_]
    return [(id_, index) for id_, index in place.items() if id_ not in unmoved]
