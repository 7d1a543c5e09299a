"""Approvals that are waited for: what is asked for, by whom, since when, and until when somebody can decide."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select

from operations.database import Database
from operations.models import Approval, ApprovalRequest, Execution, Tenant
from operations.queries.cursors import Cursor
from operations.queries.narrowing import OPEN_STATUSES
from operations.queries.paging import (
    COUNT_CAP,
    Page,
    Segment,
    check_limit,
    count_preceding,
    count_up_to_cap,
    matching,
    read_page,
)
from operations.statuses import Plan


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalView:
    """A run that waits for a decision."""

    execution_id: UUID
    workflow_id: str
    workflow_type: str
    attempt: int
    run_id: str | None
    entity_slug: str
    entity_name: str
    plan: Plan
    requested_by: str
    requested_at: datetime
    expires_at: datetime  #: when the run is rejected for want of a decision


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalQueries:
    """Reads about approvals."""

    database: Database

    async def waiting(self, *, cursor: str | None = None, limit: int = 50) -> Page[ApprovalView]:
        """A page of those that nobody has decided, the oldest first. Raises `InvalidInput`."""
        check_limit(limit)
        oldest = Segment(
            moment=ApprovalRequest.requested_at,
            id=ApprovalRequest.execution_id,
            ascending=True,
            sources=(matching(is_waiting()),),
        )
        async with self.database.reading() as connection:

            async def fetch(segment: Segment, place: Cursor | None, backward: bool, number: int) -> list[ApprovalView]:
                keys = segment.keys(place, backward=backward, limit=number).subquery()
                statement = _VIEWED.join(keys, keys.c.execution_id == ApprovalRequest.execution_id)
                rows = await connection.execute(statement.order_by(*segment.order(backward=backward)))
                return [ApprovalView(**row._mapping) for row in rows]  # noqa: SLF001 - a row as a mapping

            def place_of(index: int, row: ApprovalView) -> Cursor:
                return Cursor(segment=index, value=row.requested_at, id=row.execution_id)

            items, after, before = await read_page((oldest,), fetch, place_of, cursor=cursor, limit=limit)
            total = len(items)
            if after or before:
                total = await connection.scalar(count_up_to_cap(oldest.some_keys(COUNT_CAP + 1))) or 0
            preceding = await count_preceding(connection, (oldest,), before)
        return Page(
            items=tuple(items),
            next=after,
            previous=before,
            total=min(total, COUNT_CAP),
            total_capped=total > COUNT_CAP,
            preceding=preceding,
        )


def is_waiting() -> ColumnElement[bool]:
    """Whether a request waits for a person: its run goes on, and nobody has decided."""
    is_open = exists().where(Execution.id == ApprovalRequest.execution_id, Execution.status.in_(OPEN_STATUSES))
    return is_open & ~exists().where(Approval.execution_id == ApprovalRequest.execution_id)


_VIEWED = (
    select(
        ApprovalRequest.execution_id,
        Execution.workflow_id,
        Execution.workflow_type,
        Execution.attempt,
        Execution.run_id,
        Tenant.slug.label("entity_slug"),
        Tenant.name.label("entity_name"),
        Tenant.plan,
        Execution.requested_by,
        ApprovalRequest.requested_at,
        ApprovalRequest.expires_at,
    )
    .join(Execution, Execution.id == ApprovalRequest.execution_id)
    .join(Tenant, Tenant.id == Execution.entity_id)
)
