"""Bulk operations as they are read: how far one is, and what became of each of its rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from operations.kinds import Deed
from operations.statuses import BulkResult, BulkRowState, BulkState, RetryKind

#: Of these, time brings another.
UNSETTLED = (BulkResult.LEFT, BulkResult.SENT, BulkResult.WATCHED)


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
    first_alone: bool  #: it was asked for that one row goes before the others; `canary_id` tells whether it has gone
    canary_id: UUID | None  #: the execution that went first, alone
    canary_name: str | None  #: of its tenant
    canary_result: BulkResult | None
    canary_why: str | None  #: what the one that went first met, in words
    created_at: datetime
    finished_at: datetime | None

    @property
    def acting(self) -> int:
        """Rows that could take the action when it began."""
        return self.total - self.skipped

    @property
    def group(self) -> tuple[str, str | None] | None:
        """The cause and the signature of the group that it was begun from."""
        if self.selection.get("by") != "group":
            return None
        signature = self.selection.get("signature")
        return str(self.selection.get("cause")), None if signature is None else str(signature)

    @property
    def settled(self) -> int:
        """Rows that have had their turn, with its end; it never falls."""
        return self.done + self.failed + self.skipped

    @property
    def is_verified(self) -> bool:
        """Whether what became of each row is known."""
        return self.finished_at is not None and not any(self.results.get(result) for result in UNSETTLED)

    @property
    def waits_for_canary(self) -> bool:
        """Whether the others wait for what becomes of the one that went first, or is to."""
        if self.canary_id is None:
            return self.first_alone
        return self.state is BulkState.PAUSED and self.sent + self.done + self.failed == 1


@dataclass(frozen=True, kw_only=True, slots=True)
class BulkMention:
    """A bulk operation that an execution was part of."""

    bulk_id: UUID
    action: Deed
    total: int
    at: datetime  #: when it began, for this execution
    requested_by: str
    reason: str
    state: BulkRowState
    why: str | None  #: it was skipped, or failed


@dataclass(frozen=True, kw_only=True, slots=True)
class BulkRowView:
    """One execution of it, and what became of that."""

    ordinal: int
    execution_id: UUID
    workflow_id: str | None
    entity_slug: str | None
    entity_name: str | None
    result: BulkResult
    why: str | None  #: it was skipped, failed, or did not move on: what it met, in words
    retry_kind: RetryKind | None
    command_id: UUID | None
    successor_id: UUID | None  #: the new attempt
    settled_at: datetime | None
