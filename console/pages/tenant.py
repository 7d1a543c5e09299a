"""One customer: who they are, where they stand, and every run for them."""

from dataclasses import replace
from uuid import UUID

from nicegui import ui

from console import sessions
from console.components.badges import StatusBadges
from console.components.cards import Fact, Section, facts
from console.components.dialogs import Question
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
        removal = Removal(scope)
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

    def show(now: TenantView) -> None:
        badges.show(now.status.value)
        known.clear()
        with known:
            facts(_facts(now))
        removal.show(now)

    tenant_listener = Listener[TenantView](show)
    show((await scope.hub.watch(view(scope, slug, tenant.id), tenant_listener)).value)
    await table.draw()


class Removal:
    """The button that deprovisions."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._place = ui.element("div")
        self._problem: str | None = None

    def show(self, tenant: TenantView) -> None:
        self._tenant = tenant
        possible = tenant.status in (TenantStatus.ACTIVE, TenantStatus.FAILED)
        self._problem = (
            None if possible else f"The tenant is {tenant.status}; only an active or failed one can be deprovisioned."
        )
        self._scope.frame.dialogs.look_again()
        if not sessions.may(Permission.DEPROVISION):
            return
        self._place.clear()
        with self._place:
            button = ui.button("Deprovision", icon="delete", color="negative", on_click=self._ask)
            button.props("outline").set_enabled(possible)
            if self._problem:
                button.tooltip(self._problem)

    def _ask(self) -> None:
        draft = f"Deprovision {self._tenant.slug}"
        self._scope.frame.dialogs.ask(self._question, self._carry_out, draft=draft)

    def _question(self) -> Question:
        return Question(
            title=f"Deprovision {self._tenant.name}?",
            what_will_happen=(
                f"{self._tenant.status.capitalize()} → deprovisioning, at once.",
                "After the waiting time the schema with all its data is dropped.",
                "Until then, canceling the run undoes this.",
            ),
            not_undone=(f"The slug {self._tenant.slug} stays taken for ever.",),
            danger=True,
            action="Deprovision the tenant",
            problem=self._problem,
        )

    async def _carry_out(self, reason: str) -> None:
        actor = sessions.actor(Permission.DEPROVISION)
        run = await self._scope.services.tenants.deprovision(actor, self._tenant.slug, reason)
        ui.navigate.to(f"/executions/{run}")


def view(scope: Scope, slug: str, id_: UUID) -> View[TenantView, TenantView]:
    """The customer with its latest run."""
    shown: set[str] = set()

    async def load() -> TenantView:
        tenant = await scope.services.reads.tenants.by_slug(slug)
        shown.add(str(tenant.execution_id))
        return tenant

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
