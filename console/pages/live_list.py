"""A live list with its table, pager and address; what is listed is the page's affair."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from nicegui import ui

from console.channels import Listener, Shown, View
from console.components.page_headers import PageHeader
from console.components.pager import Pager, Range
from console.components.remounts import Handled
from console.components.tables import Action, Column, Empty, EmptyKind, Group, Handlers, Layout, LiveTable, Sort
from console.components.text import attribute, tag
from console.live import Hub
from console.pages import address
from console.pages.list_filters import ListFilters, Query
from console.pages.live_rows import News, Rows
from console.pages.selecting import Selecting
from operations.errors import DatabaseUnavailable, InvalidInput

RETRY_PAUSE = 2.0  #: seconds
OnOpen = Callable[[str], Handled]  #: of a row, by its id
OnAction = Callable[[str, str], Handled]  #: of a row, and the name of the action


@dataclass(frozen=True, kw_only=True, slots=True)
class ListShape:
    """What a list looks like and which words its address knows."""

    path: str
    caption: str
    columns: tuple[Column, ...]
    nothing_yet: Empty
    nothing_matches: Empty
    row_path: str  #: where a row leads, such as `/executions/{id}`
    sorts: Mapping[str, tuple[str, str]]  #: column → words of the address for ascending and descending
    group: Group | None = None
    layout: Layout | None = None
    naming: str = "id"  #: the field that names a row to those who hear it
    export: str | None = None  #: where the rows that match can be had as CSV, up to 10,000 of them
    exported: Callable[[Query], Query] = dict  #: the filters of the address in the words of the export


class LiveList:
    """Draws the table and keeps it, the pager and the address in step with the query."""

    def __init__(
        self,
        hub: Hub,
        shape: ListShape,
        *,
        query: Query,
        view: Callable[[Query], View[Rows, News]],
        header: PageHeader,
        filters: ListFilters,
        on_open: OnOpen | None = None,
        actions: Sequence[Action] = (),
        on_action: OnAction | None = None,
        selecting: Selecting | None = None,
    ) -> None:
        """`on_open` takes the place of going to the shape's `row_path`; `on_action` gets a row's id and its action."""
        known = (*filters.words, "sort", "cursor", "columns")
        self._hub = hub
        self._shape = shape
        self._query = {name: value for name, value in query.items() if name in known}
        self._view = view
        self._header = header
        self._filters = filters
        self._listener: Listener[News] | None = None
        self._selecting = selecting
        self._is_typing = False  #: what is typed is one entry of the history, not one for each letter
        self._place = ui.element("div").classes("list")
        with self._place:
            self.table = LiveTable(
                columns=self._columns(),
                caption=shape.caption,
                sort=self._shown_sort(),
                empty=self._empty(),
                trail=shape.path,
                group=shape.group,
                layout=shape.layout,
                actions=actions,
                selectable=selecting is not None,
                naming=shape.naming,
                handlers=self._handlers(on_open, on_action),
            )
            self.pager = Pager(on_page=self._turn)
        with self.pager.extras:
            self._export = tag("a", "Export CSV", classes="button")
        attribute(self._export, "download", True)
        attribute(self._export, "title", "The rows that match, up to 10,000")
        self._export.set_visibility(shape.export is not None)
        filters.serve(self)
        if selecting is not None:
            selecting.serve(self.table)
        self._show_query()

    def _handlers(self, on_open: OnOpen | None, on_action: OnAction | None) -> Handlers:
        return Handlers(
            sort=self._sort,
            open=on_open or (lambda id_: ui.navigate.to(self._shape.row_path.format(id=id_))),
            action=on_action,
            columns=self._choose_columns,
            remounted=self._draw_anew,
            select=None if self._selecting is None else self._selecting.hear,
            select_all=None if self._selecting is None else self._selecting.select_all,
            behind=self._sync,
        )

    async def draw(self) -> None:
        """Load and show what the query asks for, and follow it from now on; of overlapping calls the last one wins."""
        if self._place.is_deleted:  # whoever asked for it has gone to another page meanwhile
            return
        if self._listener is not None:
            self._listener.delete()
        with self._place:
            listener = self._listener = Listener(self._hear)
        try:
            rows = await self._watch(listener)
        except InvalidInput:  # a cursor that was cut when it was copied: begin at the first page
            if listener is self._listener and not listener.is_deleted:
                await self._go(new_entry=False, cursor=None)
            return
        except DatabaseUnavailable as error:
            self._try_later(listener, error)
            return
        if listener is self._listener:
            self.table.reset(rows.value.json, rows.edition, empty=self._empty())
            self._show_foot(rows.value)

    async def _draw_anew(self) -> None:
        await self.draw()
        if self._selecting is not None:
            self._selecting.restore()

    async def _sync(self) -> None:
        """The table has missed a patch."""
        listener = self._listener
        if listener is None:
            return
        rows = await self._watch(listener)
        if listener is self._listener:
            self.table.sync(rows.value.json, rows.edition)

    async def _watch(self, listener: Listener[News]) -> Shown[Rows]:
        wanted = {name: value for name, value in self._query.items() if name != "columns"}
        return await self._hub.watch(self._view(wanted), listener)

    def _try_later(self, listener: Listener[News], error: DatabaseUnavailable) -> None:
        """Say that the list cannot be had, and look again by itself."""
        if listener is not self._listener or listener.is_deleted:
            return
        unavailable = Empty(kind=EmptyKind.UNAVAILABLE, title=error.title, text=error.message)
        self.table.reset("[]", empty=unavailable)
        with self._place:
            ui.timer(RETRY_PAUSE, self.draw, once=True)

    async def choose(self, **filters: str | None) -> None:
        """Other filters: back to the first page."""
        if any((value or None) != self._query.get(name) for name, value in filters.items()):
            if self._selecting is not None:
                self._selecting.drop()
            goes_on, self._is_typing = self._is_typing, set(filters) == {"q"}
            await self._go(new_entry=not (goes_on and self._is_typing), cursor=None, **filters)

    async def _go(self, *, new_entry: bool, **changes: str | None) -> None:
        self._query = {name: value for name, value in {**self._query, **changes}.items() if value}
        address.keep(self._shape.path, self._query, new_entry=new_entry)
        self._show_query()
        await self.draw()

    def _show_query(self) -> None:
        self._filters.show(self._query)
        if self._shape.export is not None:
            asked = {name: self._query[name] for name in (*self._filters.words, "sort") if name in self._query}
            attribute(self._export, "href", address.link(self._shape.export, self._shape.exported(asked)))

    async def _turn(self, cursor: str | None) -> None:
        self._is_typing = False
        await self._go(new_entry=True, cursor=cursor)

    async def _sort(self, sort: Sort) -> None:
        self._is_typing = False
        ascending, descending = self._shape.sorts[sort.name]
        self.table.set_sort(sort)
        await self._go(new_entry=True, sort=descending if sort.descending else ascending, cursor=None)

    def _choose_columns(self, names: list[str]) -> None:
        self._query["columns"] = ",".join(names)
        address.keep(self._shape.path, self._query, new_entry=False)

    def _hear(self, news: News) -> None:
        if news.foot_moved:  # a patch rarely moves it, and each move is for each tab to carry out
            self._show_foot(news.after)

    def _show_foot(self, rows: Rows) -> None:
        self._header.set_total(rows.total, capped=rows.total_capped)
        self.pager.show(
            Range(preceding=rows.preceding, shown=len(rows.rows), total=rows.total, capped=rows.total_capped),
            before=rows.previous,
            after=rows.next,
        )
        if self._selecting is not None:
            self._selecting.show_rows(rows, self._query)

    def _columns(self) -> list[Column]:
        chosen = self._query.get("columns", "").split(",") if self._query.get("columns") else None
        return [
            column
            if chosen is None or not column.hideable
            else replace(column, hidden=column.name not in chosen, when_filled=False)
            for column in self._shape.columns
        ]

    def _shown_sort(self) -> Sort | None:
        word = self._query.get("sort")
        for column, (ascending, descending) in self._shape.sorts.items():
            if word in (ascending, descending):
                return Sort(name=column, descending=word == descending != ascending)
        return None

    def _empty(self) -> Empty:
        filtered = any(self._query.get(name) for name in self._filters.words)
        return self._shape.nothing_matches if filtered else self._shape.nothing_yet
