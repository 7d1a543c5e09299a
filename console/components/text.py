"""One HTML element holding plain text, for headings and the like that NiceGUI has no word for."""

from typing import Literal, Self

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from operations.actions.typed_text import in_order

Tag = Literal[
    "a",
    "b",
    "button",
    "code",
    "dd",
    "details",
    "dt",
    "h1",
    "h2",
    "h3",
    "kbd",
    "label",
    "li",
    "p",
    "span",
    "summary",
    "time",
]


class Plain(TextElement):
    """Whatever it is given, also later: nothing of it is markup, and nothing turns its direction."""

    def __init__(self, name: Tag, text: str) -> None:
        super().__init__(tag=name, text=in_order(text))

    def set_text(self, text: str) -> Self:
        return super().set_text(in_order(text))


def tag(name: Tag, text: str = "", *, classes: str = "") -> Plain:
    """The text is escaped by the browser; `classes` must be a constant."""
    element = Plain(name, text)
    if classes:
        element.classes(classes)
    return element


def attribute(element: ui.element, name: str, value: str | bool | int | None) -> None:
    """Set an HTML attribute from data; None takes it away. Safe where a `.props()` string would not be."""
    if value is None or value is False:
        element.props.pop(name, None)
    elif element.props.get(name) != value:  # setting it again would send the whole element again
        element.props[name] = value
