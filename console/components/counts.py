"""Clickable counts over a list: how many there are of each, and a filter at the same time."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from console.components.text import attribute, tag


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """One of the words that can be chosen; `status` or `health` gives it its mark."""

    value: str
    label: str
    status: str | None = None
    health: str | None = None


class Counts(ui.element):
    """One may be chosen at a time; choosing it again drops it."""

    def __init__(
        self,
        counts: Sequence[Count],
        *,
        label: str,
        chosen: str | None = None,
        on_choose: Callable[[str | None], Awaitable[None] | None],
    ) -> None:
        super().__init__("div")
        self.classes("counts").props("role=group")
        attribute(self, "aria-label", label)
        self._chosen = chosen
        self._on_choose = on_choose
        self._buttons: dict[str, ui.element] = {}
        self._numbers: dict[str, TextElement] = {}
        with self:
            for count in counts:
                self._draw(count)
        self.choose(chosen)

    def show(self, numbers: Mapping[str, int]) -> None:
        """Write down how many there are; what is missing is zero."""
        for value, number in self._numbers.items():
            number.set_text(f"{numbers.get(value, 0):,}")
            attribute(self._buttons[value], "data-none", not numbers.get(value))

    def choose(self, value: str | None) -> None:
        """Mark one as chosen without telling anybody."""
        self._chosen = value
        for each, button in self._buttons.items():
            attribute(button, "aria-pressed", "true" if each == value else "false")

    def _draw(self, count: Count) -> None:
        with ui.element("button").classes("count").props("type=button") as button:
            if count.status or count.health:
                mark = tag("span", classes="badge mark").props("aria-hidden=true")
                attribute(mark, "data-status", count.status)
                attribute(mark, "data-health", count.health)
            tag("span", count.label)
            self._numbers[count.value] = tag("span", "–", classes="count-number figures")
        self._buttons[count.value] = button
        button.on("click", lambda _: self._handle_click(count.value), args=[])

    def _handle_click(self, value: str) -> Awaitable[None] | None:
        self.choose(None if value == self._chosen else value)
        return self._on_choose(self._chosen)
