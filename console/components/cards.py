"""Cards: numbers at a glance, sections, key-value lists, empty states."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from nicegui import ui

from console.components.moments import Moment
from console.components.table_data import EMPTY_ICONS, Empty
from console.components.text import attribute, tag

Trend = Literal["good", "bad", "neutral"]


class Kpi(ui.element):
    """A label, a number, and how it has changed; a link when there is something to look into."""

    def __init__(self, label: str, value: str = "–", *, href: str | None = None) -> None:
        super().__init__("a" if href else "div")
        self.classes("kpi")
        attribute(self, "href", href)
        with self:
            tag("span", label, classes="kpi-label")
            self._value = tag("span", value, classes="kpi-value figures")
            self._delta = tag("span", classes="kpi-delta figures")

    def show(self, value: str, *, delta: str = "", trend: Trend = "neutral") -> None:
        """`delta` says against what, such as "+12 vs. yesterday"; `trend` says whether that is good."""
        self._value.set_text(value)
        self._delta.set_text(delta)
        attribute(self._delta, "data-trend", trend)


@contextmanager
def kpis() -> Iterator[None]:
    """A row of tiles that wraps."""
    with ui.element("div").classes("kpis"):
        yield


class Section(ui.element):
    """A titled card; use it as a context manager for its content, `heading` and `actions` for what stands above it."""

    def __init__(self, title: str, *, subtitle: str = "", flush: bool = False) -> None:
        """`flush` content touches the edges, as a table does."""
        super().__init__("section")
        self.classes("card")
        attribute(self, "aria-labelledby", f"section-{self.id}")
        attribute(self, "data-flush", flush)
        with self, ui.element("div").classes("card-head"):
            self.heading = ui.element("div").classes("card-heading")
            with self.heading:
                attribute(tag("h2", title), "id", f"section-{self.id}")
                if subtitle:
                    tag("p", subtitle)
            self.actions = ui.element("div").classes("card-actions")


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One line of a key-value list. A moment is drawn in the viewer's words and zone."""

    label: str
    value: str | datetime | None
    href: str | None = None
    mono: bool = False  #: an id or the like: without a link, a click copies it
    is_due: bool = False  #: a moment at which somebody has to take something up


class CopiedText(ui.element, component="copied_text.js", dependencies=["console_toasts.js"]):
    """An id that a click copies; `label` says which one, as in “Run id copied”."""

    def __init__(self, text: str, *, label: str) -> None:
        super().__init__()
        self.props["text"] = text
        self.props["label"] = label


class CopyButton(ui.element, component="copy_button.js", dependencies=["console_toasts.js"]):
    """Copies a text that ends with the address of `path`; `label` says what was copied, as in “Brief copied”."""

    def __init__(self, word: str, *, label: str) -> None:
        super().__init__()
        self.props["word"] = word
        self.props["label"] = label

    def show(self, text: str, path: str) -> None:
        self.props["text"] = text
        self.props["path"] = path


def facts(items: Sequence[Fact]) -> ui.element:
    """A list of labels and values; what is None is drawn as a dash."""
    with ui.element("dl").classes("facts") as element:
        for item in items:
            with ui.element("div"):
                tag("dt", item.label)
                with ui.element("dd"):
                    _fact_value(item)
    return element


def _fact_value(item: Fact) -> None:
    if isinstance(item.value, datetime):
        Moment(item.value, form="due" if item.is_due else None)
        return
    if item.mono and item.value and not item.href:
        CopiedText(item.value, label=item.label)
        return
    element = tag("a" if item.href else "span", item.value or "–", classes="mono" if item.mono else "")
    attribute(element, "href", item.href)


def empty_state(empty: Empty, *, heading: Literal["h1", "h3"] = "h3") -> ui.element:
    """Why there is nothing here, and what to do."""
    with ui.element("div").classes("empty") as element:
        attribute(element, "data-kind", empty.kind.value)
        ui.icon(EMPTY_ICONS[empty.kind])
        tag(heading, empty.title)
        if empty.text:
            tag("p", empty.text)
        if empty.action and empty.href:
            attribute(tag("a", empty.action, classes="button"), "href", empty.href)
    return element


def whole_page(empty: Empty) -> ui.element:
    """Why there is no page here, in its place: with a title and a heading of its own."""
    ui.page_title(f"{empty.title} · Tenantry")
    return empty_state(empty, heading="h1")
