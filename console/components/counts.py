"""Clickable counts over a list: how many there are of each, and a filter at the same time."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

from nicegui import ui
from nicegui.events import GenericEventArguments

from console.components.remounts import Handled, when_built_anew
from console.lines import Edition

NOT_YET = "not yet"  #: is counted while nobody has counted


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """One of the words that can be chosen; `status` or `tone` gives it its mark."""

    value: str
    label: str
    status: str | None = None
    tone: str | None = None


class Counts(ui.element, component="counts.js", dependencies=["console_line.js"]):
    """Several may be chosen; choosing one again drops it.

    What changes in the edition that is shown comes to the browser by the tab's line, as all numbers by value.
    """

    def __init__(
        self,
        counts: Sequence[Count],
        *,
        label: str,
        cap: int,
        chosen: Collection[str] = (),
        none: str | None = None,
        none_yet: str | None = None,
        on_choose: Callable[[list[str]], Handled],
        on_behind: Callable[[], Handled] | None = None,
    ) -> None:
        """Numbers above `cap` are shown as so many and more; with `none`, only words that
        there are any of are shown, and `none` in the place of all of them; `none_yet` while there is any of `NOT_YET`.

        `on_behind` has to `show` the numbers again: some were missed, or the browser has built the counts anew.
        """
        super().__init__()
        self.props["counts"] = [asdict(count) for count in counts]
        self.props["label"] = label
        self.props["cap"] = cap
        self.props["chosen"] = list(chosen)
        self.props["sparse"] = none is not None
        self.props["none"] = none
        self.props["none-yet"] = none_yet
        self._on_choose = on_choose
        self.on("choose", self._handle_choice)
        if on_behind is not None:
            self.on("behind", lambda _: on_behind(), args=[])
            when_built_anew(self, on_behind)

    def show(self, numbers: Mapping[str, int], edition: Edition | None = None) -> None:
        """Write down how many there are; what is missing is zero."""
        self.run_method("show", dict(numbers), None if edition is None else [edition.view, edition.number])

    def offer(self, counts: Sequence[Count]) -> None:
        """Other words to choose from; the numbers come with the next `show` or edition."""
        offered = [asdict(count) for count in counts]
        if offered != self.props["counts"]:
            self.props["counts"] = offered

    def choose(self, values: Collection[str]) -> None:
        """Mark these as chosen without telling anybody."""
        self._remember(list(values))
        self.run_method("choose", list(values))

    def _handle_choice(self, event: GenericEventArguments) -> Handled:
        chosen = [str(value) for value in event.args]
        self._remember(chosen)
        return self._on_choose(chosen)

    def _remember(self, values: list[str]) -> None:
        """Keep the choice for a later rebuild by the browser, which knows it already."""
        with self.props.suspend_updates():
            self.props["chosen"] = values
