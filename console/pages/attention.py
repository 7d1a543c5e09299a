"""How much waits for people, on every page: before the title of the tab, and in the drawer."""

from collections.abc import Mapping

from nicegui import ui

from console.channels import Listener, View
from console.components.tab_titles import TabTitle
from console.components.tables import to_json
from console.pages.scope import Scope
from operations.errors import DatabaseUnavailable
from operations.queries.attention import Attention
from operations.queries.paging import COUNT_CAP

RETRY_PAUSE = 3.0  #: seconds
CONCERNS = ("execution", "finding", "triage")


def follow(scope: Scope) -> None:
    """Show it in this tab from now on."""
    place = ui.element("template")

    async def show() -> None:
        try:
            now = await scope.hub.watch(view(scope), listener)
        except DatabaseUnavailable:  # the banner says so
            with place:
                ui.timer(RETRY_PAUSE, show, once=True)
            return
        if not title.is_deleted:
            title.show(numbers(now.value), now.edition)
            for tally in scope.frame.tallies:
                tally.show(numbers(now.value), now.edition)

    with place:
        title = TabTitle(cap=COUNT_CAP, on_behind=show)
        listener = Listener[Attention]()
    for each in scope.frame.tallies:
        each.serve(show, cap=COUNT_CAP)


def numbers(attention: Attention) -> Mapping[str, int]:
    """As the parts of the page in the browser take them."""
    return {"total": attention.total, "approvals": attention.approvals}


def view(scope: Scope) -> View[Attention, Attention]:
    """One query a second at most, for all tabs together."""
    return View(
        key="attention",
        concerns=lambda changed: any(changed.concerns(kind) for kind in CONCERNS),
        load=scope.services.reads.attention.now,
        news=lambda before, after: None if before == after else after,
        to_json=lambda attention: to_json(numbers(attention)),
        at_most_every=1.0,
    )
