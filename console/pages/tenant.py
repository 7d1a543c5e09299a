"""The page of one tenant: who they are, where they stand, and every run for them."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from nicegui import ui
from nicegui.page_arguments import PageArguments

from console import sessions
from console.channels import Listener, View
from console.components import feedback
from console.components.badges import StatusBadges
from console.components.cards import Fact, Section, facts
from console.components.dialogs import Question
from console.components.moments import Moment, Sentence
from console.components.page_headers import PageHeader
from console.components.tables import Empty, EmptyKind
from console.components.text import tag
from console.pages import deeds, execution_table, finding_rows, live_rows
from console.pages.deeds import KEEPING
from console.pages.live_rows import News, Rows
from console.pages.place import Place
from console.pages.rows_table import RowsTable
from console.pages.scope import Scope
from console.pages.tenant_work import Work
from operations.access import Permission
from operations.deed_facts import Facts
from operations.feed import Changed
from operations.kinds import Deed
from operations.phrases import said
from operations.possibilities import possibility
from operations.queries.execution_views import ExecutionFilter
from operations.queries.reconciliation_views import FindingFilter
from operations.queries.tenants import TenantView
from operations.settings import FourEyes
from operations.statuses import Status, TenantStatus
from operations.tenant_rules import deprovision_problem

COLUMNS = tuple(
    replace(column, sortable=False)
    for column in execution_table.COLUMNS
    if column.name not in ("tenant", "requested_by")
)
NO_FINDINGS = Empty(
    kind=EmptyKind.ALL_HEALTHY, title="No findings", text="The database and Temporal agree about this tenant."
)
NO_RUNS = Empty(kind=EmptyKind.NOTHING_YET, title="No runs", text="Nothing has been started for this tenant.")


async def build(scope: Scope, arguments: PageArguments) -> None:
    """Draw the page and keep it true."""
    slug = arguments.path_parameters["slug"]
    tenant = await scope.services.reads.tenants.by_slug(slug)
    header = PageHeader(tenant.name, subtitle=tenant.slug, back=("Tenants", "/tenants"), here=f"/tenants/{slug}")
    with header.badges:
        badges = StatusBadges(tenant.status.value)
    with header:
        work = Work(scope)
        removal = Removal(scope)
    notice = Notice()
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

    with Section("Findings", subtitle="What reconciliation found about this tenant", flush=True):
        findings = RowsTable(
            scope.hub,
            findings_view(scope, tenant),
            columns=finding_rows.TABLE,
            caption=f"Findings about {tenant.slug}",
            empty=NO_FINDINGS,
            row_path="/reconciliation?finding={id}",
            keyboard=False,
        )

    def show(now: TenantView) -> None:
        badges.show(now.status.value)
        notice.show(now)
        known.clear()
        with known:
            facts(_facts(now))
        work.show(now)
        removal.show(now)

    tenant_listener = Listener[TenantView](show)
    show((await scope.hub.watch(view(scope, slug, tenant.id), tenant_listener)).value)
    await table.draw()
    await findings.draw()


PLACE = Place(path="/tenants/{slug}", title="Tenant", build=build)


class Notice(ui.element):
    """Until when a tenant that leaves can be kept, counted down."""

    def __init__(self) -> None:
        super().__init__("div")
        self.classes("notice").props("data-status=timed_out")
        with self:
            with tag("p", classes="notice-title"):
                self._title = Sentence()
            with tag("p", classes="notice-text"):
                tag("span", "The deletion begins ")
                self._countdown = Moment(None)

    def show(self, tenant: TenantView) -> None:
        self.set_visibility(tenant.status is TenantStatus.DEPROVISIONING and tenant.due_at is not None)
        if tenant.due_at is not None:
            self._title.show(f"Waiting until {said(tenant.due_at)}, then all data is deleted.")
            self._countdown.show(tenant.due_at)


class Removal:
    """The buttons that deprovision a tenant, and keep one that is being deprovisioned."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._place = ui.element("div").classes("page-actions")
        self._drawn: object = None

    def show(self, tenant: TenantView) -> None:
        self._tenant = tenant
        self._scope.frame.dialogs.look_again()
        leaves, problem = tenant.status.leaves, deprovision_problem(tenant.status)
        if not sessions.may(Permission.DEPROVISION) or (leaves, problem) == self._drawn:
            return
        self._drawn = leaves, problem
        self._place.clear()
        with self._place:
            if leaves:
                ui.button(KEEPING.label, icon=KEEPING.icon, on_click=self._ask_to_keep)
            button = ui.button("Deprovision", icon="delete", color="negative", on_click=self._ask)
            button.props("outline").set_enabled(problem is None)
            if problem:
                button.tooltip(problem)

    def _ask(self) -> None:
        draft = f"Deprovision {self._tenant.slug}"
        self._scope.frame.dialogs.ask(self._question, self._carry_out, draft=draft)

    def _question(self) -> Question:
        tenants = self._scope.services.tenants
        due = self._scope.hub.feed.clock.now() + timedelta(seconds=tenants.deprovision_wait)
        return Question(
            title=f"Deprovision {self._tenant.name}?",
            what_will_happen=(
                f"{self._tenant.status.capitalize()} → deprovisioning, at once.",
                f"About {said(due)} the schema is dropped, and all data of {self._tenant.name} is deleted.",
                *(("Another person has to approve that before.",) if FourEyes.DEPROVISION in tenants.four_eyes else ()),
                f"Until then, “{KEEPING.label}” undoes this.",
            ),
            not_undone=(f"The slug {self._tenant.slug} stays taken for ever.",),
            danger=True,
            action="Deprovision the tenant",
            problem=deprovision_problem(self._tenant.status),
        )

    async def _carry_out(self, reason: str) -> None:
        actor = sessions.actor(Permission.DEPROVISION)
        run = await self._scope.services.tenants.deprovision(actor, self._tenant.slug, reason)
        ui.navigate.to(f"/executions/{run}")

    def _ask_to_keep(self) -> None:
        self._scope.frame.dialogs.ask(self._keeping, self._keep, draft=f"Keep {self._tenant.slug}")

    def _keeping(self) -> Question:
        tenant = self._tenant
        facts = removal_facts(tenant, self._scope.services.tenants.removing.stored_name)
        possible = possibility(Deed.CANCEL, facts, sessions.actor())
        if not tenant.status.leaves and facts.ending is None:  # another run came after the removal
            stays = f"The tenant is {tenant.status}; it is not deprovisioned any more."
            possible = replace(possible, problem=stays)
        asked = deeds.question(Deed.CANCEL, facts, possible, subject=tenant.name, run_id=str(tenant.execution_id))
        return replace(asked, title=f"Keep {tenant.name}?", action=KEEPING.confirm)

    async def _keep(self, reason: str) -> None:
        run = self._tenant.execution_id
        if run is not None:
            await self._scope.services.executions.cancel(sessions.actor(Permission.CANCEL), run, reason)
            feedback.toast(KEEPING.told)


