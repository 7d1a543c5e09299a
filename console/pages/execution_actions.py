"""The buttons of an execution: one that helps most, the rest under More, what is not possible with its reason."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from nicegui import ui

from console import sessions
from console.components import feedback
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
    run: Callable[[], Awaitable[None]]
    problem: str | None = None
    danger: bool = False


class ExecutionActions:
    """Draws the buttons and draws them again when what is possible changes."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._place = ui.element("div").classes("page-actions")
        self._drawn: object = None

    def show(self, detail: ExecutionDetail) -> None:
        execution = detail.execution
        latest = max(attempt.attempt for attempt in detail.attempts)
        possible = (execution.status, execution.entity_status, detail.awaits_decision, execution.run_id, latest)
        if possible == self._drawn:  # an open menu stays open
            return
        self._drawn = possible
        choices = [choice for choice in self._choices(detail, latest) if sessions.may(choice.permission)]
        main = next((choice for choice in choices if choice.problem is None and not choice.danger), None)
        self._place.clear()
        with self._place:
            self._links(execution)
            if main is not None and main.label in ("Approve", "Retry"):
                ui.button(main.label, icon=main.icon, on_click=main.run)
            if choices:
                _more([choice for choice in choices if choice is not main or main.label not in ("Approve", "Retry")])

    def _links(self, execution: ExecutionView) -> None:
        if execution.entity_slug:
            _link("Tenant", "apartment", f"/tenants/{execution.entity_slug}")
        if self._scope.temporal_ui_url and execution.run_id:
            namespace = self._scope.services.temporal.client.namespace
            path = f"/namespaces/{namespace}/workflows/{execution.workflow_id}/{execution.run_id}"
            _link("Temporal", "open_in_new", self._scope.temporal_ui_url + path, new_tab=True)

    def _choices(self, detail: ExecutionDetail, latest: int) -> list[Choice]:
        execution = detail.execution
        offer = retry_offer(execution, latest)
        ended = "It has ended." if execution.status.is_final else None
        choices = [
            Choice(
                label="Retry",
                icon="replay",
                permission=Permission.RETRY,
                problem=None if offer.kind == "attempt" else offer.explanation,
                run=lambda: self._retry(execution, offer.explanation),
            ),
            Choice(
                label="Cancel",
                icon="block",
                permission=Permission.CANCEL,
                problem=ended or cancel_problem(execution.workflow_type, execution.entity_status),
                danger=True,
                run=lambda: self._cancel(execution),
            ),
            Choice(
                label="Terminate",
                icon="dangerous",
                permission=Permission.TERMINATE,
                problem=ended,
                danger=True,
                run=lambda: self._terminate(execution),
            ),
        ]
        if not detail.awaits_decision:
            return choices
        return [
            Choice(
                label="Approve",
                icon="check",
                permission=Permission.DECIDE,
                run=lambda: self._decide(execution, Decision.APPROVED),
            ),
            Choice(
                label="Reject",
                icon="close",
                permission=Permission.DECIDE,
                run=lambda: self._decide(execution, Decision.REJECTED),
                danger=True,
            ),
            *choices,
        ]

    async def _retry(self, execution: ExecutionView, explanation: str) -> None:
        reason = await feedback.confirm(
            f"Retry {execution.workflow_id}?",
            what_will_happen=[explanation],
            not_undone=["What steps of this attempt left behind is found and reused."],
            action="Retry",
        )
        if reason is None:
            return
        actor = sessions.actor(Permission.RETRY)
        new = await feedback.attempt(self._scope.services.executions.retry(actor, execution.id, reason))
        if new is not None:
            feedback.toast(f"Attempt {execution.attempt + 1} is queued.")
            ui.navigate.to(f"/executions/{new}")

    async def _cancel(self, execution: ExecutionView) -> None:
        reason = await feedback.confirm(
            f"Cancel {execution.workflow_id}?",
            what_will_happen=[
                f"{execution.status.capitalize()} → canceled, as soon as the run has cleaned up after itself.",
                words.after_cancel(execution),
            ],
            not_undone=["A canceled run does not go on; retrying begins a new attempt."],
            danger=True,
            action="Cancel the run",
        )
        if reason is not None:
            actor = sessions.actor(Permission.CANCEL)
            work = self._scope.services.executions.cancel(actor, execution.id, reason, seen_run_id=execution.run_id)
            if await feedback.attempt(work) is not None:
                feedback.toast("The run is asked to end.")

    async def _terminate(self, execution: ExecutionView) -> None:
        reason = await feedback.confirm(
            f"Terminate {execution.workflow_id}?",
            what_will_happen=[
                f"{execution.status.capitalize()} → terminated, at once.",
                words.after_terminate(execution),
            ],
            not_undone=["Nothing is cleaned up: what the steps made stays. Prefer Cancel while the run responds."],
            danger=True,
            action="Terminate the run",
        )
        if reason is not None:
            actor = sessions.actor(Permission.TERMINATE)
            work = self._scope.services.executions.terminate(actor, execution.id, reason, seen_run_id=execution.run_id)
            if await feedback.attempt(work) is not None:
                feedback.toast("The run is being terminated.")

    async def _decide(self, execution: ExecutionView, decision: Decision) -> None:
        approves = decision is Decision.APPROVED
        reason = await feedback.confirm(
            f"{'Approve' if approves else 'Reject'} {execution.entity_name or execution.workflow_id}?",
            what_will_happen=[
                "The schema is made and the tenant switched on." if approves else "The run ends as rejected.",
                "The decision is kept with your name and your reason.",
            ],
            not_undone=["A decision is final."],
            danger=not approves,
            action="Approve" if approves else "Reject",
        )
        if reason is not None:
            actor = sessions.actor(Permission.DECIDE)
            work = self._scope.services.executions.decide(actor, execution.id, decision, reason)
            if await feedback.attempt(work) is not None:
                feedback.toast("Approved." if approves else "Rejected.")


def _link(label: str, icon: str, href: str, *, new_tab: bool = False) -> None:
    with ui.element("a").classes("button") as link:
        attribute(link, "href", href)
        if new_tab:
            attribute(link, "target", "_blank")
            attribute(link, "rel", "noopener")
        ui.icon(icon)
        tag("span", label)


def _more(choices: list[Choice]) -> None:
    with ui.element("button").classes("button").props("type=button aria-haspopup=menu") as button:
        tag("span", "More")
        ui.icon("expand_more")
        with ui.menu().props('anchor="bottom right" self="top right"'):
            for choice in choices:
                with ui.menu_item(on_click=choice.run).classes("danger" if choice.danger else "") as item:
                    with ui.item_section().props("side"):
                        ui.icon(choice.icon)
                    with ui.item_section():
                        tag("span", choice.label)
                        if choice.problem:
                            tag("span", choice.problem, classes="menu-problem")
                if choice.problem:
                    item.props("disable")
    attribute(button, "aria-label", "More actions")
