"""What is selected in a list of executions, and the bar with what can be done to it. The browser keeps it."""

from collections.abc import Callable, Sequence
from uuid import UUID, uuid4

from nicegui import ui

from console import sessions
from console.channels import Listener, View
from console.components import feedback
from console.components.filters import SelectionBar
from console.components.tables import LiveTable
from console.components.text import attribute, tag
from console.pages import bulk_dialog, deeds, selection_words
from console.pages.list_filters import ListFilters, Query
from console.pages.live_rows import Rows
from console.pages.scope import Scope
from console.pages.selection_words import BarButton
from operations.bulk.plans import Offer
from operations.bulk.selections import ByFilter, ByIds
from operations.errors import DatabaseUnavailable
from operations.feed import Changed
from operations.kinds import Deed
from operations.possibilities import OFFERED_TO
from operations.queries.execution_views import ExecutionFilter
from operations.statuses import Cause

LOOKED_AT = 200  #: executions; of more, the preview says what could be done to each
LOOK = 1.0  #: seconds between two looks at those
COUNT = 2.0  #: seconds between two counts of all that match


def offered(among: Sequence[Deed]) -> tuple[Deed, ...]:
    """Those for the role of whoever looks; without any there is nothing to select for."""
    return tuple(deed for deed in among if sessions.may(OFFERED_TO[deed]))


