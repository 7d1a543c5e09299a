"""Approvals that are waited for: what is asked for, by whom, since when, and until when somebody can decide."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select

from operations.database import Database
from operations.models import Approval, ApprovalRequest, Execution, Tenant
from operations.queries.narrowing import OPEN_STATUSES
from operations.queries.paging import Page, Segment, check_limit, matching
from operations.queries.plain_lists import AnyRow, page_of
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
            return await page_of(connection, oldest, _VIEWED, _view, cursor=cursor, limit=limit)


def is_waiting() -> ColumnElement[bool]:
    """Whether a request waits for a person: its run goes on, and nobody has decided."""
    is_open = exists().where(Execution.id == ApprovalRequest.execution_id, Execution.status.in_(OPEN_STATUSES))
    return is_open & ~exists().where(Approval.execution_id == ApprovalRequest.execution_id)


def _view(row: AnyRow) -> ApprovalView:
    return ApprovalView(**row._mapping)  # noqa: SLF001 - a row as a mapping


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
