"""Reasons that staff give: 3 to 500 characters, kept in the audit log and in Temporal's history."""

from operations.actions.typed_text import can_be_seen, is_plain
from operations.errors import InvalidInput

SHORTEST, LONGEST = 3, 500  # characters


def checked_reason(reason: str) -> str:
    """The reason as it is kept; raises `InvalidInput`."""
    tidy = reason.strip()
    if not SHORTEST <= len(tidy) <= LONGEST:
        raise InvalidInput({"reason": f"The reason must have {SHORTEST} to {LONGEST} characters."})
    if not is_plain(tidy):
        raise InvalidInput({"reason": "The reason must not contain control characters."})
    if not can_be_seen(tidy):
        raise InvalidInput({"reason": "The reason must have at least one character that can be seen."})
    return tidy
