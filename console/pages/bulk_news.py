"""Tells whoever began a bulk operation what became of it, on whichever page they are, once all of that is known."""

from nicegui import ui

from console import sessions
from console.channels import Listener, View
from console.components import feedback
from console.pages import bulk_words
from console.pages.scope import Scope
from operations.errors import DatabaseUnavailable
from operations.queries.bulk_views import BulkView

LOOK = 2.0  #: seconds between two looks, for all tabs together
RETRY_PAUSE = 3.0  #: seconds
Bulks = tuple[BulkView, ...]


def follow(scope: Scope) -> None:
    """Tell it in this tab from now on."""
    place = ui.element("template")
    told = Told(sessions.actor().name)

    async def begin() -> None:
        try:
            told.know((await scope.hub.watch(view(scope), listener)).value)
        except DatabaseUnavailable:  # the banner says so
            with place:
                ui.timer(RETRY_PAUSE, begin, once=True)

    with place:
        listener = Listener[Bulks](told.hear)
        ui.timer(0, begin, once=True)


class Told:
    """Tells each once; what was known when the tab was opened is on its page."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._known: set[object] | None = None

    def know(self, bulks: Bulks) -> None:
        """Those that need not be told any more."""
        if self._known is None:
            self._known = {bulk.id for bulk in bulks if bulk.is_verified}

    def hear(self, bulks: Bulks) -> None:
        for bulk in self.new(bulks):
            tone = feedback.Tone.ERROR if bulk_words.trouble(bulk) else feedback.Tone.SUCCESS
            feedback.toast(f"{bulk_words.title(bulk.action, bulk.total)}: {bulk_words.outcome(bulk)}", tone)

    def new(self, bulks: Bulks) -> Bulks:
        """Of this person's own, those of which all has become known since the last time."""
        if self._known is None:
            return ()
        new = tuple(bulk for bulk in bulks if bulk.is_verified and bulk.id not in self._known)
        self._known |= {bulk.id for bulk in new}
        return tuple(bulk for bulk in new if bulk.requested_by == self._name)


def view(scope: Scope) -> View[Bulks, Bulks]:
    """One view for everybody: it grows neither with people nor with tabs."""
    return View(
        key="bulk operations that ended lately",
        concerns=lambda changed: any(changed.concerns(kind) for kind in ("bulk", "command", "execution")),
        load=scope.services.reads.bulks.ended_lately,
        news=lambda before, after: None if before == after else after,
        at_most_every=LOOK,
    )
