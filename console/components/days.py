"""A span of days in the zone of the viewer's browser, which alone knows when a day begins there."""

from collections.abc import Callable

from nicegui import ui
from nicegui.events import GenericEventArguments

from console.components.remounts import Handled


class Days(ui.element, component="days.js"):
    """Moments come and go in RFC 3339 UTC: when the first day begins, and when the last one is over."""

    def __init__(
        self,
        *,
        label: str,
        first: str | None = None,
        end: str | None = None,
        on_change: Callable[[str | None, str | None], Handled],
    ) -> None:
        super().__init__()
        self.props["label"] = label
        self.props["first"] = first
        self.props["end"] = end
        self._on_change = on_change
        self.on("change", self._handle_change)

    def empty(self) -> None:
        """Choose no day without telling anybody."""
        self._remember(None, None)
        self.run_method("show", None, None)

    def _handle_change(self, event: GenericEventArguments) -> Handled:
        first, end = (None if moment is None else str(moment) for moment in event.args)
        self._remember(first, end)
        return self._on_change(first, end)

    def _remember(self, first: str | None, end: str | None) -> None:
        """Keep the days for a later rebuild by the browser, which knows them already."""
        with self.props.suspend_updates():
            self.props["first"], self.props["end"] = first, end
