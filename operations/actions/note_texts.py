"""Notes that staff leave: plain text of up to 2,000 characters."""

from operations.actions.typed_text import can_be_seen, is_plain
from operations.errors import InvalidInput

LONGEST = 2000  # characters


def checked_note(note: str) -> str:
    """The note as it is kept; raises `InvalidInput`."""
    if len(note) > LONGEST:
        raise InvalidInput({"text": f"A note must have at most {LONGEST:,} characters; this one has {len(note):,}."})
    tidy = note.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not is_plain(tidy):
        raise InvalidInput({"text": "A note must not contain control characters."})
    if not can_be_seen(tidy):
        raise InvalidInput({"text": "A note must have at least one character that can be seen."})
    return tidy
