"""One customer: who they are, where they stand, and every run for them."""

from dataclasses import replace
from uuid import UUID

from nicegui import ui

from console import sessions
from console.components import feedback
from console.components.badges import StatusBadges
from console.components.cards import Fact, Section, facts
from console.components.page_headers import PageHeader
from console.components.tables import Empty, EmptyKind
from console.live import Listener, View
from console.pages import execution_table, live_rows
from console.pages.live_rows import News, Rows
from console.pages.rows_table import RowsTable
from console.pages.scope import Scope
from operations.access import Permission
from operations.feed import Changed
from operations.queries.execution_views import ExecutionFilter
from operations.queries.tenants import TenantView
from operations.statuses import TenantStatus

COLUMNS = tuple(
    replace(column, sortable=False)
    for column in execution_table.COLUMNS
    if column.name not in ("tenant", "requested_by")
)
NO_RUNS = Empty(kind=EmptyKind.NOTHING_YET, title="No runs", text="Nothing has been started for this tenant.")


async def build(scope: Scope, slug: str) -> None:
    """Draw the page and keep it true."""
    tenant = await scope.services.reads.tenants.by_slug(slug)
    header = PageHeader(tenant.name, subtitle=tenant.slug, back=("Tenants", "/tenants"))
    with header.badges:
        badges = StatusBadges(tenant.status.value)
    with header:
        leaving = ui.element("div")
    with Section("Facts"):
        known = ui.element("div")
    with Section("Runs", flush=True):
        table = RowsTable(
            scope.hub,
            _runs(scope, tenant),
            columns=COLUMNS,
            caption=f"Runs of {tenant.slug}",
            empty=NO_RUNS,
            row_path="/executions/{id}",
        )

    def show(now: TenantView) -> None:
        badges.show(now.status.value)
        known.clear()
        with known:
            facts(_facts(now))
        leaving.clear()
        with leaving:
            _deprovision_button(scope, now)

    tenant_listener = Listener[TenantView](show)
    show((await scope.hub.watch(_tenant(scope, slug, tenant.id), tenant_listener)).value)
    await table.draw()


def _deprovision_button(scope: Scope, tenant: TenantView) -> None:
    if not sessions.may(Permission.DEPROVISION):
        return
    possible = tenant.status in (TenantStatus.ACTIVE, TenantStatus.FAILED)
    button = ui.button("Deprovision", icon="delete", color="negative", on_click=lambda: _deprovision(scope, tenant))
    button.props("outline").set_enabled(possible)
    if not possible:
        button.tooltip(f"The tenant is {tenant.status}; only an active or failed one can be deprovisioned.")


async def _deprovision(scope: Scope, tenant: TenantView) -> None:
    reason = await feedback.confirm(
        f"Deprovision {tenant.name}?",
        what_will_happen=[
            f"{tenant.status.capitalize()} → deprovisioning, at once.",
            "After the waiting time the schema with all its data is dropped.",
            "Until then, canceling the run undoes this.",
        ],
        not_undone=[f"The slug {tenant.slug} stays taken for ever."],
        danger=True,
        action="Deprovision the tenant",
    )
    if reason is not None:
        actor = sessions.actor(Permission.DEPROVISION)
        run = await feedback.attempt(scope.services.tenants.deprovision(actor, tenant.slug, reason))
        if run is not None:
            ui.navigate.to(f"/executions/{run}")


def _tenant(scope: Scope, slug: str, id_: UUID) -> View[TenantView, TenantView]:
    return View(
        key=("tenant", slug),
        concerns=lambda changed: changed.concerns("tenant", str(id_)),
        load=lambda: scope.services.reads.tenants.by_slug(slug),
        news=lambda before, after: None if before == after else after,
    )


def _runs(scope: Scope, tenant: TenantView) -> View[Rows, News]:
    shown: set[str] = set()

    async def load() -> Rows:
        wanted = ExecutionFilter(entity_id=tenant.id)
        page = await scope.services.reads.executions.list(wanted, limit=100)
        shown.update(str(each.id) for each in page.items)
        return execution_table.rows(page)

    def concerns(changed: Changed) -> bool:
        """A new run comes with a change of its tenant; the others are known."""
        return changed.concerns("tenant", str(tenant.id)) or any(changed.concerns("execution", id_) for id_ in shown)

    return live_rows.view(("runs", tenant.id), concerns=concerns, load=load)


def _facts(tenant: TenantView) -> list[Fact]:
    return [
        Fact(label="Plan", value=tenant.plan.value.capitalize()),
        Fact(label="Owner", value=tenant.owner_email),
        Fact(label="Registered", value=tenant.created_at),
        Fact(label="Activated", value=tenant.activated_at),
        Fact(label="Schema", value=tenant.schema_name, mono=True),
    ]
