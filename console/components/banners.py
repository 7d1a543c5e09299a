"""Draws banners, strips over the content, from notices; what they say is in `pages/outage_words.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from nicegui import ui


class Kind(StrEnum):
    """How much it matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


ICONS = {Kind.INFO: "info", Kind.WARNING: "warning", Kind.ERROR: "error"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """One strip; `name` tells it from others."""

    name: str
    title: str
    since: datetime
    parts: tuple[tuple[str, str], ...]  #: what it means, each with the word that stands before it
    kind: Kind = Kind.WARNING
    since_word: str = "since"


class Banners(ui.element, component="banners.js", dependencies=["moment.js", "console_clock.js", "console_formats.js"]):
    """Takes no room until something is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.show(())

    def show(self, notices: Sequence[Notice]) -> None:
        """These, in place of what was said before; the browser escapes their texts."""
        self.props["notices"] = [_drawn(notice) for notice in notices]


def _drawn(notice: Notice) -> dict[str, object]:
    return {
        "name": notice.name,
        "kind": notice.kind.value,
        "icon": ICONS[notice.kind],
        "title": notice.title,
        "since_word": notice.since_word,
        "since": notice.since.isoformat(),
        "parts": notice.parts,
    }
