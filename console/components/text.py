"""One HTML element holding plain text, for headings and the like that NiceGUI has no word for."""

from typing import Literal

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


def tag(name: Tag, text: str = "", *, classes: str = "") -> TextElement:
    """The text is escaped by the browser; `classes` must be a constant."""
    element = TextElement(tag=name, text=in_order(text))
    if classes:
        element.classes(classes)
    return element


def attribute(element: ui.element, name: str, value: str | bool | int | None) -> None:
    """Set an HTML attribute from data; None takes it away. Safe where a `.props()` string would not be."""
    if value is None or value is False:
        element.props.pop(name, None)
    elif element.props.get(name) != value:  # setting it again would send the whole element again
        element.props[name] = value
