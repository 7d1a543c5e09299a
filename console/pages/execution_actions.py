"""The buttons of an execution: one that helps most, the rest under More, what is not possible with its reason."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from nicegui import ui

from console import sessions
from console.components import feedback
from console.components.dialogs import Question
from console.components.menus import ActionMenu, MenuItem
from console.components.text import attribute, tag
from console.pages import words
from console.pages.scope import Scope
from operations.access import Permission
from operations.possibilities import cancel_problem
from operations.queries.execution_views import ExecutionDetail, ExecutionView
from operations.queries.intents import retry_offer
from operations.statuses import Decision


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One thing that can be done; `problem` says why not now."""

    label: str
    icon: str
    permission: Permission
    question: Question
    carry_out: Callable[[str], Awaitable[None]]
    run_id: str | None
    problem: str | None = None

    @property
    def danger(self) -> bool:
        return self.question.danger

    @property
    def item(self) -> MenuItem:
        return MenuItem(name=self.label, label=self.label, icon=self.icon, danger=self.danger, problem=self.problem)


class ExecutionActions:
    """Draws the buttons and draws them again when what is possible changes."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._choices: dict[str, Choice] = {}
        self._linked: str | None = ""
        self._drawn: Choice | None = None
        self._links = ui.element("div").classes("page-actions")
        self._main = ui.element("div").classes("page-actions")
        self._more = ActionMenu("More", label="More actions", choose=self._ask)

    def show(self, detail: ExecutionDetail) -> None:
        execution = detail.execution
        latest = max(attempt.attempt for attempt in detail.attempts)
        self._choices = {choice.label: choice for choice in self._all(detail, latest)}
        self._scope.frame.dialogs.look_again()
        permitted = [choice for choice in self._choices.values() if sessions.may(choice.permission)]
        main = next((choice for choice in permitted if choice.problem is None and not choice.danger), None)
        self._show_links(execution)
        self._show_main(main)
        self._more.show([choice.item for choice in permitted if choice is not main])

    def _show_main(self, main: Choice | None) -> None:
        if (main and main.item) == (self._drawn and self._drawn.item):  # what has the focus stays
            return
        self._drawn = main
        self._main.clear()
        if main is not None:
            with self._main:
                ui.button(main.label, icon=main.icon, on_click=lambda: self._ask(main.label))

    def _ask(self, label: str) -> None:
        """The question says how things stand whenever `show` has brought something new."""

        def ask() -> Question:
            choice = self._choices.get(label)
            if choice is None:
                return replace(asked, problem="It is not waiting for this any more.")
            return replace(choice.question, problem=choice.problem, about=choice.run_id)

        async def carry_out(reason: str) -> None:
            await self._choices[label].carry_out(reason)

        asked = self._choices[label].question
        self._scope.frame.dialogs.ask(ask, carry_out, draft=asked.title)

    def _show_links(self, execution: ExecutionView) -> None:
        if execution.run_id == self._linked:
            return
        self._linked = execution.run_id
        self._links.clear()
        with self._links:
            self._draw_links(execution)

    def _draw_links(self, execution: ExecutionView) -> None:
        if execution.entity_slug:
            _link("Tenant", "apartment", f"/tenants/{execution.entity_slug}")
        if self._scope.temporal_ui_url and execution.run_id:
            namespace = self._scope.services.temporal.client.namespace
            path = f"/namespaces/{namespace}/workflows/{execution.workflow_id}/{execution.run_id}"
            _link("Temporal", "open_in_new", self._scope.temporal_ui_url + path, new_tab=True)

    def _all(self, detail: ExecutionDetail, latest: int) -> list[Choice]:
        execution = detail.execution
        ended = f"The run has ended: {execution.status}." if execution.status.is_final else None
        decisions = [self._decision(execution, decision) for decision in Decision] if detail.awaits_decision else []
        return [
            *decisions,
            self._retry(execution, latest),
            self._cancel(execution, ended or cancel_problem(execution.workflow_type, execution.entity_status)),
            self._end(execution, ended),
        ]

    def _retry(self, execution: ExecutionView, latest: int) -> Choice:
        offer = retry_offer(execution, latest)

        async def carry_out(reason: str) -> None:
            actor = sessions.actor(Permission.RETRY)
            new = await self._scope.services.executions.retry(actor, execution.id, reason)
            feedback.toast(f"Attempt {execution.attempt + 1} is queued.")
            ui.navigate.to(f"/executions/{new}")

        return Choice(
            label="Retry",
            icon="replay",
            permission=Permission.RETRY,
            problem=None if offer.kind == "attempt" else offer.explanation,
            run_id=execution.run_id,
            question=Question(
                title=f"Retry {execution.workflow_id}?",
                what_will_happen=(offer.explanation,),
                not_undone=("What steps of this attempt left behind is found and reused.",),
                action="Retry",
            ),
            carry_out=carry_out,
        )

    def _cancel(self, execution: ExecutionView, problem: str | None) -> Choice:
        async def carry_out(reason: str) -> None:
            actor, run = sessions.actor(Permission.CANCEL), execution.run_id
            await self._scope.services.executions.cancel(actor, execution.id, reason, seen_run_id=run)
            feedback.toast("The run is asked to end.")

        return Choice(
            label="Cancel",
            icon="block",
            permission=Permission.CANCEL,
            problem=problem,
            run_id=execution.run_id,
            question=Question(
                title=f"Cancel {execution.workflow_id}?",
                what_will_happen=(
                    f"{execution.status.capitalize()} → canceled, as soon as the run has cleaned up after itself.",
                    words.after_cancel(execution),
                ),
                not_undone=("A canceled run does not go on; retrying begins a new attempt.",),
                danger=True,
                action="Cancel the run",
            ),
            carry_out=carry_out,
        )

    def _end(self, execution: ExecutionView, problem: str | None) -> Choice:
        async def carry_out(reason: str) -> None:
            actor, run = sessions.actor(Permission.TERMINATE), execution.run_id
            await self._scope.services.executions.terminate(actor, execution.id, reason, seen_run_id=run)
            feedback.toast("The run is being terminated.")

        return Choice(
            label="Terminate",
            icon="dangerous",
            permission=Permission.TERMINATE,
            problem=problem,
            run_id=execution.run_id,
            question=Question(
                title=f"Terminate {execution.workflow_id}?",
                what_will_happen=(
                    f"{execution.status.capitalize()} → terminated, at once.",
                    words.after_terminate(execution),
                ),
                not_undone=("Nothing is cleaned up: what the steps made stays. Prefer Cancel while the run responds.",),
                danger=True,
                action="Terminate the run",
            ),
            carry_out=carry_out,
        )

    def _decision(self, execution: ExecutionView, decision: Decision) -> Choice:
        approves = decision is Decision.APPROVED

        async def carry_out(reason: str) -> None:
            actor = sessions.actor(Permission.DECIDE)
            await self._scope.services.executions.decide(actor, execution.id, decision, reason)
            feedback.toast("Approved." if approves else "Rejected.")

        verb = "Approve" if approves else "Reject"
        return Choice(
            label=verb,
            icon="check" if approves else "close",
            permission=Permission.DECIDE,
            run_id=execution.run_id,
            question=Question(
                title=f"{verb} {execution.entity_name or execution.workflow_id}?",
                what_will_happen=(
                    "The schema is made and the tenant switched on." if approves else "The run ends as rejected.",
                    "The decision is kept with your name and your reason.",
                ),
                not_undone=("A decision is final.",),
                danger=not approves,
                action=verb,
            ),
            carry_out=carry_out,
        )


def _link(label: str, icon: str, href: str, *, new_tab: bool = False) -> None:
    with ui.element("a").classes("button") as link:
        attribute(link, "href", href)
        if new_tab:
            attribute(link, "target", "_blank")
            attribute(link, "rel", "noopener")
        ui.icon(icon)
        tag("span", label)
