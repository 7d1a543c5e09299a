"""Reads bulk operations: the list of them, one with its numbers, and its rows page by page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Row, text

from operations.database import Database
from operations.errors import BulkNotFound, InvalidInput
from operations.kinds import Deed
from operations.phrases import root
from operations.queries.bulk_results import HELD_UP, KNOWN_NOW, error_of, results_of
from operations.queries.bulk_views import BulkMention, BulkRowView, BulkView
from operations.queries.paging import COUNT_CAP, Page, check_limit
from operations.statuses import BulkResult, BulkRowState, BulkState, RetryKind

ItemT = TypeVar("ItemT")
FARTHEST = 1_000_000  #: a place in a list beyond which there is nothing


@dataclass(frozen=True, kw_only=True, slots=True)
class BulkQueries:
    """Reads about what was done to many at once."""

    database: Database

    async def list(self, *, cursor: str | None = None, limit: int = 50) -> Page[BulkView]:
        """The newest first. Raises `InvalidInput`."""
        check_limit(limit)
        first = _place(cursor)
        async with self.database.reading() as connection:
            found = (await connection.execute(LIST, {"first": first, "limit": limit + 1})).all()
            total = await connection.scalar(TOTAL, {"cap": COUNT_CAP + 1}) or 0
        return _page([_bulk(row) for row in found], first, limit, total)

    async def open_count(self) -> int:
        """How many have not come to their end."""
        async with self.database.reading() as connection:
            return await connection.scalar(OPEN) or 0

    async def get(self, id_: UUID) -> BulkView:
        """Raises `BulkNotFound`."""
        async with self.database.reading() as connection:
            row = (await connection.execute(ONE, {"id": id_})).one_or_none()
        if row is None:
            raise BulkNotFound
        return _bulk(row)

    async def of_groups(self) -> tuple[BulkView, ...]:
        """Of each group the newest that was begun from it and is open, or ended within the last day."""
        async with self.database.reading() as connection:
            return tuple(_bulk(row) for row in await connection.execute(OF_GROUPS))

    async def of_group(self, cause: str, signature: str | None) -> BulkView | None:
        """The newest that was begun from this group, as `of_groups` has it."""
        asked = (cause, signature)
        return next((bulk for bulk in await self.of_groups() if bulk.group == asked), None)

    async def ended_lately(self) -> tuple[BulkView, ...]:
        """Those of whose retries the last outcome may have become known a moment ago; the newest first."""
        async with self.database.reading() as connection:
            return tuple(_bulk(row) for row in await connection.execute(ENDED_LATELY))

    async def about(self, execution_id: UUID) -> tuple[BulkMention, ...]:
        """Those that an execution was part of, or that made it; the newest first."""
        async with self.database.reading() as connection:
            rows = (await connection.execute(ABOUT, {"execution": execution_id})).all()
        return tuple(
            BulkMention(
                bulk_id=row.bulk_id,
                action=Deed(row.action),
                total=row.total,
                at=row.at,
                requested_by=row.requested_by,
                reason=row.reason,
                state=BulkRowState(row.state),
                why=row.why,
            )
            for row in rows
        )

    async def rows(
        self, id_: UUID, *, results: Iterable[BulkResult] = (), cursor: str | None = None, limit: int = 50
    ) -> Page[BulkRowView]:
        """In the order of their turns, with these results, or all. Raises `InvalidInput`."""
        check_limit(limit)
        wanted = [result.value for result in results]
        first = _place(cursor)
        values = {"id": id_, "first": first, "limit": limit + 1} | ({"results": wanted} if wanted else {})
        async with self.database.reading() as connection:
            found = (await connection.execute(ROWS_WITH_RESULTS if wanted else ROWS, values)).all()
            total = await connection.scalar(TOTAL_WITH_RESULTS if wanted else ROWS_TOTAL, values) or 0
        return _page([_row(row) for row in found], first, limit, total)


def _page(items: Sequence[ItemT], first: int, limit: int, total: int) -> Page[ItemT]:
    return Page(
        items=tuple(items[:limit]),
        next=str(first + limit) if len(items) > limit else None,
        previous=str(max(0, first - limit)) if first else None,
        total=min(total, COUNT_CAP),
        total_capped=total > COUNT_CAP,
        preceding=first,
    )


def _place(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < len(str(FARTHEST))):
        raise InvalidInput({"cursor": "The cursor is not one that this list gave; begin without it."})
    return int(cursor)


def _bulk(row: Row[tuple[object, ...]]) -> BulkView:
    results: Mapping[str, int] = row.results or {}
    return BulkView(
        id=row.id,
        action=Deed(row.action),
        state=BulkState(row.state),
        requested_by=row.requested_by,
        reason=row.reason,
        released_by=row.released_by,
        selection=row.selection,
        total=row.total,
        left=row.left_,
        sent=row.sent,
        done=row.done,
        failed=row.failed,
        skipped=row.skipped,
        results={result: results[result] for result in BulkResult if result in results},
        rate=float(row.rate),
        first_alone=row.first_alone or row.canary_id is not None,
        canary_id=row.canary_id,
        canary_name=row.canary_name,
        canary_result=None if row.canary_result is None else BulkResult(row.canary_result),
        canary_why=_why(row.canary_result, row.canary_why),
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


def _row(row: Row[tuple[object, ...]]) -> BulkRowView:
    return BulkRowView(
        ordinal=row.ordinal,
        execution_id=row.execution_id,
        workflow_id=row.workflow_id,
        entity_slug=row.slug,
        entity_name=row.name,
        result=BulkResult(row.result),
        why=_why(row.result, row.why),
        retry_kind=None if row.retry_kind is None else RetryKind(row.retry_kind),
        command_id=row.command_id,
        successor_id=row.successor_id,
        settled_at=row.settled_at,
    )


def _why(result: str | None, said: str | None) -> str | None:
    """An error comes down to its root; other reasons are sentences of ours."""
    return root(said) if said and result in HELD_UP else said


# The numbers of one of which all is known have been written down; those of another are counted from its rows. Its
# operation is `b` within `KNOWN_NOW`, and `o` around it: one name would count the rows of all.
_BULKS = """
    SELECT o.*, coalesce(n.left_, 0) AS left_, coalesce(n.sent, 0) AS sent, coalesce(n.rate, 0) AS rate,
           coalesce(n.done, (o.counted->>'done')::bigint) AS done,
           coalesce(n.failed, (o.counted->>'failed')::bigint) AS failed,
           coalesce(n.skipped, (o.counted->>'skipped')::bigint) AS skipped,
           coalesce(n.results, o.counted->'results') AS results,
           (SELECT t.name FROM workflow_executions e JOIN tenants t ON t.id = e.entity_id
            WHERE e.id = o.canary_id) AS canary_name,
           canary.result AS canary_result, canary.why AS canary_why
    FROM bulk_operations o LEFT JOIN LATERAL (
        SELECT count(*) FILTER (WHERE state = 'left') AS left_, count(*) FILTER (WHERE state = 'sent') AS sent,
               count(*) FILTER (WHERE state = 'done') AS done, count(*) FILTER (WHERE state = 'failed') AS failed,
               count(*) FILTER (WHERE state = 'skipped') AS skipped,
               count(*) FILTER (WHERE settled_at > greatest(clock_timestamp() - interval '10 seconds', o.created_at)
                                  AND command_id IS NOT NULL)
                   / least(10, greatest(1, extract(epoch FROM clock_timestamp() - o.created_at))) AS rate,
               (SELECT jsonb_object_agg(result, number) FROM (
                    SELECT result, count(*) AS number FROM ({results}) of_rows GROUP BY result
               ) of_results) AS results
        FROM bulk_rows WHERE bulk_id = o.id AND o.counted IS NULL
        HAVING o.counted IS NULL
    ) n ON true
    LEFT JOIN LATERAL (
        SELECT coalesce(y.result, x.result) AS result, coalesce(y.why, {error}) AS why
        FROM bulk_rows y LEFT JOIN LATERAL (
            {known_now} WHERE r.bulk_id = y.bulk_id AND r.ordinal = y.ordinal) x ON true
        WHERE y.bulk_id = o.id AND y.execution_id = o.canary_id
    ) canary ON true
