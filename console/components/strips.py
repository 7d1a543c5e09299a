"""A strip of marks, one for each time that something was done: how it has gone lately, at a glance."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from nicegui import ui


class Tone(StrEnum):
    """How it went. Marks differ in colour and in height, so that nobody needs the colour."""

    FINE = "fine"
    CHANGED = "changed"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """One time; `text` is all there is to tell of it."""

    id: str
    at: datetime
    tone: Tone
    text: str


class Strip(
    ui.element, component="strip.js", dependencies=["console_clock.js", "console_formats.js", "console_line.js"]
):
    """Marks tell on pointing, pressing and by arrow keys; how many there are of each kind is written beside them."""

    def __init__(self, *, label: str, words: Sequence[tuple[Tone, str]], nothing: str) -> None:
        """`words` say what the tones mean; `nothing` is said while there are no marks."""
        super().__init__()
        self.props["label"] = label
        self.props["words"] = [{"tone": tone.value, "word": word} for tone, word in words]
        self.props["nothing"] = nothing
        self.props["marks"] = []

    def show(self, marks: Sequence[Mark]) -> None:
        """These, oldest first, in place of those before."""
        self.props["marks"] = [{**asdict(mark), "at": mark.at.isoformat()} for mark in marks]
