"""Points in time, written in the viewer's words and zone."""

from datetime import datetime

from nicegui import ui


class Moment(ui.element, component="moment.js", dependencies=["console_formats.js"]):
    """Relative and ticking ("3 min ago"), absolute on hover; with `whole`, absolute at once."""

    def __init__(self, at: datetime | None, *, whole: bool = False) -> None:
        super().__init__()
        self.props["whole"] = whole
        self.show(at)

    def show(self, at: datetime | None) -> None:
        """`at` must know its zone; None is drawn as a dash."""
        self.props["at"] = None if at is None else at.isoformat()
