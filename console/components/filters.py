"""The bar over a list: search, choices, clear; and the bar that replaces it while rows are selected."""

from collections.abc import Awaitable, Callable, Mapping

from nicegui import ui
from nicegui.events import ValueChangeEventArguments

from console.components.choices import tell_options
from console.components.days import Days
from console.components.tables import LiveTable
from console.components.text import attribute, tag

Handled = Awaitable[None] | None


class FilterBar(ui.element):
    """Add a search and choices to it. Each tells its page what was chosen; the page keeps it in the URL."""

    def __init__(self, *, on_clear: Callable[[], Handled]) -> None:
        super().__init__("div")
        self.classes("filters").props("role=search")
        with self:
            self._places = ui.element("div").classes("filter-places")
            self._clear = ui.element("button").classes("button filter-clear").props("type=button")
            with self._clear:
                ui.icon("filter_alt_off")
                tag("span", "Clear filters")
        self._clear.on("click", lambda _: on_clear(), args=[])
        self._clear.set_visibility(False)

    def search(self, *, label: str, value: str = "", on_change: Callable[[str], Handled]) -> ui.input:
        """It speaks 250 ms after the last key."""
        with self._places:
            field = ui.input(placeholder=label, value=value, on_change=lambda event: on_change(event.value or ""))
        field.classes("filter-search").props("debounce=250 clearable type=search autocomplete=off")
        attribute(field, "aria-label", label)
        with field.add_slot("prepend"):
            ui.icon("search")
        return field

    def choice(
        self,
        *,
        label: str,
        options: Mapping[str, str],
        value: str | None = None,
        on_change: Callable[[str | None], Handled],
    ) -> ui.select:
        """One of a few or none; without a choice the label stands in the field."""

        def tell(event: ValueChangeEventArguments[str | None]) -> Handled:
            return on_change(event.value)

        with self._places:
            field = ui.select(dict(options), value=value, label=label, clearable=True, on_change=tell)
        field.classes("filter-choice")
        attribute(field, "aria-label", label)
        tell_options(field)
        return field

    def days(
        self,
        *,
        label: str,
        first: str | None = None,
        end: str | None = None,
        on_change: Callable[[str | None, str | None], Handled],
    ) -> Days:
        """From one day to another, both included, as the viewer's zone has them."""
        with self._places:
            return Days(label=label, first=first, end=end, on_change=on_change)

    def show_clear(self, is_filtered: bool) -> None:
        """Offer to clear the filters when there are any."""
        self._clear.set_visibility(is_filtered)


class SelectionBar(ui.element):
    """Use as a context manager to draw the bulk actions. It takes the place of `instead` while rows are selected."""

    def __init__(self, *, instead: ui.element) -> None:
        """Both stand in one place: no row below moves when one takes the place of the other."""
        super().__init__("div")
        self.classes("selection").props('role=toolbar aria-label="Selected rows"')
        self._instead = instead
        with self:
            with ui.element("div").classes("selection-said"):
                self._count = tag("span", classes="selection-count figures").props("role=status")
                self.extras = ui.element("div").classes("selection-extras")
            self._drop = tag("button", "Clear selection", classes="button selection-drop").props("type=button")
        self.show(0)

    def serve(self, table: LiveTable) -> None:
        """Whose selection to drop; the table is drawn after the bar."""
        self._drop.on("click", lambda _: table.clear_selection(), args=[])

    def show(self, count: int, text: str | None = None) -> None:
        """`text` says more than the number."""
        self._count.set_text(text or f"{count:,} selected")
        self.set_visibility(count > 0)
        if count > 0:
            self._instead.classes(add="replaced")
        else:
            self._instead.classes(remove="replaced")
