"""The buttons of an execution: one that helps most, the rest under More, what is not possible with its reason."""

from collections.abc import Callable
from dataclasses import dataclass

from nicegui import ui

from console import sessions
from console.components import feedback
from console.components.dialogs import Question
from console.components.menus import ActionMenu
from console.components.text import attribute, tag
from console.pages import deeds
from console.pages.scope import Scope
from operations.actions.asked import Asked
from operations.deed_facts import Facts, Possibility
from operations.kinds import Deed
from operations.possibilities import OFFERED_TO, possibility
from operations.queries.execution_views import ExecutionDetail, ExecutionView
from operations.statuses import Cause, CommandKind, TenantStatus

#: Offered where it can be meant: a menu of what is never possible is no help.
WHEN: dict[Deed, Callable[[Facts], bool]] = {
    Deed.APPROVE: lambda facts: facts.awaits_decision,
    Deed.REJECT: lambda facts: facts.awaits_decision,
    Deed.PAUSE_STEP: lambda facts: not facts.status.is_final and facts.cause != Cause.STEP_PAUSED,
    Deed.RESUME_STEP: lambda facts: facts.cause == Cause.STEP_PAUSED,
    Deed.CLEAN_UP: lambda facts: facts.makes and facts.tenant is TenantStatus.FAILED and facts.remains is not None,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What the page shows now, and what can be done to it."""

    execution: ExecutionView
    facts: Facts
    possible: dict[Deed, Possibility]

    @property
    def offered(self) -> list[Deed]:
        """To whoever may: decisions while one is waited for, and to hold a step or to let it go on."""
        return [
            deed for deed in Deed if sessions.may(OFFERED_TO[deed]) and (deed not in WHEN or WHEN[deed](self.facts))
        ]

    @property
    def main(self) -> Deed | None:
        """The first that can be done and does no harm."""
        harmless = (
            deed for deed in self.offered if deed is not Deed.PAUSE_STEP and not deeds.wording(deed, self.facts).danger
        )
        return next((deed for deed in harmless if self.possible[deed].problem is None), None)


class ExecutionActions:
    """Draws the buttons, and draws those again that what is possible changes."""

    def __init__(self, scope: Scope, *, has_links: bool = True) -> None:
        """`has_links` to its tenant, and to Temporal's own pages."""
        self._scope = scope
        self._has_links = has_links
        self._linked: str | None = ""
        self._drawn: object = None
        self._links = ui.element("div").classes("page-actions")
        self._main = ui.element("div").classes("page-actions")
        self._more = ActionMenu("More", label="More actions", choose=lambda name: self._ask(Deed(name)))

    def show(self, detail: ExecutionDetail, asked: frozenset[CommandKind]) -> None:
        facts, actor = detail.facts(asked), sessions.actor()
        self._seen = Seen(
            execution=detail.execution,
            facts=facts,
            possible={deed: possibility(deed, facts, actor) for deed in Deed},
        )
        self._scope.frame.dialogs.look_again()
        main = self._seen.main
        self._show_links(detail.execution)
        self._show_main(main)
        rest = [deed for deed in self._seen.offered if deed is not main]
        self._more.show([deeds.item(deed, facts, self._seen.possible[deed]) for deed in rest])

    def _show_main(self, deed: Deed | None) -> None:
        words = None if deed is None else deeds.wording(deed, self._seen.facts)
        if words == self._drawn:  # what has the focus stays
            return
        self._drawn = words
        self._main.clear()
        if deed is not None and words is not None:
            with self._main:
                ui.button(words.label, icon=words.icon, on_click=lambda: self._ask(deed))

    def ask(self, word: str) -> bool:
        """Ask about a deed by its word, as its button does; False when there is no such button."""
        deed = next((each for each in self._seen.offered if each == word), None)
        if deed is not None:
            self._ask(deed)
        return deed is not None

    def _ask(self, deed: Deed) -> None:
        """The question says how things stand whenever `show` has brought something new."""

        def ask() -> Question:
            seen = self._seen
            name = seen.execution.entity_name or seen.execution.workflow_id
            return deeds.question(deed, seen.facts, seen.possible[deed], subject=name, run_id=seen.execution.run_id)

        async def carry_out(reason: str) -> None:
            await self._carry_out(deed, reason)

        self._scope.frame.dialogs.ask(ask, carry_out, draft=f"{deed} {self._seen.execution.id}")

    async def _carry_out(self, deed: Deed, reason: str) -> None:
        execution, told = self._seen.execution, deeds.wording(deed, self._seen.facts).told
        asked = Asked(
            deed=deed,
            execution_id=execution.id,
            reason=reason,
            seen_run_id=execution.run_id,
            kind=self._seen.facts.retry if deed is Deed.RETRY else None,
        )
        done = await self._scope.services.executions.carry_out(sessions.actor(OFFERED_TO[deed]), asked)
        if done.execution_id is not None:
            ui.navigate.to(f"/executions/{done.execution_id}")
        feedback.toast(told)

    def _show_links(self, execution: ExecutionView) -> None:
        if not self._has_links or execution.run_id == self._linked:
            return
        self._linked = execution.run_id
        self._links.clear()
        with self._links:
            if execution.entity_slug:
                _link("Tenant", "apartment", f"/tenants/{execution.entity_slug}")
            if self._scope.temporal_ui_url and execution.run_id:
                namespace = self._scope.services.temporal.client.namespace
                path = f"/namespaces/{namespace}/workflows/{execution.workflow_id}/{execution.run_id}"
                _link("Temporal", "open_in_new", self._scope.temporal_ui_url + path, new_tab=True)


def _link(label: str, icon: str, href: str, *, new_tab: bool = False) -> None:
    with ui.element("a").classes("button") as link:
        attribute(link, "href", href)
        if new_tab:
            attribute(link, "target", "_blank")
            attribute(link, "rel", "noopener")
        ui.icon(icon)
        tag("span", label)
