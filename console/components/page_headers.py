"""The head of a page: title with total, subtitle, and its actions at the right."""

from types import TracebackType
from typing import Self

from nicegui import ui

from console.components.text import tag


class ListTrail(ui.element, component="list_trail.js", dependencies=["console_formats.js", "console_trail.js"]):
    """The way back to a list with its filters, and to the neighbours of the row at `here` among those last seen in it.

    The browser knows both: the table of the list leaves a trail when one of its rows is opened.
    """

    def __init__(self, label: str, path: str, *, here: str | None) -> None:
        super().__init__()
        self.props["label"] = label
        self.props["path"] = path
        self.props["here"] = here


class PageHeader:
    """Use as a context manager to draw the actions."""

    def __init__(
        self, title: str, *, subtitle: str = "", back: tuple[str, str] | None = None, here: str | None = None
    ) -> None:
        """`back` is the label and path of the list this page belongs to; `here` is where its row in that list leads."""
        ui.page_title(f"{title} · Tenantry")
        with ui.element("header").classes("page-header"):
            with ui.element("div").classes("page-heading"):
                if back is not None:
                    ListTrail(*back, here=here)
                with ui.element("div").classes("page-title"):
                    tag("h1", title)
                    self._total = tag("span", classes="page-total")
                    self.badges = ui.element("div").classes("page-badges")
                self._subtitle = tag("p", subtitle, classes="page-subtitle")
            self.actions = ui.element("div").classes("page-actions")
        self._total.set_visibility(False)
        self._subtitle.set_visibility(bool(subtitle))

    def set_total(self, total: int | None, *, capped: bool = False) -> None:
        """Show how many there are beside the title, or with `capped` that there are more; None hides it."""
        self._total.set_text("" if total is None else f"{total:,}{'+' if capped else ''}")
        self._total.set_visibility(total is not None)

    def __enter__(self) -> Self:
        self.actions.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.actions.__exit__(kind, error, trace)
