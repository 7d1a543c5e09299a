"""Pages that are put together of several reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from operations.models import Execution
from operations.queries.cursors import Cursor
from operations.queries.paging import Segment, read_page

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    id: UUID
    status: str


async def test_a_row_that_changes_its_segment_between_two_reads_is_listed_once() -> None:
    moving, resting = UUID(int=1), UUID(int=2)
    reads = [
        [Item(id=moving, status="running")],
        [Item(id=moving, status="completed"), Item(id=resting, status="completed")],
    ]
    segments = [Segment(moment=Execution.created_at, id=Execution.id, sources=()) for _ in reads]

    async def fetch(segment: Segment, _: Cursor | None, __: bool, ___: int) -> Sequence[Item]:
        return reads.pop(0)

    def place_of(index: int, item: Item) -> Cursor:
        return Cursor(segment=index, value=NOW, id=item.id)

    items, _, _ = await read_page(segments, fetch, place_of, cursor=None, limit=50)

    assert [item.id for item in items] == [moving, resting]
