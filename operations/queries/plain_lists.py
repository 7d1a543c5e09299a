"""Pages of lists that have one order and no parts: what differs between them is what is read, and how it is shown."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Row, Select
from sqlalchemy.ext.asyncio import AsyncConnection

from operations.queries.cursors import Cursor
from operations.queries.paging import (
    COUNT_CAP,
    Page,
    Segment,
    count_preceding,
    count_up_to_cap,
    read_page,
)

ItemT = TypeVar("ItemT")
AnyRow = Row[*tuple[object, ...]]


async def page_of(
    connection: AsyncConnection,
    segment: Segment,
    statement: Select[*tuple[object, ...]],
    view: Callable[[AnyRow], ItemT],
    *,
    cursor: str | None,
    limit: int,
) -> Page[ItemT]:
    """The page at a cursor; `statement` reads what is shown of all rows, of which the page's are chosen.

    A view calls the segment's id and moment as the table does. Raises `InvalidInput`.
    """

    async def fetch(part: Segment, place: Cursor | None, backward: bool, number: int) -> list[ItemT]:
        keys = part.keys(place, backward=backward, limit=number).subquery()
        chosen = statement.join(keys, keys.c[part.id.key] == part.id).order_by(*part.order(backward=backward))
        return [view(row) for row in await connection.execute(chosen)]

    def place_of(index: int, item: ItemT) -> Cursor:
        return Cursor(segment=index, value=getattr(item, segment.moment.key), id=getattr(item, segment.id.key))

    items, after, before = await read_page((segment,), fetch, place_of, cursor=cursor, limit=limit)
    total = len(items)
    if after or before:
        total = await connection.scalar(count_up_to_cap(segment.some_keys(COUNT_CAP + 1))) or 0
    return Page(
        items=tuple(items),
        next=after,
        previous=before,
        total=min(total, COUNT_CAP),
        total_capped=total > COUNT_CAP,
        preceding=await count_preceding(connection, (segment,), before),
    )
