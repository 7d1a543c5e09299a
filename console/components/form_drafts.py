"""What is typed into a form survives cuts and reloads: the browser keeps it until the form has been used."""

from collections.abc import Callable, Mapping

from nicegui import ui
from nicegui.events import GenericEventArguments

from console.components.tables import to_json


class FormDraft(ui.element, component="form_draft.js", dependencies=["console_drafts.js"]):
    """Draw the form into it; fields are known by their attribute `data-field`."""

    def __init__(self, name: str, *, on_restore: Callable[[Mapping[str, str]], None]) -> None:
        """`on_restore` hears of what was kept for fields that are no text."""
        super().__init__()
        self._name = name
        self.props["name"] = name
        self._on_restore = on_restore
        self.on("restore", self._handle_restore)

    def note(self, field: str, value: str) -> None:
        """Keep what was chosen in a field that is no text."""
        self.run_method("note", field, value)

    def drop(self) -> None:
        """The form has been used."""
        # The name is a JSON literal. Not a method of the element: that may have gone before the browser hears of it.
        self.client.run_javascript(f"window.dropDraft?.({to_json(self._name)})")

    def _handle_restore(self, event: GenericEventArguments) -> None:
        if isinstance(event.args, dict):
            self._on_restore({str(name): str(value) for name, value in event.args.items()})
