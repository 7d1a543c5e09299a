"""The number beside a place in the drawer: how much waits there."""

from collections.abc import Callable, Mapping

from nicegui import ui

from console.components.remounts import Handled
from console.lines import Edition


class Tally(ui.element, component="tally.js", dependencies=["console_line.js"]):
    """Nothing while it is zero. What changes comes to the browser by the tab's line, as all numbers by name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.props["name"] = name

    def serve(self, on_behind: Callable[[], Handled], *, cap: int) -> None:
        """A number above `cap` is shown as so many and more.

        `on_behind` has to `show` the numbers, at first and whenever some were missed.
        """
        self.props["cap"] = cap
        for sign in ("mounted", "behind"):
            self.on(sign, lambda _: on_behind(), args=[])

    def show(self, numbers: Mapping[str, int], edition: Edition) -> None:
        self.run_method("show", dict(numbers), [edition.view, edition.number])
