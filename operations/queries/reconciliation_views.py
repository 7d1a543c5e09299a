"""Passes and findings as they are shown: plain data, frozen."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from operations.statuses import FindingKind, PassOutcome, PassTrigger


class Standing(StrEnum):
    """Whether there is something left to do about a finding."""

    OPEN = "open"
    IGNORED = "ignored"  #: it still stands, and somebody lets it
    SETTLED = "settled"


@dataclass(frozen=True, kw_only=True, slots=True)
class PassView:
    """One comparison; without an outcome while it runs."""

    id: UUID
    trigger: PassTrigger
    requested_by: str
    started_at: datetime
    finished_at: datetime | None
    outcome: PassOutcome | None
    checked: int
    described: int
    found: int  #: differences, with those that a pass before it saw first
    new: int  #: that no pass saw before it
    healed: int
    unknown: int
    error: str | None

    @property
    def seconds(self) -> float | None:
        return None if self.finished_at is None else (self.finished_at - self.started_at).total_seconds()


@dataclass(frozen=True, kw_only=True, slots=True)
class FindingView:
    """One difference between the database and Temporal."""

    id: UUID
    pass_id: UUID | None  #: which saw it first; None of one that a step found
    kind: FindingKind
    execution_id: UUID | None
    tenant_slug: str | None
    tenant_name: str | None
    workflow_id: str
    run_id: str | None
    database_said: Mapping[str, object]
    temporal_said: Mapping[str, object]
    done: str | None
    first_seen_at: datetime
    last_seen_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    ignored_at: datetime | None
    ignored_by: str | None
    reason: str | None

    @property
    def standing(self) -> Standing:
        if self.resolved_at is not None:
            return Standing.SETTLED
        return Standing.OPEN if self.ignored_at is None else Standing.IGNORED


@dataclass(frozen=True, kw_only=True, slots=True)
class PassDetail:
    """A pass with its findings."""

    reconciliation: PassView
    findings: tuple[FindingView, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class FindingFilter:
    """Which findings to list; empty fields do not narrow."""

    kinds: frozenset[FindingKind] = frozenset()
    standing: Standing | None = None
    search: str = ""
    tenant_id: UUID | None = None  #: about the tenant, or about one of its executions
    tenant_slug: str = ""  #: the same, by its slug


@dataclass(frozen=True, kw_only=True, slots=True)
class ReconcilerState:
    """How the reconciler itself is doing; times in seconds."""

    last_pass: UUID | None
    last_finished_at: datetime | None
    last_outcome: PassOutcome | None
    last_trigger: PassTrigger | None
    last_requested_by: str | None
    last_error: str | None
    silent_for: float
    is_silent: bool
    schedule_silent_for: float
    schedule_is_silent: bool
    is_running: bool
    paused_until: datetime | None
    paused_by: str | None
    pause_reason: str | None
    open_findings: int
    healed_today: int
