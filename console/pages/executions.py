"""The page that lists executions: what runs, what waits, what went wrong."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from uuid import UUID

from nicegui.page_arguments import PageArguments

from console import sessions
from console.channels import Listener, View
from console.components.counts import Count, Counts
from console.components.page_headers import PageHeader
from console.components.tables import Empty, EmptyKind, Layout, to_json
from console.pages import address, execution_table, live_rows
from console.pages.execution_filters import WORDS, bulk_of, exported, filter_of
from console.pages.list_filters import ListFilters
from console.pages.live_list import ListShape, LiveList
from console.pages.live_rows import News, Rows
from console.pages.place import Nav, Place
from console.pages.register_tenant import register_button
from console.pages.scope import Scope
from console.pages.selecting import Selecting, offered
from console.pages.trouble_filters import TroubleFilters
from operations import kinds
from operations.bulk.plans import DEEDS
from operations.queries.execution_numbers import StatusCounts
from operations.queries.execution_views import STATUS_WORDS, ExecutionView, Sort, TriageWord
from operations.queries.paging import COUNT_CAP, Page, page_or_one_before
from operations.statuses import Failure, Status

PATH = "/executions"
EXPORT = "/api/v1/exports/executions.csv"
LABELS = {Status.PENDING: "Pending", Status.RUNNING: "Running", Status.COMPLETED: "Completed", Status.FAILED: "Failed"}
OPEN = Count(value="open", label="Open")
CALLED_OFF = Count(value=Failure.CALLED_OFF.value, label="Cancelled or rejected")
SUPERSEDED = Count(value=Failure.SUPERSEDED.value, label="Superseded")
TRIAGE = {TriageWord.UNACKNOWLEDGED.value: "Unacknowledged", TriageWord.MINE.value: "Assigned to me"}
#: column of the table → orders by it
SORTS = {
    "last_progress_at": (Sort.ATTENTION, Sort.ATTENTION),
    "created_at": (Sort.OLDEST, Sort.NEWEST),
    "started_at": (Sort.EARLIEST_STARTED, Sort.LATEST_STARTED),
    "completed_at": (Sort.EARLIEST_COMPLETED, Sort.LATEST_COMPLETED),
    "duration": (Sort.SHORTEST, Sort.LONGEST),
    "tenant": (Sort.TENANT, Sort.TENANT_BACKWARD),
}
NOTHING_YET = Empty(
    kind=EmptyKind.NOTHING_YET,
    title="No executions yet",
    text="Register a tenant, and its provisioning shows up here while it runs.",
    action="Register a tenant",
    href="/tenants/new",
)
NOTHING_MATCHES = Empty(
    kind=EmptyKind.NOTHING_MATCHES,
    title="No execution matches",
    text="No execution has what the filters ask for.",
    action="Clear filters",
    href=PATH,
)


SHAPE = ListShape(
    path=PATH,
    caption="Executions",
    columns=execution_table.COLUMNS,
    sorts=SORTS,
    nothing_yet=NOTHING_YET,
    nothing_matches=NOTHING_MATCHES,
    row_path="/executions/{id}",
    export=EXPORT,
    exported=exported,
    layout=Layout.BRIEF,
    naming="tenant",
)


async def build(scope: Scope, arguments: PageArguments) -> None:
    """Draw the page for the address as it was opened."""
    query = address.values(arguments)
    with PageHeader(PLACE.title, subtitle="Every run of every tenant, as it happens") as header:
        register_button()
    statuses = [word for word in query.get("status", "").split(",") if word in WORDS]
    counts, show_counts = _counts(scope, statuses, lambda words: filters.choose(status=",".join(words)))
    trouble = TroubleFilters(scope, query, lambda: filters)
    filters = ListFilters(query)
    filters.add("status", lambda: counts.choose(()))
    trouble.serve(filters)
    filters.search("Search tenant, owner, id or error")
    filters.choice("type", label="Workflow", options={kind.stored_name: kind.title for kind in kinds.known()})
    filters.choice("triage", label="Triage", options=TRIAGE)
    filters.days("created", label="Created")
    if (bulk := bulk_of(query)) is not None:  # only links choose one
        filters.choice("bulk", label="Bulk operation", options={str(bulk): f"{bulk}"[:8]})
    viewer = sessions.actor().staff_id
    can_do = offered(DEEDS)
    shown = LiveList(
        scope.hub,
        SHAPE,
        query=query,
        view=lambda now: view(scope, now, viewer),
        header=header,
        filters=filters,
        selecting=Selecting(scope, filters, can_do, wanted=lambda now: filter_of(now, viewer)) if can_do else None,
    )
    await shown.draw()
    await show_counts()
    await trouble.show()


PLACE = Place(path=PATH, title="Executions", build=build, nav=Nav(icon="account_tree", key="e"))


def _counts(
    scope: Scope, chosen: Collection[str], on_choose: Callable[[list[str]], Awaitable[None]]
) -> tuple[Counts, Callable[[], Awaitable[None]]]:
    """The counts of the statuses, and what shows the numbers in them and follows them from then on."""

    async def show() -> None:
        now = await scope.hub.watch(counts_view(scope), listener)
        counts.show(numbers(now.value), now.edition)

    counts = Counts(
        [
            OPEN,
            *(Count(value=status.value, label=LABELS[status], status=status.value) for status in Status),
            CALLED_OFF,
            SUPERSEDED,
        ],
        label="Status",
        cap=COUNT_CAP,
        chosen=chosen,
        on_choose=on_choose,
        on_behind=show,
    )
    listener = Listener[StatusCounts]()
    return counts, show


def view(scope: Scope, query: Mapping[str, str], viewer: UUID | None = None) -> View[Rows, News]:
    """Shared by all who look, but for what is theirs."""
    wanted = filter_of(query, viewer)

    async def load() -> Rows:
        return execution_table.rows(await page_or_one_before(read, query.get("cursor")))

    async def read(cursor: str | None) -> Page[ExecutionView]:
        return await scope.services.reads.executions.list(wanted, sort=_sort(query), cursor=cursor, limit=50)

    return live_rows.view(
        ("executions", wanted.assignee_id, *sorted(query.items())),
        concerns=execution_table.concerns,
        load=load,
    )


def counts_view(scope: Scope) -> View[StatusCounts, StatusCounts]:
    return View(
        key="execution counts",
        concerns=lambda changed: changed.concerns("execution"),
        load=scope.services.reads.executions.status_counts,
        news=lambda before, after: None if before == after else after,
        to_json=lambda counts: to_json(numbers(counts)),
    )


def numbers(counts: StatusCounts) -> dict[str, int]:
    numbers = {word: sum(counts.numbers.get(each, 0) for each in statuses) for word, statuses in STATUS_WORDS.items()}
    return {**numbers, CALLED_OFF.value: counts.called_off, SUPERSEDED.value: counts.superseded}


def _sort(query: Mapping[str, str]) -> Sort:
    return Sort(query["sort"]) if query.get("sort") in set(Sort) else Sort.ATTENTION
