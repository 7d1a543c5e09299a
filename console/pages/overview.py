"""The first page, a board of incidents: what is wrong in one sentence, who must act, and how the last day went."""

from collections.abc import Sequence
from dataclasses import replace

from nicegui.page_arguments import PageArguments

from console import sessions
from console.channels import Listener, View
from console.components import charts
from console.components.cards import Kpi, Section, kpis
from console.components.incidents import IncidentBoard, MoreIncidents, VerdictLine
from console.components.page_headers import PageHeader
from console.components.tables import Empty, EmptyKind, Layout
from console.components.text import attribute, tag
from console.pages import execution_table, live_rows
from console.pages.executions import LABELS, counts_view
from console.pages.incidents import PEOPLE, Board, incidents, numbered, verdict, worst_first
from console.pages.live_rows import News, Rows
from console.pages.place import Nav, Place
from console.pages.reconciliation import state_view
from console.pages.register_tenant import register_button
from console.pages.rows_table import RowsTable
from console.pages.scope import Scope
from operations.access import Permission
from operations.queries.execution_numbers import HourlyThroughput, StatusCounts
from operations.queries.execution_views import ExecutionFilter, Sort
from operations.queries.paging import COUNT_CAP
from operations.queries.reconciliation_views import ReconcilerState
from operations.statuses import Failure, Status

COLUMNS = tuple(
    replace(column, sortable=False, hideable=False)
    for column in execution_table.COLUMNS
    if column.name in ("status", "tenant", "steps_done", "error", "last_progress_at")
)
RECOUNT = 5.0  #: seconds between two counts of a whole day
LOOK = 2.0  #: seconds between two looks at all trouble
MOST_GROUPS = 6  #: of which each is a card: the worst
LOOKED_AT = 50  #: largest groups, among which the worst are looked for
MOST_ROWS = 8
OPEN = frozenset({Status.PENDING, Status.RUNNING})
WAITS = ExecutionFilter(causes=frozenset[str](PEOPLE), statuses=OPEN)
FAILURES = ExecutionFilter(statuses=frozenset({Status.FAILED}), failures=frozenset({Failure.STANDING}))
STANDING = "Newest first; not what a newer attempt superseded, nor what somebody cancelled or rejected"
NOTHING_WAITS = Empty(kind=EmptyKind.ALL_HEALTHY, title="Nobody is waited for", text="No approval is asked for.")
NO_FAILURES = Empty(kind=EmptyKind.ALL_HEALTHY, title="No failures", text="No failed run waits for a new attempt.")


async def build(scope: Scope, _: PageArguments) -> None:
    """Draw the page and keep it true."""
    with PageHeader(PLACE.title):
        register_button()
    line, board, may_retry = VerdictLine(), IncidentBoard(), sessions.may(Permission.RETRY)
    more = MoreIncidents("/executions?health=stuck,drift,slow,unknown")
    with Section("Waits for people", subtitle="Longest first", flush=True) as waiting:
        waits = _table(scope, "Runs that wait for people", rows_view(scope, WAITS, Sort.ATTENTION), NOTHING_WAITS)
    with waiting.actions:
        attribute(
            tag("a", "Show all", classes="button"), "href", f"/executions?status=open&cause={','.join(sorted(PEOPLE))}"
        )
    numbers = Numbers(scope)

    def show_board(now: Board) -> None:
        line.show(verdict(now))
        board.show(incidents(now, may_retry=may_retry))
        more.show(now.more)
        waiting.set_visibility(now.waiting > 0)

    listener = Listener[Board](show_board)
    show_board((await scope.hub.watch(board_view(scope), listener)).value)
    await waits.draw()
    await numbers.follow()


PLACE = Place(path="/", title="Overview", build=build, nav=Nav(icon="space_dashboard", key="o"))


class Numbers:
    """How many there are, how the last day went, and what failed last; all in its place before the first number."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        with kpis():
            self._tiles = {status: Kpi(LABELS[status], href=f"/executions?status={status}") for status in Status}
            self._findings = Kpi("Open findings", href="/reconciliation?standing=open")
        with Section("Throughput", subtitle="Runs that ended, by hour of the last 24, in your time zone"):
            self._chart = charts.stacked_bars([], _series(())).classes("chart-low")
        with Section("Recent failures", subtitle=STANDING, flush=True) as self._failed:
            view = rows_view(scope, FAILURES, Sort.NEWEST)
            self._failures = _table(scope, "Failed runs", view, NO_FAILURES)
        self._counted = Listener[StatusCounts](self._show_counts)
        self._found = Listener[ReconcilerState](self._show_findings)
        self._ended = Listener[tuple[HourlyThroughput, ...]](self._show_throughput)

    async def follow(self) -> None:
        hub = self._scope.hub
        self._show_counts((await hub.watch(counts_view(self._scope), self._counted)).value)
        self._show_findings((await hub.watch(state_view(self._scope), self._found)).value)
        await self._failures.draw()
        self._show_throughput((await hub.watch(throughput(self._scope), self._ended)).value)

    def _show_counts(self, counts: StatusCounts) -> None:
        for status, tile in self._tiles.items():
            tile.show(numbered(counts.numbers[status]))
        self._failed.set_visibility(counts.numbers[Status.FAILED] > 0)

    def _show_throughput(self, hours: tuple[HourlyThroughput, ...]) -> None:
        charts.show_bars(self._chart, [hour.hour for hour in hours], _series(hours))

    def _show_findings(self, state: ReconcilerState) -> None:
        self._findings.show(f"{state.open_findings:,}", delta="reconciliation is silent" if state.is_silent else "")


def _table(scope: Scope, caption: str, view: View[Rows, News], empty: Empty) -> RowsTable:
    return RowsTable(
        scope.hub,
        view,
        columns=COLUMNS,
        caption=caption,
        empty=empty,
        row_path="/executions/{id}",
        keyboard=False,
        layout=Layout.BRIEF,
    )


def board_view(scope: Scope) -> View[Board, Board]:
    reads = scope.services.reads

    async def load() -> Board:
        groups = await reads.groups.list(limit=LOOKED_AT)
        waits = await reads.executions.list(WAITS, sort=Sort.ATTENTION, limit=1)
        counts = await reads.executions.status_counts()
        known = worst_first(group for group in groups.items if group.cause not in PEOPLE)
        troubles = [group for group in known if group.awake]
        return Board(
            groups=tuple(troubles[:MOST_GROUPS]),
            asleep=tuple(group for group in known if not group.awake),
            more=max(len(troubles) - MOST_GROUPS, 0) + groups.total - len(groups.items),
            waiting=COUNT_CAP + 1 if waits.total_capped else waits.total,
            failed=counts.numbers[Status.FAILED],
            open=sum(counts.numbers[status] for status in OPEN),
            is_watched=reads.executions.is_watched(),
            is_known=await reads.attention.is_known(),
            bulks={bulk.group: bulk for bulk in await reads.bulks.of_groups() if bulk.group is not None},
        )

    return View(
        key="board",
        concerns=lambda changed: (
            execution_table.concerns(changed)
            or any(changed.concerns(kind) for kind in ("bulk", "command", "diagnosis"))
        ),
        load=load,
        news=lambda before, after: None if before == after else after,
        at_most_every=LOOK,
    )


def rows_view(scope: Scope, wanted: ExecutionFilter, sort: Sort) -> View[Rows, News]:
    async def load() -> Rows:
        return execution_table.rows(await scope.services.reads.executions.list(wanted, sort=sort, limit=MOST_ROWS))

    return live_rows.view(
        ("overview", wanted),
        concerns=execution_table.concerns,
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
