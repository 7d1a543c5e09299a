"""Pages of a list as rows of a live table, and what is new between two of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self, TypeVar

from console.components.tables import Patch, to_json
from operations.queries.paging import Page

Row = Mapping[str, object]
ItemT = TypeVar("ItemT")


@dataclass(frozen=True, kw_only=True)
class Rows:
    """One page of rows, with its JSON made once for all who see it."""

    rows: tuple[Row, ...]
    next: str | None
    previous: str | None
    total: int
    total_capped: bool

    @classmethod
    def of(cls, page: Page[ItemT], drawn: Sequence[Row]) -> Self:
        return cls(
            rows=tuple(drawn),
            next=page.next,
            previous=page.previous,
            total=page.total,
            total_capped=page.total_capped,
        )

    @cached_property
    def json(self) -> str:
        return to_json(self.rows)


@dataclass(frozen=True, kw_only=True)
class News:
    """What is new: the patch that leads the tables from before to after."""

    before: Rows
    after: Rows

    @cached_property
    def patch_json(self) -> str | None:
        """None when the rows are the same and only cursors or totals moved."""
        patch = difference(self.before.rows, self.after.rows)
        return None if patch is None else patch.to_json()


def news(before: Rows, after: Rows) -> News | None:
    return None if before == after else News(before=before, after=after)


def difference(before: Sequence[Row], after: Sequence[Row]) -> Patch | None:
    """Only what changed: the changed fields of rows that stay, the rows that came, the ids that went."""
    old = {str(row["id"]): row for row in before}
    new = {str(row["id"]): row for row in after}
    changed = [
        {"id": id_, **{name: value for name, value in row.items() if old[id_].get(name) != value}}
        for id_, row in new.items()
        if id_ in old and old[id_] != row
    ]
    inserted = [row for id_, row in new.items() if id_ not in old]
    removed = [id_ for id_ in old if id_ not in new]
    moved = [id_ for id_ in old if id_ in new] != [id_ for id_ in new if id_ in old]
    if not (changed or inserted or removed or moved):
        return None
    order = list(new) if inserted or moved else None
    return Patch(changed=changed, inserted=inserted, removed=removed, order_hint=order)
