"""Parts of a page that the browser builds again, such as after their listeners have changed."""

from collections.abc import Awaitable, Callable

from nicegui import ui

Handled = Awaitable[None] | None


def when_built_anew(element: ui.element, do: Callable[[], Handled]) -> None:
    """What the browser was told of the element is gone then. Its script emits `mounted` each time, also the first."""
    seen = False

    def hear() -> Handled:
        nonlocal seen
        if seen:
            return do()
        seen = True
        return None

    element.on("mounted", lambda _: hear(), args=[])
