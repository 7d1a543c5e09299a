"""Points in time, written in the viewer's words and zone."""

from datetime import datetime
from typing import Literal

from nicegui import ui


class Sentence(ui.element, component="sentence.js", dependencies=["console_formats.js"]):
    """Words in which `phrases.said` names moments; each is drawn in the viewer's zone: "5 Dec 00:19"."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.show(text)

    def show(self, text: str) -> None:
        """Plain text; the browser escapes it."""
        self.props["text"] = text


class Moment(
    ui.element, component="moment.js", dependencies=["console_clock.js", "console_formats.js", "console_line.js"]
):
    """Relative and ticking ("3 min ago"), absolute on hover; with `whole`, absolute at once.

    Within a sentence, `form` says what stands before it: an age after `since` ("3 min"), a countdown after `until`
    ("in 30 s", and "now" from then on), and after `due` what somebody has to take up ("was due 30 s ago; nobody took
    it").
    """

    def __init__(
        self, at: datetime | None, *, whole: bool = False, form: Literal["since", "until", "due"] | None = None
    ) -> None:
        super().__init__()
        self.props["whole"] = whole
        self.props["form"] = form
        self.show(at)

    def show(self, at: datetime | None) -> None:
        """`at` must know its zone; None is drawn as a dash."""
        self.props["at"] = None if at is None else at.isoformat()
