"""The list of tenants."""

from console.api.exports import Sheet
from console.api.lists import Listed, Listing
from console.asked import Asked, Choice, Order, Search
from console.components.tables import Column, Empty, EmptyKind, Kind
from console.pages import live_rows
from console.pages.list_page import ListPage
from console.pages.live_rows import Row
from console.pages.place import Nav
from console.pages.register_tenant import register_button
from operations.bootstrap import Reads
from operations.phrases import shown_status
from operations.queries.paging import Page
from operations.queries.tenants import TenantSort, TenantView
from operations.statuses import TenantStatus

SEARCH = Search(label="Search name, slug or owner’s e-mail")
ABOUT = """List tenants, by default the newest first.

`q` is looked for in names and slugs, whatever the accents, and at the beginning of owners' e-mails."""
ORDER = Order(usual=TenantSort.NEWEST, about="`created_at` or `slug`; with `-` the latest or the last first")
#: column of the table → orders by it
SORTS = {
    "name": (TenantSort.SLUG, TenantSort.SLUG_BACKWARD),
    "created_at": (TenantSort.OLDEST, TenantSort.NEWEST),
}
STATUS = Choice(name="status", label="Status", options={status: status.value.capitalize() for status in TenantStatus})


async def read(reads: Reads, asked: Asked, cursor: str | None, limit: int) -> Page[TenantView]:
    return await reads.tenants.list(
        statuses=STATUS.of(asked), search=SEARCH.of(asked), sort=ORDER.of(asked), cursor=cursor, limit=limit
    )


def row(tenant: TenantView) -> Row:
    run = tenant.execution_status
    return {
        "id": tenant.slug,
        "slug": tenant.slug,
        "name": tenant.name,
        "status": tenant.status.value,
        "plan": tenant.plan.value.capitalize(),
        "owner": tenant.owner_email or "",
        "run": None if run is None else shown_status(run, tenant.execution_close_reason),
        "created_at": live_rows.seconds(tenant.created_at),
        "activated_at": live_rows.seconds(tenant.activated_at),
    }


LISTING = Listing(
    name="tenants",
    about=ABOUT,
    answer=Listed[TenantView],
    read=read,
    words=(SEARCH, STATUS),
    order=ORDER,
    sheet=Sheet(
        columns=(
            "slug",
            "name",
            "plan",
            "status",
            "owner_email",
            "execution_status",
            "execution_close_reason",
            "created_at",
            "activated_at",
            "due_at",
            "schema_name",
            "id",
        )
    ),
)
PAGE = ListPage(
    listing=LISTING,
    path="/tenants",
    title="Tenants",
    subtitle="Every customer, and how its latest run went",
    noun="tenant",
    columns=(
        Column(name="status", label="Status", kind=Kind.STATUS, hideable=False, width=150),
        Column(
            name="name",
            label="Tenant",
            kind=Kind.LINK,
            secondary="slug",
            hideable=False,
            sortable=True,
            href="/tenants/{slug}",
        ),
        Column(name="plan", label="Plan"),
        Column(name="owner", label="Owner"),
        Column(name="run", label="Latest run", kind=Kind.STATUS),
        Column(name="created_at", label="Registered", kind=Kind.TIME, sortable=True),
        Column(name="activated_at", label="Activated", kind=Kind.TIME),
    ),
    sorts=SORTS,
    row=row,
    row_path="/tenants/{id}",
    concerns=("tenant", "execution"),
    nothing_yet=Empty(
        kind=EmptyKind.NOTHING_YET,
        title="No tenants yet",
        text="Register the first customer; its schema is made and migrated while you watch.",
        action="Register a tenant",
        href="/tenants/new",
    ),
    nothing_matches="No name or slug has what you searched for, and no owner’s e-mail begins with it.",
    buttons=register_button,
)
PLACE = PAGE.place(Nav(icon="apartment", key="t"))
