"""The list of customers."""

from collections.abc import Mapping

from nicegui.page_arguments import PageArguments

from console.channels import View
from console.components.page_headers import PageHeader
from console.components.tables import Column, Empty, EmptyKind, Kind
from console.pages import address, live_rows
from console.pages.list_filters import ListFilters
from console.pages.live_list import ListShape, LiveList
from console.pages.live_rows import News, Row, Rows
from console.pages.place import Nav, Place
from console.pages.register_tenant import register_button
from console.pages.scope import Scope
from operations.phrases import shown_status
from operations.queries.paging import Page, page_or_one_before
from operations.queries.tenants import TenantView
from operations.statuses import TenantStatus

PATH = "/tenants"
COLUMNS = (
    Column(name="status", label="Status", kind=Kind.STATUS, hideable=False, width=150),
    Column(name="name", label="Tenant", kind=Kind.LINK, secondary="slug", hideable=False, href="/tenants/{slug}"),
    Column(name="plan", label="Plan"),
    Column(name="owner", label="Owner"),
    Column(name="run", label="Latest run", kind=Kind.STATUS),
    Column(name="created_at", label="Registered", kind=Kind.TIME),
    Column(name="activated_at", label="Activated", kind=Kind.TIME),
)
SHAPE = ListShape(
    path=PATH,
    caption="Tenants",
    columns=COLUMNS,
    sorts={},
    row_path="/tenants/{id}",
    nothing_yet=Empty(
        kind=EmptyKind.NOTHING_YET,
        title="No tenants yet",
        text="Register the first customer; its schema is made and migrated while you watch.",
        action="Register a tenant",
        href="/tenants/new",
    ),
    nothing_matches=Empty(
        kind=EmptyKind.NOTHING_MATCHES,
        title="No tenant matches",
        text="No name or slug has what you searched for.",
        action="Clear filters",
        href=PATH,
    ),
)
OPTIONS = {status.value: status.value.capitalize() for status in TenantStatus}


async def build(scope: Scope, arguments: PageArguments) -> None:
    """Draw the page for the address as it was opened."""
    query = address.values(arguments)
    with PageHeader(PLACE.title, subtitle="Every customer, and how its latest run went") as header:
        register_button()
    filters = ListFilters(query)
    filters.search("Search name or slug")
    filters.choice("status", label="Status", options=OPTIONS)
    shown = LiveList(scope.hub, SHAPE, query=query, view=lambda now: view(scope, now), header=header, filters=filters)
    await shown.draw()


PLACE = Place(path=PATH, title="Tenants", build=build, nav=Nav(icon="apartment", key="t"))


def view(scope: Scope, query: Mapping[str, str]) -> View[Rows, News]:
    async def load() -> Rows:
        page = await page_or_one_before(read, query.get("cursor"))
        return Rows.of(page, [_row(tenant) for tenant in page.items])

    async def read(cursor: str | None) -> Page[TenantView]:
        return await scope.services.reads.tenants.list(
            statuses=frozenset({TenantStatus(query["status"])} if query.get("status") in OPTIONS else ()),
            search=query.get("q", ""),
            cursor=cursor,
        )

    return live_rows.view(
        ("tenants", *sorted(query.items())),
        concerns=lambda changed: changed.concerns("tenant") or changed.concerns("execution"),
        load=load,
    )


def _row(tenant: TenantView) -> Row:
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
