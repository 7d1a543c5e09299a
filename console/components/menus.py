"""A menu of actions behind a button: one that stays open while what it offers changes."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from nicegui import ui

from console.components.remounts import Handled


@dataclass(frozen=True, kw_only=True, slots=True)
class MenuItem:
    """One action; `problem` says why it cannot be done now."""

    name: str
    label: str
    icon: str
    danger: bool = False
    problem: str | None = None


class ActionMenu(ui.element, component="action_menu.js", dependencies=["console_connection.js", "console_formats.js"]):
    """`choose` hears the name of a possible item; it is hidden while there are no items."""

    def __init__(self, word: str, *, label: str, choose: Callable[[str], Handled]) -> None:
        super().__init__()
        self.props["word"] = word
        self.props["label"] = label
        self.props["items"] = []
        self.set_visibility(False)
        self.on("choose", lambda event: choose(str(event.args)))

    def show(self, items: Sequence[MenuItem]) -> None:
        drawn = [asdict(item) for item in items]
        if drawn != self.props["items"]:
            self.props["items"] = drawn
            self.set_visibility(bool(drawn))
