"""The first page: how things stand, how the last day went, what needs attention."""

from collections.abc import Sequence
from dataclasses import replace

from nicegui.page_arguments import PageArguments

from console.channels import Listener, View
from console.components import charts
from console.components.cards import Kpi, Section, kpis
from console.components.page_headers import PageHeader
from console.components.tables import Empty, EmptyKind
from console.pages import execution_table, live_rows
from console.pages.executions import LABELS, counts_view
from console.pages.live_rows import News, Rows
from console.pages.place import Nav, Place
from console.pages.reconciliation import state_view
from console.pages.register_tenant import register_button
from console.pages.rows_table import RowsTable
from console.pages.scope import Scope
from operations.queries.execution_views import ExecutionFilter, HourlyThroughput, Sort, StatusCounts
from operations.queries.paging import COUNT_CAP
from operations.queries.reconciliation_views import ReconcilerState
from operations.statuses import Failure, Status

COLUMNS = tuple(
    replace(column, sortable=False, hideable=False)
    for column in execution_table.COLUMNS
    if column.name in ("status", "tenant", "steps_done", "error", "last_progress_at")
)
RECOUNT = 5.0  #: seconds between two counts of a whole day
OPEN = frozenset({Status.PENDING, Status.RUNNING})
FAILED = frozenset({Status.FAILED})
ALL_HEALTHY = Empty(
    kind=EmptyKind.ALL_HEALTHY,
    title="Nothing is open",
    text="No run is pending or running; new ones show up here at once.",
)
STANDING = "Newest first; not what a newer attempt superseded, nor what somebody cancelled or rejected"
NO_FAILURES = Empty(kind=EmptyKind.ALL_HEALTHY, title="No failures", text="No failed run waits for a new attempt.")


async def build(scope: Scope, _: PageArguments) -> None:
    """Draw the page and keep it true."""
    with PageHeader(PLACE.title, subtitle="How things stand, and how the last day went"):
        register_button()
    with kpis():
        tiles = {status: Kpi(LABELS[status], href=f"/executions?status={status}") for status in Status}
        findings = Kpi("Open findings", href="/reconciliation?standing=open")
    with Section("Throughput", subtitle="Runs that ended, by hour of the last 24, in your time zone"):
        chart = charts.stacked_bars([], _series(()))
    with Section("Open", subtitle="Longest without progress first", flush=True):
        open_runs = _table(scope, "Open runs", runs(scope, OPEN, Sort.ATTENTION), ALL_HEALTHY)
    with Section("Recent failures", subtitle=STANDING, flush=True):
        failures = _table(scope, "Failed runs", runs(scope, FAILED, Sort.NEWEST), NO_FAILURES)

    def show_counts(counts: StatusCounts) -> None:
        for status, tile in tiles.items():
            number = counts.numbers[status]
            tile.show(f"{min(number, COUNT_CAP):,}{'+' if number > COUNT_CAP else ''}")

    def show_throughput(hours: tuple[HourlyThroughput, ...]) -> None:
        charts.show_bars(chart, [hour.hour for hour in hours], _series(hours))

    def show_findings(state: ReconcilerState) -> None:
        findings.show(f"{state.open_findings:,}", delta="reconciliation is silent" if state.is_silent else "")

    state_listener = Listener[ReconcilerState](show_findings)
    counts_listener = Listener[StatusCounts](show_counts)
    throughput_listener = Listener[tuple[HourlyThroughput, ...]](show_throughput)
    show_counts((await scope.hub.watch(counts_view(scope), counts_listener)).value)
    show_findings((await scope.hub.watch(state_view(scope), state_listener)).value)
    await open_runs.draw()
    await failures.draw()
    show_throughput((await scope.hub.watch(throughput(scope), throughput_listener)).value)


PLACE = Place(path="/", title="Overview", build=build, nav=Nav(icon="space_dashboard", key="o"))


def _table(scope: Scope, caption: str, view: View[Rows, News], empty: Empty) -> RowsTable:
    return RowsTable(
        scope.hub, view, columns=COLUMNS, caption=caption, empty=empty, row_path="/executions/{id}", keyboard=False
    )


def runs(scope: Scope, statuses: frozenset[Status], sort: Sort) -> View[Rows, News]:
    async def load() -> Rows:
        wanted = ExecutionFilter(statuses=statuses, failures=frozenset({Failure.STANDING}))
        return execution_table.rows(await scope.services.reads.executions.list(wanted, sort=sort, limit=8))

    return live_rows.view(
        ("overview", statuses),
        concerns=lambda changed: changed.concerns("execution") or changed.concerns("tenant"),
        load=load,
    )


def throughput(scope: Scope) -> View[tuple[HourlyThroughput, ...], tuple[HourlyThroughput, ...]]:
    return View(
        key="throughput",
        concerns=lambda changed: changed.concerns("execution"),
        load=scope.services.reads.executions.throughput,
        news=lambda before, after: None if before == after else after,
        at_most_every=RECOUNT,
    )


def _series(hours: Sequence[HourlyThroughput]) -> list[charts.Series]:
    return [
        charts.Series(label="Completed", tone="completed", values=[hour.completed for hour in hours]),
        charts.Series(label="Failed or called off", tone="failed", values=[hour.failed for hour in hours]),
    ]
