"""The page of one bulk operation: how far it is, what it waits for, and what became of each execution."""

from collections.abc import Callable, Mapping
from uuid import UUID

from nicegui import ui
from nicegui.page_arguments import PageArguments

from console.channels import Listener, View
from console.components.badges import Sign, StatusBadges, Tone
from console.components.cards import Fact, Section, facts
from console.components.page_headers import PageHeader
from console.components.progress import Progress
from console.components.tables import Column, Empty, EmptyKind, Kind, Layout
from console.components.text import attribute, tag
from console.pages import address, bulk_words, live_rows
from console.pages.bulk_actions import BulkActions
from console.pages.list_filters import ListFilters
from console.pages.live_list import ListShape, LiveList
from console.pages.live_rows import News, Row, Rows
from console.pages.looks import look_again
from console.pages.place import Place
from console.pages.scope import Scope
from operations.errors import BulkNotFound
from operations.feed import Changed
from operations.phrases import who
from operations.queries.bulk_views import BulkRowView, BulkView
from operations.queries.paging import Page, page_or_one_before
from operations.statuses import BulkResult, BulkState

LOOK = 0.5  #: seconds between two looks at one while it goes on
AGAIN = 5.0  #: seconds; that nothing is done any more is nothing that the feed could tell
RESULTS = {result.value: bulk_words.result(result) for result in BulkResult}
COLUMNS = (
    Column(name="result", label="Result", kind=Kind.STATUS, hideable=False, width=170),
    Column(
        name="tenant",
        label="Tenant",
        kind=Kind.LINK,
        secondary="slug",
        href="/executions/{run}",
        note="attempt",
        note_href="/executions/{successor}",
        hideable=False,
    ),
    Column(name="why", label="Why", kind=Kind.ERROR),
    Column(name="settled_at", label="When", kind=Kind.TIME),
)


async def build(scope: Scope, arguments: PageArguments) -> None:
    """Draw the page and keep it true."""
    try:
        id_ = UUID(arguments.path_parameters["id"])
    except ValueError:
        raise BulkNotFound from None
    followed = view(scope, id_)
    page = BulkPage(scope, await followed.load())
    listener = Listener[BulkView](page.show)
    page.show((await scope.hub.watch(followed, listener)).value)
    look_again(AGAIN, page.look_again)
    await page.draw_rows(address.values(arguments))


PLACE = Place(path="/bulk/{id}", title="Bulk operation", build=build)


class BulkPage:
    """The parts of the page that change while it goes on."""

    def __init__(self, scope: Scope, bulk: BulkView) -> None:
        """Draw everything once; `show` keeps it true."""
        self._scope = scope
        self._id = bulk.id
        self._fact_list: list[Fact] = []
        self._header = PageHeader(
            bulk_words.title(bulk.action, bulk.total),
            subtitle=f"Asked for by {who(bulk.requested_by)}: “{bulk.reason}”",
            back=("Bulk operations", "/bulk"),
            here=f"/bulk/{bulk.id}",
        )
        with self._header.badges:
            self._badges = StatusBadges(bulk.state.value)
        with self._header:
            self._actions = BulkActions(scope)
        with ui.element("div").classes("notice") as self._notice:
            attribute(self._notice, "role", "status")
            self._outcome = tag("p", classes="notice-title")
            self._standing = tag("p", classes="notice-text")
        with Section("Progress"):
            self._progress = Progress("How many have had their turn")
        with Section("Facts"):
            self._facts = ui.element("div")

    def show(self, bulk: BulkView) -> None:
        self._bulk = bulk
        trouble = bulk_words.trouble(bulk)
        self._badges.show(bulk.state.value, sign=Sign(tone=Tone.STUCK, word=trouble) if trouble else None)
        self._actions.show(bulk)
        self._outcome.set_text(bulk_words.outcome(bulk))
        self._standing.set_text(bulk_words.standing(bulk))
        attribute(self._notice, "data-status", _tone(bulk))
        goes_on = bulk.finished_at is None and bulk.state is BulkState.RUNNING
        pace = f"{bulk.rate:.1f} a second" if goes_on else ""
        self._progress.show(bulk_words.parts(bulk), done=bulk.settled, total=bulk.total, more=pace)
        if (found := _facts(bulk)) != self._fact_list:
            self._fact_list = found
            self._facts.clear()
            with self._facts:
                facts(found)

    async def look_again(self) -> None:
        if self._bulk.finished_at is None:
            self.show(await self._scope.services.reads.bulks.get(self._id))

    async def draw_rows(self, query: Mapping[str, str]) -> None:
        filters = ListFilters(query)
        filters.choice("result", label="Result", options=RESULTS)
        shown = LiveList(
            self._scope.hub,
            shape(self._id),
            query=query,
            view=lambda now: rows_view(self._scope, self._id, now),
            header=self._header,
            filters=filters,
        )
        await shown.draw()


