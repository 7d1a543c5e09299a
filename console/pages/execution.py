"""One execution: what it is, where it stands in words, its steps over time, its history."""

from uuid import UUID

from nicegui import ui

from console.components.badges import StatusBadges
from console.components.cards import Fact, Section, facts
from console.components.page_headers import PageHeader
from console.components.text import tag
from console.components.timeline import Event, Step, StepTimeline, event_list
from console.live import Listener, View
from console.pages import words
from console.pages.scope import Scope
from operations.contracts import BY_STORED_NAME, step_title
from operations.errors import ExecutionNotFound
from operations.queries.execution_views import ExecutionDetail, StepView
from operations.statuses import Status


async def build(scope: Scope, id: str) -> None:  # noqa: A002 - the name in the route
    """Draw the page and keep it true."""
    try:
        execution_id = UUID(id)
    except ValueError:
        raise ExecutionNotFound from None
    page = ExecutionPage(scope, await scope.services.reads.executions.detail(execution_id))
    listener = Listener[ExecutionDetail](page.show)
    page.show(await scope.hub.watch(_view(scope, execution_id), listener))


def _view(scope: Scope, id_: UUID) -> View[ExecutionDetail, ExecutionDetail]:
    return View(
        key=("execution", id_),
        concerns=lambda changed: changed.concerns("execution", str(id_)) or changed.concerns("command", str(id_)),
        load=lambda: scope.services.reads.executions.detail(id_),
        news=lambda before, after: None if before == after else after,
    )


class ExecutionPage:
    """The parts of the page that change while the execution runs."""

    def __init__(self, scope: Scope, detail: ExecutionDetail) -> None:
        """Draw everything once; `show` keeps it true."""
        self._scope = scope
        execution = detail.execution
        header = PageHeader(
            execution.entity_name or execution.workflow_id,
            subtitle=f"{words.workflow_title(execution.workflow_type)}, attempt {execution.attempt}",
            back=("Executions", "/executions"),
        )
        with header.badges:
            self._badges = StatusBadges(words.shown_status(execution.status, execution.close_reason))
        with header:
            self._actions(detail)
        with ui.element("div").classes("notice") as self._notice:
            self._headline = tag("p", classes="notice-title")
            self._error = tag("p", classes="notice-text mono")
        with Section("Steps"):
            self._steps = StepTimeline(_steps(detail))
        with ui.element("div").classes("halves"):
            with Section("Facts"):
                self._facts = ui.element("div")
            with Section("History"):
                self._history = ui.element("div")

    def show(self, detail: ExecutionDetail) -> None:
        """Bring the page up to date."""
        execution = detail.execution
        self._badges.show(words.shown_status(execution.status, execution.close_reason))
        self._headline.set_text(words.headline(execution, detail.start))
        self._error.set_text(execution.error_message or "")
        self._error.set_visibility(bool(execution.error_message))
        self._notice.props["data-status"] = words.shown_status(execution.status, execution.close_reason)
        self._steps.show(_steps(detail))
        self._facts.clear()
        with self._facts:
            facts(_facts(detail))
        self._history.clear()
        with self._history:
            event_list(_events(detail))

    def _actions(self, detail: ExecutionDetail) -> None:
        execution = detail.execution
        if execution.entity_slug:
            slug = execution.entity_slug
            ui.button("Tenant", icon="apartment", on_click=lambda: ui.navigate.to(f"/tenants/{slug}")).props("outline")
        if self._scope.temporal_ui_url:
            address = f"{self._scope.temporal_ui_url}/namespaces/default/workflows/{execution.workflow_id}"
            ui.button("Temporal", icon="open_in_new").props("outline").props["href"] = address


def _steps(detail: ExecutionDetail) -> list[Step]:
    """The steps that ran, and those of the plan still to come."""
    ran = [_step(step) for step in detail.steps]
    kind = BY_STORED_NAME.get(detail.execution.workflow_type)
    if kind is None or detail.execution.status.is_final:
        return ran
    names = {step.name for step in detail.steps}
    return ran + [Step(name=step_title(name), status="pending") for name in kind.steps if name not in names]


def _step(step: StepView) -> Step:
    return Step(
        name=step_title(step.name),
        status=step.status.value,
        tries=step.attempts,
        started=step.started_at,
        ended=step.completed_at,
        error=step.error if step.status != "completed" else None,
    )


def _facts(detail: ExecutionDetail) -> list[Fact]:
    execution = detail.execution
    tenant = f"/tenants/{execution.entity_slug}" if execution.entity_slug else None
    return [
        Fact(label="Tenant", value=execution.entity_slug, href=tenant),
        Fact(label="Workflow id", value=execution.workflow_id, mono=True),
        Fact(label="Requested by", value=execution.requested_by),
        Fact(label="Created", value=execution.created_at),
        Fact(label="Started", value=execution.started_at),
        Fact(label="Ended", value=execution.completed_at),
        Fact(label="Last progress", value=execution.last_progress_at),
        Fact(label="Run id", value=execution.run_id, mono=True),
    ]


def _events(detail: ExecutionDetail) -> list[Event]:
    return [
        Event(
            at=event.at,
            title=words.event_title(event),
            text=event.reason or event.error or "",
            who=event.actor,
            status=(event.to_status or Status.PENDING).value,
        )
        for event in reversed(detail.events)
    ]
