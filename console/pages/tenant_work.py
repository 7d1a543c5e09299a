"""The buttons of a tenant that start runs of other kinds, such as a backup; none where no package brings one."""

from functools import partial

from nicegui import ui

from console import sessions
from console.components.dialogs import Question
from console.pages.scope import Scope
from operations import kinds
from operations.access import Permission
from operations.kinds import Kind, Purpose
from operations.queries.tenants import TenantView
from operations.tenant_rules import start_problem


class Work:
    """A button for each kind that neither makes nor removes a tenant."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._place = ui.element("div").classes("page-actions")
        self._kinds = [kind for kind in kinds.known() if kind.purpose is Purpose.WORK]
        self._drawn: tuple[str | None] | None = None  #: the problem that the buttons tell

    def show(self, tenant: TenantView) -> None:
        self._tenant = tenant
        problem = start_problem(tenant.status)
        if not sessions.may(Permission.START) or self._drawn == (problem,):
            return
        self._drawn = (problem,)
        self._place.clear()
        with self._place:
            for kind in self._kinds:
                button = ui.button(f"Start {kind.title.lower()}", icon="play_arrow", on_click=partial(self._ask, kind))
                button.props("outline").set_enabled(problem is None)
                if problem:
                    button.tooltip(problem)

    def _ask(self, kind: Kind) -> None:
        self._scope.frame.dialogs.ask(
            partial(self._question, kind),
            partial(self._carry_out, kind),
            draft=f"Start {kind.stored_name} {self._tenant.slug}",
        )

    def _question(self, kind: Kind) -> Question:
        planned = [kinds.known().step_title(name) for name in kind.planned(kinds.Subject(plan=self._tenant.plan))]
        return Question(
            title=f"Start {kind.title.lower()} of {self._tenant.name}?",
            what_will_happen=(f"A run begins at once: {', '.join(planned)}.", "The tenant stays as it is."),
            not_undone=(),
            action=f"Start {kind.title.lower()}",
            problem=start_problem(self._tenant.status),
        )

    async def _carry_out(self, kind: Kind, reason: str) -> None:
        actor = sessions.actor(Permission.START)
        run = await self._scope.services.tenants.start(actor, self._tenant.slug, kind.stored_name, reason)
        ui.navigate.to(f"/executions/{run}")
