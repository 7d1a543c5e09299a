"""How lists, boards and pages say what people have said of trouble."""

from operations.phrases import said, who
from operations.queries.triage_views import TriageView


def short(triage: TriageView | None) -> str | None:
    """In a row: what counts most."""
    if triage is None:
        return None
    if triage.snoozed_until is not None:
        return f"Snoozed until {said(triage.snoozed_until)}"
    return "Acknowledged" if triage.acknowledged_by else None


def people(triage: TriageView | None) -> str | None:
    """In a row, below: who sees to it, or else who said so."""
    if triage is None:
        return None
    if triage.assignee is not None:
        return f"for {triage.assignee}"
    by = triage.snoozed_by or triage.acknowledged_by
    return None if by is None else f"by {who(by)}"


def sentence(triage: TriageView | None) -> str:
    """All of it."""
    if triage is None:
        return ""
    parts = []
    if triage.acknowledged_by is not None and triage.acknowledged_at is not None:
        parts.append(f"Acknowledged by {who(triage.acknowledged_by)} on {said(triage.acknowledged_at)}.")
    if triage.assignee is not None:
        parts.append(f"Assigned to {triage.assignee}.")
    if triage.snoozed_until is not None and triage.snoozed_by is not None:
        until = said(triage.snoozed_until)
        parts.append(f"Snoozed by {who(triage.snoozed_by)} until {until}, or until its cause changes.")
    return " ".join(parts)
