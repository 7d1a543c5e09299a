"""The list of bulk operations."""

from console.api.exports import Sheet
from console.api.lists import Listed, Listing
from console.asked import Asked
from console.components.badges import Tone
from console.components.tables import Column, Empty, EmptyKind, Kind
from console.pages import bulk_words, live_rows
from console.pages.list_page import ListPage
from console.pages.live_rows import Row
from console.pages.place import Nav
from operations.bootstrap import Reads
from operations.phrases import who
from operations.queries.bulk_views import BulkView
from operations.queries.paging import Page

ABOUT = """List bulk operations, the newest first, each with what became of its executions as far as is known.

`POST /executions/bulk` begins one; `GET /bulk/{id}` has the result of each execution."""


async def read(reads: Reads, _: Asked, cursor: str | None, limit: int) -> Page[BulkView]:
    return await reads.bulks.list(cursor=cursor, limit=limit)


def row(bulk: BulkView) -> Row:
    return {
        "id": str(bulk.id),
        "state": bulk.state.value,
        "trouble": bulk_words.trouble(bulk),
        "tone": Tone.STUCK.value if bulk_words.trouble(bulk) else None,
        "title": bulk_words.title(bulk.action, bulk.total),
        "reason": bulk.reason,
        "settled": bulk.settled,
        "total": bulk.total,
        "outcome": bulk_words.outcome(bulk),
        "requested_by": who(bulk.requested_by),
        "created_at": live_rows.seconds(bulk.created_at),
    }


LISTING = Listing(
    name="bulk",
    about=ABOUT,
    answer=Listed[BulkView],
    read=read,
    sheet=Sheet(
        columns=(
            "action",
            "state",
            "total",
            "done",
            "failed",
            "skipped",
            "left",
            "sent",
            "requested_by",
            "released_by",
            "reason",
            "created_at",
            "finished_at",
            "id",
        )
    ),
)
PAGE = ListPage(
    listing=LISTING,
    path="/bulk",
    title="Bulk operations",
    subtitle="What was done to many runs at once, and whether it helped",
    noun="bulk operation",
    columns=(
        Column(
            name="state",
            label="State",
            kind=Kind.STATUS,
            secondary="trouble",
            tone="tone",
            hideable=False,
            width=220,
        ),
        Column(
            name="title",
            label="What",
            kind=Kind.LINK,
            secondary="reason",
            hideable=False,
            href="/bulk/{id}",
        ),
        Column(name="settled", label="Had their turn", kind=Kind.PROGRESS, total="total"),
        Column(name="outcome", label="What became of them", kind=Kind.ERROR),
        Column(name="requested_by", label="Asked for by"),
        Column(name="created_at", label="Begun", kind=Kind.TIME),
    ),
    row=row,
    row_path="/bulk/{id}",
    concerns=("bulk", "command", "execution"),
    at_most_every=2.0,
    nothing_yet=Empty(
        kind=EmptyKind.NOTHING_YET,
        title="Nothing was done to many at once yet",
        text="Choose runs in the list of executions, or a group on the overview, and act on all of them.",
        action="Show executions",
        href="/executions",
    ),
)
PLACE = PAGE.place(Nav(icon="checklist", key="b"))
