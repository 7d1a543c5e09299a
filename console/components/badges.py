"""Badges for statuses and health: a mark and a word, never colour alone."""

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from console.components.text import attribute, tag


def status_badge(status: str) -> TextElement:
    """The status word of the engine, in its colour."""
    badge = tag("span", word(status), classes="badge")
    attribute(badge, "data-status", status)
    return badge


def health_badge(health: str) -> TextElement:
    """The second badge: slow, stuck or drift. Draw it only when there is something to say."""
    badge = tag("span", word(health), classes="badge")
    attribute(badge, "data-health", health)
    return badge


def chip(text: str, *, icon: str | None = None) -> ui.element:
    """A neutral word in a frame, such as a plan or a role."""
    with ui.element("span").classes("chip") as element:
        if icon:
            ui.icon(icon)
        tag("span", text)
    return element


class StatusBadges(ui.element):
    """Status and health of one thing, for pages where they change while being looked at."""

    def __init__(self, status: str, *, health: str | None = None) -> None:
        super().__init__("span")
        self.classes("badges")
        with self:
            self._status = status_badge(status)
            self._health = health_badge(health or "ok")
        self.show(status, health=health)

    def show(self, status: str, *, health: str | None = None) -> None:
        self._status.set_text(word(status))
        attribute(self._status, "data-status", status)
        self._health.set_text(word(health or "ok"))
        attribute(self._health, "data-health", health)
        self._health.set_visibility(health not in (None, "ok"))


def word(status: str) -> str:
    """`timed_out` → "Timed out"."""
    text = status.replace("_", " ")
    return text[:1].upper() + text[1:]