def removal_facts(tenant: TenantView, removing: str) -> Facts:
    """What is known of the run that removes the tenant, or did until it was kept: that is its latest one, or over."""
    is_latest = tenant.status.leaves or tenant.execution_type == removing
    return Facts(
        workflow_type=removing,
        status=tenant.execution_status if is_latest and tenant.execution_status else Status.FAILED,
        attempt=1,
        latest_attempt=1,
        tenant=tenant.status,
        due_at=tenant.due_at,
        close_reason=tenant.execution_close_reason if is_latest else None,
        ending=tenant.execution_ending if is_latest else None,
    )


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
        known = changed.concerns("tenant", str(tenant.id)) or changed.concerns("triage")
        return known or any(changed.concerns("execution", id_) for id_ in shown)

    return live_rows.view(("runs", tenant.id), concerns=concerns, load=load)


def findings_view(scope: Scope, tenant: TenantView) -> View[Rows, News]:
    """Which finding is about whom is known after a look; there are few."""

    async def load() -> Rows:
        page = await scope.services.reads.reconciliation.findings(FindingFilter(tenant_id=tenant.id))
        return Rows.of(page, [finding_rows.row(finding) for finding in page.items])

    return live_rows.view(("findings of", tenant.id), concerns=lambda changed: changed.concerns("finding"), load=load)


def _facts(tenant: TenantView) -> list[Fact]:
    return [
        Fact(label="Plan", value=tenant.plan.value.capitalize()),
        Fact(label="Owner", value=tenant.owner_email),
        Fact(label="Registered", value=tenant.created_at),
        Fact(label="Activated", value=tenant.activated_at),
        *([Fact(label="All data is deleted", value=tenant.due_at)] if tenant.due_at else []),
        Fact(label="Schema", value=tenant.schema_name, mono=True),
    ]
