"""Strips over the content that say which source cannot be trusted, since when, and what still works."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from nicegui import ui

from console.components.moments import Moment
from console.components.text import attribute, tag


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


class Banners(ui.element):
    """Takes no room until something is shown."""

    def __init__(self) -> None:
        super().__init__("div")
        self.classes("banners")

    def show(self, notices: Sequence[Notice]) -> None:
        """These, in place of what was said before."""
        self.clear()
        with self:
            for notice in notices:
                _strip(notice)


def _strip(notice: Notice) -> None:
    with ui.element("div").classes("banner") as strip:
        attribute(strip, "role", "alert" if notice.kind is Kind.ERROR else "status")
        attribute(strip, "data-kind", notice.kind.value)
        attribute(strip, "data-name", notice.name)
        ui.icon(ICONS[notice.kind])
        with ui.element("div"):
            with tag("p", classes="banner-title"):
                tag("b", f"{notice.title} {notice.since_word} ")
                Moment(notice.since, whole=True)
                tag("span", " (")
                Moment(notice.since)
                tag("span", ")")
            with tag("p", classes="banner-parts"):
                for word, text in notice.parts:
                    with tag("span"):
                        tag("b", f"{word}: ")
                        tag("span", f"{text} ")
