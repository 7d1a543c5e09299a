"""A bar that says how far something is that is done to many: what went well, failed, was skipped, is on its way."""

from collections.abc import Sequence
from dataclasses import dataclass

from nicegui import ui

from console.components.text import attribute, tag

LEFT = "left"


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """So many of them; `name` gives it a colour, `word` is read beside it. The part `left` is the bar's empty end."""

    name: str
    word: str
    number: int


class Progress(ui.element):
    """All numbers are written below it, and said with the bar: nobody needs the colours."""

    def __init__(self, label: str) -> None:
        super().__init__("div")
        self.classes("progress")
        self._shown: object = None
        with self:
            with ui.element("div").classes("progress-bar").props("role=progressbar aria-valuemin=0") as self._bar:
                attribute(self._bar, "aria-label", label)
            self._legend = ui.element("p").classes("progress-legend figures")

    def show(self, parts: Sequence[Part], *, done: int, total: int, more: str = "") -> None:
        """`done` of all have had their turn; `more` is said after the numbers, such as how fast it goes."""
        shown = (tuple(parts), done, total, more)
        if shown == self._shown:
            return
        self._shown = shown
        attribute(self._bar, "aria-valuemax", max(total, 1))
        attribute(self._bar, "aria-valuenow", done)
        numbers = ", ".join(f"{part.number:,} {part.word}" for part in parts)
        attribute(self._bar, "aria-valuetext", f"{done:,} of {total:,} had their turn: {numbers}")
        self._bar.clear()
        with self._bar:
            for part in parts:
                if part.number and part.name != LEFT:
                    drawn = ui.element("span").style(f"width: {100 * part.number / max(total, 1):.3f}%")
                    attribute(drawn, "data-part", part.name)
        self._legend.clear()
        with self._legend:
            for part in parts:
                with tag("span") as said:
                    attribute(said, "data-part", part.name)
                    tag("b", f"{part.number:,}")
                    tag("span", f" {part.word}")
            if more:
                tag("span", more)