class Selecting:
    """Draw it with the filters, before the list; the list is given it, and serves it."""

    def __init__(
        self,
        scope: Scope,
        filters: ListFilters,
        offered: Sequence[Deed],
        *,
        wanted: Callable[[Query], ExecutionFilter],
    ) -> None:
        """`wanted`: all that the list shows for a query."""
        self._scope = scope
        self._deeds = tuple(offered)
        self._wanted = wanted
        self._ids: tuple[UUID, ...] = ()
        self._all: ExecutionFilter | None = None
        self._number = 0
        self._rows: Rows | None = None
        self._query: Query = {}
        self._table: LiveTable | None = None
        self._listener: Listener[tuple[Offer, ...]] | Listener[int] | None = None
        with filters.place:
            self._bar = SelectionBar(instead=filters.bar)
        with self._bar.extras:
            self._whole = tag("button", classes="button").props("type=button")
        self._whole.on("click", self.select_all, args=[])
        with self._bar:
            self._buttons = {deed: _button(deed, self._press) for deed in self._deeds}
        self._problems: dict[Deed, str | None] = {}

    def serve(self, table: LiveTable) -> None:
        self._table = table
        self._bar.serve(table)

    async def hear(self, ids: list[str]) -> None:
        """What the browser says is selected, one by one. Raises `ValueError` for what are no ids."""
        self._all = None
        self._ids = tuple(UUID(id_) for id_ in ids)
        self._number = len(self._ids)
        self._show()
        await self._look()

    def show_rows(self, rows: Rows, query: Query) -> None:
        """What the list shows now. Nothing is made of it before something is selected: each tab hears each change."""
        self._rows, self._query = rows, query
        if self._number:
            self._show()

    def drop(self) -> None:
        """Another filter: what was selected by the one before is not what is looked at now."""
        if self._number and self._table is not None:
            feedback.toast(selection_words.dropped(self._number), feedback.Tone.INFO)
            self._all, self._ids, self._number = None, (), 0
            self._table.clear_selection()

    def restore(self) -> None:
        """The browser has built the table anew."""
        if self._table is not None:
            self._table.select([str(id_) for id_ in self._ids], all_that_match=self._all is not None)

    async def select_all(self) -> None:
        """All that match what the list shows now."""
        wanted = self._wanted(self._query)
        problem = selection_words.why_not_all(wanted)
        if problem is not None or self._table is None:
            feedback.toast(problem or "", feedback.Tone.INFO)
            return
        self._all, self._ids = wanted, ()
        self._table.select([], all_that_match=True)
        await self._look()

    async def _press(self, deed: Deed) -> None:
        if (problem := self._problems.get(deed)) is not None:
            feedback.toast(f"{deeds.WORDINGS[deed].label}: {problem}", feedback.Tone.INFO)
            return
        if self._table is None:
            return
        chosen = ByIds(ids=self._ids) if self._all is None else ByFilter(filter=self._all)
        await bulk_dialog.ask(self._scope, deed, chosen, when_begun=self._table.clear_selection)

    async def _look(self) -> None:
        """Look what can be done to it, and from now on whenever something happens to it; the last call wins."""
        if self._listener is not None:
            self._listener.delete()
            self._listener = None
        if self._all is not None:
            await self._count(self._all)
        elif 0 < len(self._ids) <= LOOKED_AT:
            with self._bar:
                listener = self._listener = Listener[tuple[Offer, ...]](self._offer)
            try:
                looked = await self._scope.hub.watch(self._offers(), listener)
            except DatabaseUnavailable:  # its banner says so
                self._show_unlooked()
                return
            if listener is self._listener:
                self._offer(looked.value)
        else:
            self._show_unlooked()

    async def _count(self, wanted: ExecutionFilter) -> None:
        with self._bar:
            listener = self._listener = Listener[int](self._take_count)
        try:
            counted = await self._scope.hub.watch(_count_view(self._scope, wanted), listener)
        except DatabaseUnavailable as error:
            feedback.toast(error.message, feedback.Tone.ERROR)
            if self._table is not None:
                self._table.clear_selection()
            return
        if listener is self._listener:
            self._take_count(counted.value)

    def _take_count(self, number: int) -> None:
        self._number = number
        self._show()
        self._show_unlooked()

    def _offers(self) -> View[tuple[Offer, ...], tuple[Offer, ...]]:
        ids, actor = self._ids, sessions.actor()
        of_these = {(kind, str(id_)) for kind in ("execution", "command") for id_ in ids}

        def concerns(changed: Changed) -> bool:
            return changed.everything or not of_these.isdisjoint(changed.things)

        async def load() -> tuple[Offer, ...]:
            return await self._scope.services.bulks.looker.offers(self._deeds, ids, actor)

        return View(
            key=("offers", uuid4()),
            concerns=concerns,
            load=load,
            news=lambda before, after: None if before == after else after,
            at_most_every=LOOK,
        )

    def _offer(self, offers: tuple[Offer, ...]) -> None:
        self._draw(selection_words.buttons(offers, self._number))

    def _show_unlooked(self) -> None:
        only_waiting = self._all is not None and self._all.causes == frozenset({Cause.AWAITING_APPROVAL})
        self._draw(selection_words.unlooked(self._deeds, self._number, waiting=only_waiting))

    def _draw(self, buttons: Sequence[BarButton]) -> None:
        self._problems = {button.deed: button.problem for button in buttons}
        for deed, element in self._buttons.items():
            element.set_visibility(deed in self._problems)
        for button in buttons:
            element = self._buttons[button.deed]
            attribute(element, "aria-label", button.name)
            attribute(element, "aria-disabled", None if button.problem is None else "true")
            attribute(element, "title", button.problem)

    def _show(self) -> None:
        here = () if self._rows is None else self._rows.rows
        if self._all is not None:
            text = selection_words.all_counted(self._number)
        else:
            shown = {str(row["id"]) for row in here}
            text = selection_words.counted(len(self._ids), sum(str(id_) in shown for id_ in self._ids))
        self._bar.show(self._number, text)
        if self._rows is None:
            return
        self._whole.set_visibility(self._all is None and self._rows.total > len(self._ids))
        problem = selection_words.why_not_all(self._wanted(self._query))
        self._whole.set_text(selection_words.offer_all(self._rows.total, capped=self._rows.total_capped))
        attribute(self._whole, "aria-disabled", None if problem is None else "true")
        attribute(self._whole, "title", problem)


def _button(deed: Deed, press: Callable[[Deed], object]) -> ui.element:
    words = deeds.WORDINGS[deed]
    with tag("button", classes="button").props("type=button") as button:
        ui.icon(words.icon)
        tag("span", words.label)
    if words.danger:
        button.classes("danger")
    button.on("click", lambda _: press(deed), args=[])
    return button


def _count_view(scope: Scope, wanted: ExecutionFilter) -> View[int, int]:
    return View(
        key=("matching", wanted),
        concerns=lambda changed: any(changed.concerns(kind) for kind in ("execution", "tenant", "triage")),
        load=lambda: scope.services.bulks.chooser.count(wanted),
        news=lambda before, after: None if before == after else after,
        at_most_every=COUNT,
    )
