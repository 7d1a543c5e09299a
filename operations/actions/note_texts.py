"""Notes that staff leave: plain text of up to 2,000 characters."""

import unicodedata

from operations.actions.typed_text import can_be_seen
from operations.errors import InvalidInput

LONGEST = 2000  # characters


def checked_note(note: str) -> str:
    """The note as it is kept; raises `InvalidInput`."""
    if len(note) > LONGEST:
        raise InvalidInput({"text": f"A note must have at most {LONGEST:,} characters; this one has {len(note):,}."})
    tidy = note.replace("\r\n", "\n").replace("\r", "\n").strip()
    if any(unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t" for character in tidy):
        raise InvalidInput({"text": "A note must not contain control characters."})
    if not can_be_seen(tidy):
        raise InvalidInput({"text": "A note must have at least one character that can be seen."})
    return tidy
