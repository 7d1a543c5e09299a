"""The keys of the console: one list, for the dialog behind `?` and for the page Help."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nicegui import ui

from console.components.text import attribute, tag


@dataclass(frozen=True, kw_only=True, slots=True)
class Shortcut:
    """Keys one after the other, what they do, and a selector of what must be on the page for them to do it."""

    keys: str
    meaning: str
    needs: str | None = None


KEYS = (
    Shortcut(keys="/", meaning="Search tenants, runs, places and actions; so does Ctrl-K"),
    Shortcut(keys="j  k", meaning="Next row, previous row", needs="[data-keyboard] tr[data-id]"),
    Shortcut(
        keys="x", meaning="Select the row; with Shift a range", needs="[data-keyboard][data-selectable] tr[data-id]"
    ),
    Shortcut(keys="a", meaning="Select all rows on this page", needs="[data-keyboard][data-selectable] tr[data-id]"),
    Shortcut(keys="m", meaning="Go to what can be done to the selection", needs="[data-keyboard][data-selecting]"),
    Shortcut(keys="Enter", meaning="Open the row", needs="[data-keyboard] tr[data-id]"),
    Shortcut(keys="Esc", meaning="Clear the selection", needs="[data-keyboard][data-selectable] tr[data-id]"),
    Shortcut(keys="[  ]", meaning="Previous row of the list, next row", needs="[data-step]"),
    Shortcut(keys="Esc", meaning="Close a dialog or a menu"),
    Shortcut(keys="?", meaning="The keys of this page"),
)


def with_places(places: Iterable[tuple[str, str]]) -> tuple[Shortcut, ...]:
    """All keys, and those that lead to places: each has a letter and a name."""
    return (*KEYS, *(Shortcut(keys=f"g  {key}", meaning=label) for key, label in places))


def key_list(shortcuts: Sequence[Shortcut]) -> None:
    """Keys and what they do; lines say what they need, for whoever hides those that do nothing here."""
    with ui.element("dl").classes("keys"):
        for shortcut in shortcuts:
            with ui.element("div") as line:
                attribute(line, "data-needs", shortcut.needs)
                with ui.element("dt"):
                    for key in shortcut.keys.split():
                        tag("kbd", key)
                tag("dd", shortcut.meaning)
