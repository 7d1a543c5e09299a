"""One strip over the content that says which source cannot be trusted, since when, and what still works."""

from enum import StrEnum

from nicegui import ui

from console.components.text import attribute, tag


class Kind(StrEnum):
    """How much it matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


ICONS = {Kind.INFO: "info", Kind.WARNING: "warning", Kind.ERROR: "error"}


class Banner(ui.element):
    """Takes no room until something is shown."""

    def __init__(self) -> None:
        super().__init__("div")
        self.classes("banner").props("role=status")
        with self:
            self._icon = ui.icon(ICONS[Kind.INFO])
            self._message = tag("span")
        self.set_visibility(False)

    def show(self, text: str, kind: Kind = Kind.WARNING) -> None:
        """Say it, in place of what was said before."""
        self._icon.set_name(ICONS[kind])
        self._message.set_text(text)
        attribute(self, "data-kind", kind.value)
        attribute(self, "role", "alert" if kind is Kind.ERROR else "status")
        self.set_visibility(True)

    def hide(self) -> None:
        self.set_visibility(False)