"""
BULKS = _BULKS.format(
    known_now=KNOWN_NOW, results=results_of("o.id"), error=error_of("coalesce(y.result, x.result)", "x.error")
)
ONE = text(BULKS + "WHERE o.id = :id")
LIST = text(BULKS + "ORDER BY o.created_at DESC, o.id DESC OFFSET :first LIMIT :limit")
_OF_GROUPS = """
    WHERE o.id IN (
        SELECT DISTINCT ON (selection->>'cause', selection->>'signature') id FROM bulk_operations
        WHERE selection->>'by' = 'group' AND (finished_at IS NULL OR created_at > now() - interval '1 day')
        ORDER BY selection->>'cause', selection->>'signature', created_at DESC
    )
    ORDER BY o.created_at DESC LIMIT 50
"""
OF_GROUPS = text(BULKS + _OF_GROUPS)
_ENDED_LATELY = "WHERE o.finished_at > now() - interval '15 minutes' ORDER BY o.created_at DESC LIMIT 20"
ENDED_LATELY = text(BULKS + _ENDED_LATELY)
ABOUT = text(
    """
    SELECT b.id AS bulk_id, b.action, b.total, b.created_at AS at, b.requested_by, b.reason, r.state,
           CASE WHEN r.state IN ('skipped', 'failed') THEN r.why END AS why
    FROM bulk_rows r JOIN bulk_operations b ON b.id = r.bulk_id
    WHERE r.execution_id = :execution OR r.successor_id = :execution
    ORDER BY b.created_at DESC, b.id LIMIT 100
    """
)
TOTAL = text("SELECT count(*) FROM (SELECT FROM bulk_operations LIMIT :cap) AS counted")
OPEN = text("SELECT count(*) FROM bulk_operations WHERE finished_at IS NULL")
# A page of all rows is one of their ordinals, which begin at one and have no gaps.
_PAGE = results_of(":id", "AND r.ordinal > :first AND r.ordinal <= :first + :limit")
_WITH_RESULTS = "SELECT ordinal, result FROM ({results}) of_rows WHERE result = ANY(:results)"
WITH_RESULTS = _WITH_RESULTS.format(results=results_of(":id"))
_ROWS = """
    SELECT r.ordinal, r.execution_id, r.retry_kind, r.command_id, r.successor_id, r.settled_at, x.result,
           coalesce(r.why, {error}) AS why, w.workflow_id, t.slug, t.name
    FROM ({page}) x
    JOIN bulk_rows r ON r.bulk_id = :id AND r.ordinal = x.ordinal
    LEFT JOIN workflow_executions w ON w.id = r.execution_id LEFT JOIN tenants t ON t.id = w.entity_id
    LEFT JOIN workflow_executions n ON n.id = r.successor_id
    ORDER BY x.ordinal
"""
_ERROR = error_of(
    "x.result",
    "CASE WHEN n.id IS NULL THEN coalesce(w.cause_detail, w.error_message)"
    " ELSE coalesce(n.cause_detail, n.error_message) END",
)
ROWS = text(_ROWS.format(page=_PAGE, error=_ERROR))
ROWS_TOTAL = text("SELECT total FROM bulk_operations WHERE id = :id")
ROWS_WITH_RESULTS = text(_ROWS.format(page=WITH_RESULTS + " ORDER BY ordinal OFFSET :first LIMIT :limit", error=_ERROR))
_TOTAL_WITH_RESULTS = "SELECT count(*) FROM ({rows}) counted"
TOTAL_WITH_RESULTS = text(_TOTAL_WITH_RESULTS.format(rows=WITH_RESULTS))
