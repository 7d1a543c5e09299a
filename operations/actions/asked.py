"""What somebody asks of an execution through whatever door, and what came of it."""

from dataclasses import dataclass
from uuid import UUID

from operations.kinds import Deed
from operations.statuses import Decision, RetryKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One deed and its reason; with what was seen, nothing is done where it is otherwise by now."""

    deed: Deed
    execution_id: UUID
    reason: str
    seen_run_id: str | None = None
    kind: RetryKind | None = None  #: of Retry: what it was said to be


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What is certain now: never more than that it was written down here. One of the ids, or the decision, is set."""

    execution_id: UUID | None = None  #: of the run that begins by it
    command_id: UUID | None = None  #: of what is on its way to Temporal
    decision: Decision | None = None  #: that stands
    kind: RetryKind | None = None  #: of Retry: what it was
