"""The live table: rows as JSON, changes as patches, and nothing moves under the cursor."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from nicegui import ui

from console.components.remounts import Handled, when_built_anew
from console.components.table_data import (
    EMPTY_ICONS,
    Action,
    Column,
    Empty,
    EmptyKind,
    Group,
    Kind,
    Layout,
    Patch,
    Sort,
    selected_ids,
    to_json,
)
from console.lines import Edition

__all__ = [
    "Action",
    "Column",
    "Empty",
    "EmptyKind",
    "Group",
    "Handlers",
    "Kind",
    "Layout",
    "LiveTable",
    "Patch",
    "Sort",
    "to_json",
]

NOTHING_YET = Empty(kind=EmptyKind.NOTHING_YET, title="Nothing here yet")


@dataclass(frozen=True, kw_only=True, slots=True)
class Handlers:
    """What a page wants to hear of; each may be a coroutine function."""

    select: Callable[[list[str]], Handled] | None = None  #: all selected ids, those on other pages first
    select_all: Callable[[], Handled] | None = None  #: all that match, as it was before somebody came back
    sort: Callable[[Sort], Handled] | None = None
    open: Callable[[str], Handled] | None = None  #: only for rows without a link; a link leads there by itself
    action: Callable[[str, str], Handled] | None = None  #: id of the row, name of the action
    columns: Callable[[list[str]], Handled] | None = None  #: names of the columns now shown
    show_new: Callable[[], Handled] | None = None
    remounted: Callable[[], Handled] | None = None  #: the browser has built the table anew: `reset` it
    behind: Callable[[], Handled] | None = None  #: patches were missed: `sync` it


class LiveTable(
    ui.element,
    component="live_table.js",
    dependencies=[
        "console_clock.js",
        "console_formats.js",
        "console_line.js",
        "console_selection.js",
        "console_toasts.js",
        "console_trail.js",
        "live_table_template.js",
    ],
):
    """Rows are JSON texts, so that one serialisation serves all viewers. Each row is an object with an `id`.

    What changes in the edition of a view that it shows comes to the browser by the tab's line, as `Patch.to_json`.
    """

    def __init__(
        self,
        *,
        columns: Sequence[Column],
        caption: str,
        rows_json: str | None = None,
        actions: Sequence[Action] = (),
        empty: Empty = NOTHING_YET,
        sort: Sort | None = None,
        selectable: bool = False,
        keyboard: bool = True,
        naming: str = "id",
        limit: int = 200,
        trail: str | None = None,
        group: Group | None = None,
        layout: Layout | None = None,
        handlers: Handlers | None = None,
    ) -> None:
        """Without `rows_json` the table shows a skeleton. `naming` is the field that names a row to screen readers.

        `trail` is the path of the list that this is: pages of its rows then know their neighbours and the way back.
        """
        super().__init__()
        self.props["columns"] = [asdict(column) for column in columns]
        self.props["actions"] = [asdict(action) for action in actions]
        self.props["empty"] = _drawn(empty)
        self.props["caption"] = caption
        self.props["rows-json"] = rows_json
        self.props["selectable"] = selectable
        self.props["keyboard"] = keyboard
        self.props["naming"] = naming
        self.props["limit"] = limit
        self.props["trail"] = trail
        self.props["group"] = asdict(group) if group else None
        self.props["layout"] = layout.value if layout else None
        self.props["sort"] = sort.name if sort else None
        self.props["descending"] = sort.descending if sort else False
        self._listen(handlers or Handlers())

    def reset(self, rows_json: str, edition: Edition | None = None, *, empty: Empty | None = None) -> None:
        """Show other rows, because the viewer asked for them: a filter, a sort, a page."""
        self._remember(rows_json)
        if empty is not None:
            self.set_empty(empty)
        self._call("reset", rows_json, "null" if edition is None else edition.frame())

    def sync(self, rows_json: str, edition: Edition) -> None:
        """Bring the rows up to date after a gap in the patches; nothing moves under the cursor."""
        self._remember(rows_json)
        self._call("sync", rows_json, edition.frame())

    def set_empty(self, empty: Empty) -> None:
        """What to say when there are no rows."""
        self.props["empty"] = _drawn(empty)

    def set_sort(self, sort: Sort | None) -> None:
        """Show another order in the heads, without emitting `sort`."""
        arguments = (sort.name, sort.descending) if sort else (None, False)
        self.run_method("setSort", *arguments)

    def busy(self, ids: Sequence[str]) -> None:
        """A spinner on these rows, until a patch changes them or `settle` is called."""
        self._call("busy", to_json(list(ids)))

    def settle(self, ids: Sequence[str]) -> None:
        """Take the spinner off these rows."""
        self._call("settle", to_json(list(ids)))

    def clear_selection(self) -> None:
        """Select no row, also where another page comes at once: what is kept of the selection goes with it."""
        self._call("clearSelection")
        self._run("window.dropSelection?.()")

    def select(self, ids: Sequence[str], *, all_that_match: bool = False) -> None:
        """Select these rows, also those on other pages of the list, without emitting `select`."""
        self._call("select", to_json(list(ids)), to_json(all_that_match))

    def _call(self, method: str, *sources: str) -> None:
        # The sources are JSON from `to_json`: data as literals, never as code.
        self._run(f"getElement({self.id})?.{method}({','.join(sources)})")

    def _run(self, code: str) -> None:
        # Straight into the outbox: `run_javascript` prepares for an answer, and nobody waits for one.
        self.client.outbox.enqueue_message("run_javascript", {"code": code}, self.client.id)

    def _remember(self, rows_json: str) -> None:
        """Keep the rows for a later rebuild by the browser, without sending the element again now."""
        with self.props.suspend_updates():
            self.props["rows-json"] = rows_json

    def _listen(self, handlers: Handlers) -> None:
        if (select := handlers.select) is not None:
            self.on("select", lambda event: select(selected_ids(event.args)))
        if (select_all := handlers.select_all) is not None:
            self.on("selectall", lambda _: select_all(), args=[])
        if (sort := handlers.sort) is not None:
            self.on("sort", lambda event: sort(_sort(event.args)))
        if (opened := handlers.open) is not None:
            self.on("open", lambda event: opened(str(event.args)))
        if (action := handlers.action) is not None:
            self.on("action", lambda event: action(*_pair(event.args)))
        if (columns := handlers.columns) is not None:
            self.on("columns", lambda event: columns(_texts(event.args)))
        if (show_new := handlers.show_new) is not None:
            self.on("shownew", lambda _: show_new(), args=[])
        if (behind := handlers.behind) is not None:
            self.on("behind", lambda _: behind(), args=[])
        if (remounted := handlers.remounted) is not None:
            when_built_anew(self, remounted)


def _drawn(empty: Empty) -> dict[str, str | None]:
    return {**asdict(empty), "icon": EMPTY_ICONS[empty.kind]}


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def _pair(value: object) -> tuple[str, str]:
    first, second = _texts(value)
    return first, second


def _sort(value: object) -> Sort:
    match value:
        case [str(name), bool(descending)]:
            return Sort(name=name, descending=descending)
    raise ValueError(f"not an order: “{value}”")
