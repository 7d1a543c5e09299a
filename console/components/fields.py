"""Form fields with a label above, a hint below, and errors at the field."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement
from nicegui.events import ValueChangeEventArguments

from console.components.choices import tell_options
from console.components.text import attribute, tag

InputType = Literal["text", "email", "password", "search", "url"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a live check found: a problem, or a note such as "acme is free"."""

    problem: str | None = None
    note: str = ""


Check = Callable[[str], Awaitable[Verdict]]


class TextField(ui.element):
    """One line of text; `check` is asked a moment after the last key."""

    def __init__(
        self,
        label: str,
        *,
        value: str = "",
        hint: str = "",
        placeholder: str = "",
        kind: InputType = "text",
        required: bool = False,
        max_length: int = 200,
        autocomplete: str = "off",
        mono: bool = False,
        check: Check | None = None,
        on_change: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__("div")
        self.classes("field")
        self._hint_text = hint
        self._check = check
        self._on_change = on_change
        with self:
            _label(label, self.id, required=required)
            self.input = ui.input(value=value, placeholder=placeholder, on_change=self._handle_change)
            self.input.props["debounce"] = 250
            self.input.props["type"] = kind
            self.input.props["maxlength"] = max_length
            self.input.props["autocomplete"] = autocomplete
            if mono:
                self.input.props["input-class"] = "mono"
            self._bottom = tag("p", hint, classes="field-hint")
        _describe(self.input, self._bottom, self.id, required=required)
        self._bottom.set_visibility(bool(hint))

    @property
    def value(self) -> str:
        return self.input.value or ""

    def set_error(self, problem: str | None, *, note: str = "") -> None:
        """Show what is wrong; None takes it away and shows `note` or the hint again."""
        _show_error(self.input, self._bottom, problem, otherwise=note or self._hint_text)
        attribute(self._bottom, "data-good", bool(note) and problem is None)

    async def _handle_change(self, event: ValueChangeEventArguments[str | None]) -> None:
        value = event.value or ""
        if self._on_change is not None:
            self._on_change(value)
        if self._check is None:
            self.set_error(None)
            return
        verdict = await self._check(value)
        if value == self.value:  # an answer about what is no longer there would mislead
            self.set_error(verdict.problem, note=verdict.note)


class SelectField(ui.element):
    """One of a few; `options` maps values to words."""

    def __init__(
        self,
        label: str,
        *,
        options: Mapping[str, str],
        value: str | None = None,
        hint: str = "",
        required: bool = False,
        on_change: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__("div")
        self.classes("field")
        self._hint_text = hint
        with self:
            _label(label, self.id, required=required)
            self.input = ui.select(
                dict(options),
                value=value,
                on_change=lambda event: on_change(event.value or "") if on_change is not None else None,
            )
            tell_options(self.input)
            self._bottom = tag("p", hint, classes="field-hint")
        # Quasar puts attributes of a select on an element without a role, which cannot be required.
        _describe(self.input, self._bottom, self.id, required=False)
        self._bottom.set_visibility(bool(hint))

    @property
    def value(self) -> str | None:
        value: object = self.input.value
        return value if isinstance(value, str) else None

    def set_error(self, problem: str | None) -> None:
        _show_error(self.input, self._bottom, problem, otherwise=self._hint_text)


def _label(text: str, field_id: int, *, required: bool) -> None:
    label = tag("label", text, classes="field-label")
    attribute(label, "for", f"field-{field_id}")
    attribute(label, "data-optional", not required)


def _describe(control: ui.element, bottom: ui.element, field_id: int, *, required: bool) -> None:
    attribute(control, "for", f"field-{field_id}")
    attribute(control, "aria-describedby", f"field-{field_id}-bottom")
    attribute(control, "aria-required", "true" if required else None)
    attribute(bottom, "id", f"field-{field_id}-bottom")
    attribute(bottom, "role", "status")


def _show_error(control: ui.element, bottom: TextElement, problem: str | None, *, otherwise: str) -> None:
    text = problem or otherwise
    attribute(control, "error", problem is not None)
    attribute(control, "aria-invalid", "true" if problem else None)
    attribute(bottom, "data-problem", problem is not None)
    bottom.set_visibility(bool(text))
    bottom.set_text(text)
