"""A button by which the browser tells when something moves, also to those who look elsewhere."""

from nicegui import ui


class TellMe(ui.element, component="tell_me.js", dependencies=["console_toasts.js"]):
    """What counts as a move is another `state`; after a final one nothing more is told."""

    def __init__(self, path: str) -> None:
        """`path` tells what is followed from what other tabs follow."""
        super().__init__()
        self.props["path"] = path

    def show(self, state: str, *, name: str, text: str, final: bool) -> None:
        """`text` says in a sentence how it stands now."""
        self.props["name"], self.props["text"], self.props["final"] = name, text, final
        self.props["state"] = state
        self.set_visibility(not final)
