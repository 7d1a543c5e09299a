"""Triage as it is shown: plain data, frozen."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class TriageView:
    """What people have said of trouble, as far as it holds."""

    acknowledged_by: str | None
    acknowledged_at: datetime | None
    snoozed_by: str | None
    snoozed_until: datetime | None  #: or until the cause is another one
    assignee: str | None  #: the e-mail of whoever sees to it


@dataclass(frozen=True, kw_only=True, slots=True)
class NoteView:
    """A note, in plain text."""

    id: UUID
    author: str
    body: str
    created_at: datetime
    execution_id: UUID | None  #: None: about a group
    attempt: int | None  #: of that execution
    of_group: bool
