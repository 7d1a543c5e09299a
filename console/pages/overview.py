"""The first page: what needs attention, and how things stand."""

from nicegui import ui

from console.components.cards import Kpi, Section, kpis
from console.components.page_headers import PageHeader
from console.components.tables import Empty, EmptyKind, Handlers, LiveTable
from console.live import Listener, View
from console.pages import execution_table, live_rows
from console.pages.executions import LABELS, counts_view
from console.pages.live_rows import News, Rows
from console.pages.scope import Scope
from operations.queries.execution_views import ExecutionFilter, StatusCounts
from operations.queries.paging import COUNT_CAP
from operations.statuses import Status

COLUMNS = tuple(
    column
    for column in execution_table.COLUMNS
    if column.name in ("status", "tenant", "steps_done", "error", "started_at", "last_progress_at")
)
ALL_HEALTHY = Empty(
    kind=EmptyKind.ALL_HEALTHY,
    title="All healthy",
    text="No run has failed, and none is open.",
    action="Register a tenant",
    href="/tenants/new",
)


async def build(scope: Scope) -> None:
    """Draw the page and keep it true."""
    with PageHeader("Overview", subtitle="What needs attention first"):
        ui.button("Register tenant", icon="add", on_click=lambda: ui.navigate.to("/tenants/new"))
    with kpis():
        tiles = {status: Kpi(LABELS[status], href=f"/executions?status={status}") for status in Status}

    def show(counts: StatusCounts) -> None:
        for status, tile in tiles.items():
            number = counts.numbers[status]
            tile.show(f"{min(number, COUNT_CAP):,}{'+' if number > COUNT_CAP else ''}")

    listener = Listener[StatusCounts](show)
    with Section("Needs attention", subtitle="Failed and open runs", flush=True):
        table = LiveTable(
            columns=COLUMNS,
            caption="Runs that need attention",
            empty=ALL_HEALTHY,
            handlers=Handlers(open=lambda id_: ui.navigate.to(f"/executions/{id_}")),
        )
        rows_listener = Listener[News](lambda news: table.patch(news.patch_json) if news.patch_json else None)
    show(await scope.hub.watch(counts_view(scope), listener))
    table.reset((await scope.hub.watch(_attention(scope), rows_listener)).json)


def _attention(scope: Scope) -> View[Rows, News]:
    async def load() -> Rows:
        wanted = ExecutionFilter(statuses=frozenset({Status.PENDING, Status.RUNNING, Status.FAILED}))
        return execution_table.rows(await scope.services.reads.executions.list(wanted, limit=10))

    return View(key="attention", concerns=lambda changed: changed.concerns("execution"), load=load, news=live_rows.news)
