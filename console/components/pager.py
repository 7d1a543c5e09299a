"""The foot of a list: which part is shown, back and forth, and room for an export."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from console.components.text import attribute, tag


class Pager(ui.element):
    """Draw an export link or the like with `with pager.extras:`."""

    def __init__(self, *, on_page: Callable[[int], Awaitable[None] | None], page: int = 1, per_page: int = 50) -> None:
        """`on_page` gets the number of the page asked for; the first is 1."""
        super().__init__("nav")
        self.classes("pager").props('aria-label="Pages"')
        self._page = page
        self._per_page = per_page
        with self:
            self.extras = ui.element("div").classes("pager-extras")
            self._range = tag("span", classes="pager-range figures")
            self._previous = self._button("chevron_left", "Previous page", lambda: on_page(self._page - 1))
            self._next = self._button("chevron_right", "Next page", lambda: on_page(self._page + 1))

    def show(self, *, page: int, total: int) -> None:
        """Say which rows are on the screen."""
        self._page = page
        first = (page - 1) * self._per_page + 1
        last = min(page * self._per_page, total)
        self._range.set_text(f"{first:,}–{last:,} of {total:,}" if total else "No rows")
        attribute(self._previous, "disabled", page <= 1)
        attribute(self._next, "disabled", last >= total)

    def _button(self, icon: str, label: str, on_click: Callable[[], Awaitable[None] | None]) -> ui.element:
        with ui.element("button").classes("icon-button").props("type=button") as button:
            ui.icon(icon)
        attribute(button, "aria-label", label)
        attribute(button, "title", label)
        button.on("click", lambda _: on_click(), args=[])
        return button
