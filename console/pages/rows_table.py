"""A table that shows the rows of one view for as long as it is there."""

from collections.abc import Sequence

from nicegui import ui

from console.channels import Listener, View
from console.components.tables import Column, Empty, Handlers, Layout, LiveTable
from console.live import Hub
from console.pages.live_rows import News, Rows


class RowsTable:
    """For pages whose lists have neither filters nor pages; a row leads to `row_path`, such as `/executions/{id}`."""

    def __init__(
        self,
        hub: Hub,
        view: View[Rows, News],
        *,
        columns: Sequence[Column],
        caption: str,
        empty: Empty,
        row_path: str,
        keyboard: bool = True,
        layout: Layout | None = None,
    ) -> None:
        self._hub = hub
        self._view = view
        self._table = LiveTable(
            columns=columns,
            caption=caption,
            empty=empty,
            keyboard=keyboard,
            layout=layout,
            handlers=Handlers(
                open=lambda id_: ui.navigate.to(row_path.format(id=id_)), remounted=self._sync, behind=self._sync
            ),
        )
        self._listener = Listener[News]()

    async def draw(self) -> None:
        """Load and show the rows, and follow them from now on."""
        rows = await self._hub.watch(self._view, self._listener)
        self._table.reset(rows.value.json, rows.edition)

    async def _sync(self) -> None:
        rows = await self._hub.watch(self._view, self._listener)
        self._table.sync(rows.value.json, rows.edition)
