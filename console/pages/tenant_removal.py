"""What deprovisions a tenant and keeps one that is being deprovisioned, and until when it can be kept."""

from dataclasses import replace
from datetime import timedelta

from nicegui import ui

from console import sessions
from console.components import feedback
from console.components.dialogs import Question
from console.components.menus import ActionMenu, MenuItem
from console.components.moments import Moment, Sentence
from console.components.text import tag
from console.pages import deeds
from console.pages.deeds import KEEPING
from console.pages.scope import Scope
from operations.access import Permission
from operations.deed_facts import Facts
from operations.kinds import Deed
from operations.phrases import said
from operations.possibilities import possibility
from operations.queries.tenants import TenantView
from operations.settings import FourEyes
from operations.statuses import Status, TenantStatus
from operations.tenant_rules import deprovision_problem


class Countdown(ui.element):
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
    """The menu that deprovisions a tenant, apart from what one presses in a hurry; and the button that keeps one."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._place = ui.element("div").classes("page-actions")
        self._more = ActionMenu("More", label="More for this tenant", choose=lambda _: self._ask())
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
        self._more.show(
            [MenuItem(name="deprovision", label="Deprovision", icon="delete", danger=True, problem=problem)]
        )

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
