"""The foot of a list: how much there is, back and forth, and room for an export."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from nicegui import ui

from console.components.text import attribute, tag

Handled = Awaitable[None] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """Which rows of how many are on the screen. What is `capped` is counted so far and no further."""

    preceding: int
    shown: int
    total: int
    capped: bool

    @property
    def whole(self) -> str:
        """Of how many they are a part."""
        total = max(self.total, self.preceding + self.shown)  # rows may have come between the two counts
        return f"{self.total:,}+" if self.capped else f"{total:,}"

    @property
    def is_counted(self) -> bool:
        """Whether somebody knows how many come before them."""
        return not self.capped or self.preceding <= self.total

    @property
    def text(self) -> str:
        first, last = self.preceding + 1, self.preceding + self.shown
        if not self.shown:
            return "No rows"
        if not self.is_counted:
            return f"{self.shown:,} after the first {self.total:,}"
        return f"{first:,}–{last:,} of {self.whole}"


class Pager(ui.element):
    """Pages follow each other by cursor, so they have no numbers. Draw extras with `with pager.extras:`."""

    def __init__(self, *, on_page: Callable[[str], Handled]) -> None:
        """`on_page` gets the cursor of the page asked for."""
        super().__init__("nav")
        self.classes("pager").props('aria-label="Pages"')
        self._before: str | None = None
        self._after: str | None = None
        with self:
            self.extras = ui.element("div").classes("pager-extras")
            self._range = tag("span", classes="pager-range figures")
            self._previous = self._button("chevron_left", "Previous page", lambda: self._go(on_page, self._before))
            self._next = self._button("chevron_right", "Next page", lambda: self._go(on_page, self._after))

    def show(self, shown: Range, *, before: str | None, after: str | None) -> None:
        """Say which rows are on the screen, and where back and forth lead."""
        self._before, self._after = before, after
        self._range.set_text(shown.text)
        attribute(self._previous, "disabled", before is None)
        attribute(self._next, "disabled", after is None)
        # for the trail that pages of the rows follow
        attribute(self, "data-preceding", shown.preceding if shown.is_counted else None)
        attribute(self, "data-whole", shown.whole)
        attribute(self, "data-before", before)
        attribute(self, "data-after", after)

    def _go(self, on_page: Callable[[str], Handled], cursor: str | None) -> Handled:
        return None if cursor is None else on_page(cursor)

    def _button(self, icon: str, label: str, on_click: Callable[[], Handled]) -> ui.element:
        with ui.element("button").classes("icon-button").props("type=button") as button:
            ui.icon(icon)
        attribute(button, "aria-label", label)
        attribute(button, "title", label)
        button.on("click", lambda _: on_click(), args=[])
        return button
