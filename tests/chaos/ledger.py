"""What the outside knows of a trial: every acknowledgement, and every answer that should not have been given."""

from dataclasses import dataclass, field
from uuid import UUID

from operations.statuses import RetryKind


@dataclass(kw_only=True, slots=True)
class Ledger:
    """Written down outside the system under test."""

    registered: dict[str, UUID] = field(default_factory=dict)  #: slug → first execution
    decided: dict[UUID, str] = field(default_factory=dict)
    retried: dict[UUID, UUID] = field(default_factory=dict)  #: old execution → new one
    helped: list[tuple[RetryKind, UUID]] = field(default_factory=list)  #: a step tried now, a run replaced
    cleaned: dict[UUID, UUID] = field(default_factory=dict)  #: failed execution → the one that cleans up after it
    ended: dict[UUID, set[str]] = field(default_factory=dict)  #: terminate and cancel, by execution
    leaving: dict[UUID, str] = field(default_factory=dict)  #: deprovisioning → slug
    begun: dict[UUID, int] = field(default_factory=dict)  #: bulk operation → how many executions
    moved: list[tuple[str, UUID]] = field(default_factory=list)  #: pause, resume, stop of a bulk operation
    refused: list[str] = field(default_factory=list)  #: what was asked for and what was said; a no is an answer
    without_owner: set[str] = field(default_factory=set)
    unexpected: list[str] = field(default_factory=list)
    repeats: int = 0

    @property
    def acknowledged(self) -> int:
        named = len(self.registered) + len(self.decided) + len(self.retried) + len(self.leaving) + len(self.begun)
        return named + len(self.helped) + len(self.cleaned) + sum(map(len, self.ended.values()))
