"""Badges: a mark and a word, never colour alone. The engine's status, and beside it how a run really is doing."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from console.components.moments import Moment, Sentence
from console.components.text import attribute, tag


class Tone(StrEnum):
    """The colour of the second badge, of the notice that explains it and of the row's edge."""

    STUCK = "stuck"  #: red: it makes no progress, and should
    DRIFT = "drift"  #: the database and Temporal disagree
    RETRYING = "retrying"  #: amber: it goes on, with difficulty
    WAITING = "waiting"  #: violet: somebody has to decide or to answer
    PLANNED = "planned"  #: grey: it is not due yet
    UNKNOWN = "unknown"  #: grey: nobody can tell


@dataclass(frozen=True, kw_only=True, slots=True)
class Sign:
    """What the second badge says; an age that ticks stands after the word when it has a `since`."""

    tone: Tone
    word: str
    since: datetime | None = None


def status_badge(status: str) -> TextElement:
    """The status word of the engine, in its colour."""
    badge = tag("span", word(status), classes="badge")
    attribute(badge, "data-status", status)
    return badge


def chip(text: str, *, icon: str | None = None) -> ui.element:
    """A neutral word in a frame, such as a plan or a role."""
    with ui.element("span").classes("chip") as element:
        if icon:
            ui.icon(icon)
        tag("span", text)
    return element


class SignBadge(ui.element):
    """The second badge; it takes no room while there is nothing to say."""

    def __init__(self, sign: Sign | None = None) -> None:
        super().__init__("span")
        self.classes("badge")
        with self:
            self._word = Sentence()
            self._since = Moment(None, form="since")
        self.show(sign)

    def show(self, sign: Sign | None) -> None:
        self.set_visibility(sign is not None)
        attribute(self, "data-tone", None if sign is None else sign.tone.value)
        since = None if sign is None else sign.since
        self._word.show("" if sign is None else sign.word if since is None else f"{sign.word} ")
        self._since.show(since)
        self._since.set_visibility(since is not None)


class StatusBadges(ui.element):
    """Both badges of one thing, for pages where they change while being looked at."""

    def __init__(self, status: str, *, sign: Sign | None = None) -> None:
        super().__init__("span")
        self.classes("badges")
        with self:
            self._status = status_badge(status)
            self._sign = SignBadge(sign)

    def show(self, status: str, *, sign: Sign | None = None) -> None:
        self._status.set_text(word(status))
        attribute(self._status, "data-status", status)
        self._sign.show(sign)


def word(status: str) -> str:
    """`timed_out` → "Timed out"."""
    text = status.replace("_", " ")
    return text[:1].upper() + text[1:]
