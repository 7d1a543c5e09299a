"""Search from everywhere: a dialog over any page that finds things, places and deeds, and leads there by keyboard."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass

from nicegui import ui
from nicegui.events import GenericEventArguments

LONGEST = 200  #: characters; what is longer is cut before anything looks at it


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One line of what can be chosen: it leads to `href`, or presses the part of the frame that `presses` selects."""

    group: str
    label: str
    second: str = ""  #: small beside it
    href: str | None = None
    presses: str | None = None  #: a selector
    icon: str | None = None
    status: str | None = None
    sign: str | None = None  #: the word of the second badge
    tone: str | None = None
    keys: str = ""


Ask = Callable[[str], Awaitable["Found"]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What a text has found; with a problem, nothing could be looked up."""

    entries: tuple[Entry, ...] = ()
    problem: str | None = None


class Questions:
    """Asks one at a time, cut to what is looked at: of those that come meanwhile, only the last is asked afterwards."""

    def __init__(self, ask: Ask, tell: Callable[[int, Found], None]) -> None:
        """`tell` gets the number of the question with its answer."""
        self._ask = ask
        self._tell = tell
        self._wanted: tuple[int, str] | None = None
        self._is_asking = False

    async def hear(self, number: int, text: str) -> None:
        self._wanted = number, text[:LONGEST]
        if self._is_asking:
            return
        self._is_asking = True
        try:
            while (wanted := self._wanted) is not None:
                self._wanted = None
                self._tell(wanted[0], await self._ask(wanted[1]))
        finally:
            self._is_asking = False


class Palette(ui.element, component="palette.js", dependencies=["console_focus.js", "console_formats.js"]):
    """The browser finds its own entries by itself; for the rest it asks, a moment after the last key."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        """`entries` are places and deeds of this viewer, whatever is looked for."""
        super().__init__()
        self.props["entries"] = [asdict(entry) for entry in entries]
        self.props["longest"] = LONGEST

    def serve(self, ask: Ask) -> None:
        """Who answers."""
        questions = Questions(ask, self._tell)

        async def hear(event: GenericEventArguments) -> None:
            number, text = event.args
            await questions.hear(int(number), str(text))

        self.on("ask", hear)

    def _tell(self, number: int, found: Found) -> None:
        if not self.is_deleted:
            self.run_method("show", number, [asdict(entry) for entry in found.entries], found.problem)