def shape(id_: UUID) -> ListShape:
    path = f"/bulk/{id_}"
    return ListShape(
        path=path,
        caption="What became of each",
        columns=COLUMNS,
        sorts={},
        layout=Layout.BRIEF,
        row_path="/executions/{id}",
        nothing_yet=Empty(
            kind=EmptyKind.NOTHING_YET,
            title="There is nothing in it",
            text="Nothing matched when it was asked for, so nothing was done.",
        ),
        nothing_matches=Empty(
            kind=EmptyKind.NOTHING_MATCHES,
            title="None has this result",
            text="Other executions of it have other results.",
            action="Show all of it",
            href=path,
        ),
    )


def view(scope: Scope, id_: UUID) -> View[BulkView, BulkView]:
    """Whether a run moved on is told by its own changes; once all is known, those concern it no more."""
    return View(
        key=("bulk", id_),
        concerns=concerns(id_),
        load=lambda: scope.services.reads.bulks.get(id_),
        news=lambda before, after: None if before == after else after,
        at_most_every=LOOK,
    )


def rows_view(scope: Scope, id_: UUID, query: Mapping[str, str]) -> View[Rows, News]:
    wanted = (BulkResult(query["result"]),) if query.get("result") in RESULTS else ()

    async def read(cursor: str | None) -> Page[BulkRowView]:
        return await scope.services.reads.bulks.rows(id_, results=wanted, cursor=cursor)

    async def load() -> Rows:
        page = await page_or_one_before(read, query.get("cursor"))
        return Rows.of(page, [row(each) for each in page.items])

    return live_rows.view(
        ("executions of bulk", id_, *sorted(query.items())), concerns=concerns(id_), load=load, at_most_every=LOOK
    )


def concerns(id_: UUID) -> Callable[[Changed], bool]:
    return lambda changed: (
        changed.concerns("bulk", str(id_)) or changed.concerns("command") or changed.concerns("execution")
    )


def row(each: BulkRowView) -> Row:
    return {
        "id": str(each.execution_id),
        "run": str(each.execution_id),
        "result": each.result.value,
        "tenant": each.entity_name or each.workflow_id or str(each.execution_id),
        "slug": each.entity_slug,
        "why": each.why,
        "attempt": None if each.successor_id is None else "New attempt",
        "successor": None if each.successor_id is None else str(each.successor_id),
        "settled_at": live_rows.seconds(each.settled_at),
    }


def _tone(bulk: BulkView) -> str:
    """The word that gives the notice its colour."""
    if bulk_words.trouble(bulk):
        return "failed"
    if bulk.finished_at is None:
        return "running" if bulk.state is BulkState.RUNNING else "timed_out"
    return "completed" if bulk.done and bulk.state is BulkState.FINISHED else "cancelled"


def _facts(bulk: BulkView) -> list[Fact]:
    by, where = bulk_words.chosen(bulk)
    first = None if bulk.canary_id is None else f"/executions/{bulk.canary_id}"
    return [
        Fact(label="Chosen by", value=by, href=where),
        Fact(label="Executions", value="Show them in the list", href=f"/executions?bulk={bulk.id}"),
        *([Fact(label="Went first", value=bulk.canary_name or "One of them", href=first)] if first else []),
        *([Fact(label="Released by", value=who(bulk.released_by))] if bulk.released_by else []),
        Fact(label="Begun", value=bulk.created_at),
        Fact(label="Ended", value=bulk.finished_at),
        Fact(label="Id", value=str(bulk.id), mono=True),
    ]
