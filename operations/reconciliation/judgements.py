"""What a pass learns by comparing, for healing and the report: rows judged, runs without a row, idle tenants."""

from dataclasses import dataclass, field
from uuid import UUID

from operations.reconciliation.decisions import Decision, Row
from operations.reconciliation.rows import IdleTenant
from operations.temporal import Run


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A row, what Temporal said of it, and what is to be done."""

    row: Row
    run: Run | None
    decision: Decision


@dataclass(kw_only=True, slots=True)
class Compared:
    """What a pass has learnt so far."""

    candidates: int = 0
    checked: int = 0
    described: int = 0
    judged: list[Judged] = field(default_factory=list)  #: without those that are left or verified
    verified: list[UUID] = field(default_factory=list)
    without_row: list[Run] = field(default_factory=list)
    more_without_row: int = 0  #: listed, but not looked at
    idle_tenants: list[IdleTenant] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)  #: workflow ids about which no answer could be had
    resume_after: UUID | None = None  #: where time ran out
    is_cut: bool = False  #: time ran out
    is_tripped: bool = False

    @property
    def changes(self) -> int:
        return sum(each.decision.is_change for each in self.judged)

    @property
    def found(self) -> int:
        return len(self.judged) + len(self.without_row) + self.more_without_row + len(self.idle_tenants)
