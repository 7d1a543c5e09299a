"""The head of a page: title with total, subtitle, and its actions at the right."""

from types import TracebackType
from typing import Self

from nicegui import ui

from console.components.text import attribute, tag


class PageHeader:
    """Use as a context manager to draw the actions."""

    def __init__(self, title: str, *, subtitle: str = "", back: tuple[str, str] | None = None) -> None:
        """`back` is the label and path of the list this page belongs to."""
        ui.page_title(f"{title} · Tenantry")
        with ui.element("header").classes("page-header"):
            with ui.element("div").classes("page-heading"):
                if back is not None:
                    with ui.element("a").classes("page-back") as link:
                        attribute(link, "href", back[1])
                        ui.icon("arrow_back")
                        tag("span", back[0])
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

    def set_subtitle(self, text: str) -> None:
        self._subtitle.set_text(text)
        self._subtitle.set_visibility(bool(text))

    def __enter__(self) -> Self:
        self.actions.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.actions.__exit__(kind, error, trace)
