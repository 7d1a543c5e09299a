"""The page of one tenant: who needs to act, everything that happened to it, its runs, and what exists in its schema."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from nicegui import ui
from nicegui.page_arguments import PageArguments

from console.channels import Listener, View
from console.components.badges import StatusBadges, chip
from console.components.cards import Fact, Section, facts
from console.components.page_headers import PageHeader
from console.components.tables import Empty, EmptyKind
from console.components.text import tag
from console.pages import address, execution_table, live_rows, tenant_trouble
from console.pages.live_rows import News, Rows
from console.pages.place import Place
from console.pages.rows_table import RowsTable
from console.pages.scope import Scope
from console.pages.tenant_history import TenantHistory
from console.pages.tenant_removal import Countdown, Removal
from console.pages.tenant_trouble import Trouble, Troubled
from console.pages.tenant_work import Work
from operations.feed import Changed
from operations.queries.execution_views import ExecutionFilter
from operations.queries.schemas import SchemaView
from operations.queries.tenants import TenantView

COLUMNS = tuple(
    replace(column, sortable=False)
    for column in execution_table.COLUMNS
    if column.name not in ("tenant", "requested_by")
)
NO_RUNS = Empty(kind=EmptyKind.NOTHING_YET, title="No runs", text="Nothing has been started for this tenant.")


async def build(scope: Scope, arguments: PageArguments) -> None:
    """Draw the page and keep it true."""
    slug = arguments.path_parameters["slug"]
    tenant = await scope.services.reads.tenants.by_slug(slug)
    header = PageHeader(tenant.name, subtitle=tenant.slug, back=("Tenants", "/tenants"), here=f"/tenants/{slug}")
    with header.badges:
        badges = StatusBadges(tenant.status.value)
        chip(tenant.plan.value.capitalize())
    with header:
        work = Work(scope)
        removal = Removal(scope)
    trouble = Trouble(scope)
    countdown = Countdown()
    with ui.element("div").classes("thirds"):
        with Section("What happened"):
            history = TenantHistory(scope, slug, tenant.id, address.values(arguments).get("show"))
        with Section("Facts"):
            known = ui.element("div")
    with Section("Runs", flush=True):
        table = RowsTable(
            scope.hub,
            runs(scope, tenant),
            columns=COLUMNS,
            caption=f"Runs of {tenant.slug}",
            empty=NO_RUNS,
            row_path="/executions/{id}",
        )

    def show(now: Customer) -> None:
        badges.show(now.tenant.status.value)
        countdown.show(now.tenant)
        known.clear()
        with known:
            facts(list(_facts(now)))
            _contents(now.schema)
        work.show(now.tenant)
        removal.show(now.tenant)

    followed, listener = view(scope, slug, tenant.id), Listener[Customer](show)
    show((await scope.hub.watch(followed, listener)).value)
    troubled = Listener[Troubled](trouble.show)
    trouble.show((await scope.hub.watch(tenant_trouble.view(scope, tenant.id), troubled)).value)
    await history.draw()
    await table.draw()


PLACE = Place(path="/tenants/{slug}", title="Tenant", build=build)


@dataclass(frozen=True, kw_only=True, slots=True)
class Customer:
    """The customer with its latest run, and what exists of it."""

    tenant: TenantView
    schema: SchemaView | None


def view(scope: Scope, slug: str, id_: UUID) -> View[Customer, Customer]:
    """What exists in the schema changes with the steps of a run, and is looked at with it."""
    shown: set[str] = set()

    async def load() -> Customer:
        reads = scope.services.reads
        tenant = await reads.tenants.by_slug(slug)
        shown.add(str(tenant.execution_id))
        return Customer(tenant=tenant, schema=await reads.schemas.of(id_))

    return View(
        key=("tenant", slug),
        concerns=lambda changed: (
            changed.concerns("tenant", str(id_)) or any(changed.concerns("execution", run) for run in shown)
        ),
        load=load,
        news=lambda before, after: None if before == after else after,
    )


def runs(scope: Scope, tenant: TenantView) -> View[Rows, News]:
    shown: set[str] = set()

    async def load() -> Rows:
        wanted = ExecutionFilter(entity_id=tenant.id)
        page = await scope.services.reads.executions.list(wanted, limit=100)
        shown.update(str(each.id) for each in page.items)
        return execution_table.rows(page)

    def concerns(changed: Changed) -> bool:
        """A new run comes with a change of its tenant; the others are known."""
        known = changed.concerns("tenant", str(tenant.id)) or changed.concerns("triage")
        return known or any(changed.concerns("execution", id_) for id_ in shown)

    return live_rows.view(("runs", tenant.id), concerns=concerns, load=load)


def _facts(now: Customer) -> Iterator[Fact]:
    tenant, schema = now.tenant, now.schema
    yield Fact(label="Plan", value=tenant.plan.value.capitalize())
    yield Fact(label="Owner", value=tenant.owner_email)
    yield Fact(label="Registered", value=tenant.created_at)
    yield Fact(label="Activated", value=tenant.activated_at)
    if tenant.due_at:
        yield Fact(label="All data is deleted", value=tenant.due_at)
    yield Fact(label="Schema", value=tenant.schema_name, mono=True)
    if schema is not None and schema.version is not None:
        yield Fact(label="Migrated to", value=schema.version)


def _contents(schema: SchemaView | None) -> None:
    """The tables of the schema, with about as many rows as PostgreSQL has noted."""
    tag("h3", "In the schema", classes="inner-title")
    if schema is None or not schema.exists:
        tag("p", "The schema does not exist.", classes="nothing")
    elif not schema.tables:
        tag("p", "The schema is there, and empty.", classes="nothing")
    else:
        facts([Fact(label=table.name, value=_entries(table.rows)) for table in schema.tables])


def _entries(number: int) -> str:
    if number == 0:
        return "empty"
    return "about 1 entry" if number == 1 else f"about {number:,} entries"
