"""The number before the title of a tab: how much waits for people, also for those who look elsewhere."""

from collections.abc import Callable, Mapping

from nicegui import ui

from console.components.remounts import Handled
from console.lines import Edition


class TabTitle(ui.element, component="tab_title.js", dependencies=["console_line.js"]):
    """What changes in the edition that is shown comes to the browser by the tab's line, the number as `total`."""

    def __init__(self, *, cap: int, on_behind: Callable[[], Handled]) -> None:
        """A number above `cap` is shown as so many and more.

        `on_behind` has to `show` it, at first and whenever some were missed.
        """
        super().__init__()
        self.props["cap"] = cap
        for sign in ("mounted", "behind"):
            self.on(sign, lambda _: on_behind(), args=[])

    def show(self, numbers: Mapping[str, int], edition: Edition) -> None:
        self.run_method("show", dict(numbers), [edition.view, edition.number])
