"""How old what the viewer sees is: "Live · 0.3 s ago", stale, paused or offline."""

from collections.abc import Awaitable, Callable

from nicegui import ui
from nicegui.events import GenericEventArguments


class Freshness(
    ui.element,
    component="freshness.js",
    dependencies=["console_connection.js", "console_line.js", "console_toasts.js"],
):
    """Ticks in the browser, which hears on its line when the server has looked."""

    def __init__(
        self, *, stale_after: float = 4, on_pause: Callable[[bool], Awaitable[None] | None] | None = None
    ) -> None:
        super().__init__()
        self.props["stale-after"] = stale_after
        self.props["pausable"] = False
        self._on_pause = on_pause
        if on_pause is not None:
            self.pausable(on_pause)

    def pausable(self, on_pause: Callable[[bool], Awaitable[None] | None]) -> None:
        """Let the viewer pause; `on_pause` gets True when they do and False when they go on."""
        self._on_pause = on_pause
        self.props["pausable"] = True
        self.on("pause", self._handle_pause, args=None)

    def _handle_pause(self, event: GenericEventArguments) -> Awaitable[None] | None:
        return None if self._on_pause is None else self._on_pause(event.args is True)
