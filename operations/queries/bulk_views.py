"""Bulk operations as they are read: how far one is, and what became of each of its rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from operations.kinds import Deed
from operations.statuses import BulkResult, BulkState, RetryKind

#: Results that nothing changes any more. Of those that a retry waits for, time may bring another.
UNSETTLED = (BulkResult.LEFT, BulkResult.SENT)


@dataclass(frozen=True, kw_only=True, slots=True)
class BulkView:
    """One action on many executions. Its numbers are counted from its rows."""

    id: UUID
    action: Deed
    state: BulkState
    requested_by: str
    reason: str
    released_by: str | None
    selection: Mapping[str, object]
    total: int
    left: int  #: rows whose turn has not come
    sent: int  #: on their way to Temporal
    done: int  #: Temporal confirmed them
    failed: int
    skipped: int
    results: Mapping[BulkResult, int]  #: what became of the rows, as far as is known
    rate: float  #: rows per second, of the last ten
    first_alone: bool  #: one row is to go before the others
    canary_id: UUID | None  #: the execution that went first, alone
    canary_result: BulkResult | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def acting(self) -> int:
        """Rows that could take the action when it began."""
        return self.total - self.skipped

    @property
    def settled(self) -> int:
        return self.done + self.failed + self.skipped


@dataclass(frozen=True, kw_only=True, slots=True)
class BulkRowView:
    """One execution of it, and what became of that."""

    ordinal: int
    execution_id: UUID
    workflow_id: str | None
    entity_slug: str | None
    entity_name: str | None
    result: BulkResult
    why: str | None  #: it was skipped, or failed
    retry_kind: RetryKind | None
    command_id: UUID | None
    successor_id: UUID | None  #: the new attempt
    settled_at: datetime | None
