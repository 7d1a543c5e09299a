"""One after the other, each in the place of the one before: the attempts of a run, with how each ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nicegui import ui

from console.components.badges import status_badge
from console.components.moments import Moment
from console.components.text import attribute, tag


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """One of them; without `href` it is the one that is looked at."""

    title: str
    status: str
    at: datetime
    href: str | None = None


def chain(links: Sequence[Link], *, label: str) -> ui.element:
    """The first begins."""
    with ui.element("ol").classes("chain") as element:
        attribute(element, "aria-label", label)
        for link in links:
            with tag("li"):
                entry = ui.element("a" if link.href else "span").classes("chain-link")
                attribute(entry, "href", link.href)
                attribute(entry, "aria-current", None if link.href else "true")
                with entry:
                    tag("b", link.title)
                    status_badge(link.status)
                    Moment(link.at)
    return element
