"""The page of one execution: what it is, where it stands in words, its steps over time, its history."""

from uuid import UUID

from nicegui import ui
from nicegui.page_arguments import PageArguments

from console.channels import Listener
from console.components.badges import StatusBadges
from console.components.cards import CopyButton, Fact, Section, facts
from console.components.chains import Link, chain
from console.components.page_headers import PageHeader
from console.components.tell_me import TellMe
from console.components.timeline import StepTimeline
from console.pages import address, words
from console.pages.execution_actions import ExecutionActions
from console.pages.execution_brief import brief
from console.pages.execution_history import History
from console.pages.execution_notice import Notice
from console.pages.execution_steps import timeline
from console.pages.execution_truths import Truths
from console.pages.known_execution import Known, view
from console.pages.outcomes import Outcomes
from console.pages.place import Place
from console.pages.scope import Scope
from console.pages.signs import sign
from console.pages.triage_panel import TriagePanel
from operations.errors import ExecutionNotFound
from operations.phrases import shown_status, who
from operations.queries.approval_views import ApprovalRequestView
from operations.queries.execution_views import ExecutionDetail, ExecutionView


async def build(scope: Scope, arguments: PageArguments) -> None:
    """Draw the page and keep it true."""
    try:
        execution_id = UUID(arguments.path_parameters["id"])
    except ValueError:
        raise ExecutionNotFound from None
    followed = view(scope, execution_id)
    page = ExecutionPage(scope, await followed.load())
    listener = Listener[Known](page.show)
    page.show((await scope.hub.watch(followed, listener)).value)
    await page.triage.follow()
    page.ask(address.values(arguments).get("do"))


PLACE = Place(path="/executions/{id}", title="Execution", build=build)


class ExecutionPage:
    """The parts of the page that change while the execution runs."""

    def __init__(self, scope: Scope, known: Known) -> None:
        """Draw everything once; `show` keeps it true."""
        execution = known.detail.execution
        header = PageHeader(
            execution.entity_name or execution.workflow_id,
            subtitle=f"{words.workflow_title(execution.workflow_type)}, attempt {execution.attempt}",
            back=("Executions", "/executions"),
            here=f"/executions/{execution.id}",
        )
        with header.badges:
            self._badges = StatusBadges(shown_status(execution.status, execution.close_reason))
        with header:
            self._tell = TellMe(f"/executions/{execution.id}")
            self._brief = CopyButton("Copy brief", label="Brief for a ticket")
            self._actions = ExecutionActions(scope)
        self._chained: list[Link] = []
        self._id = execution.id
        self._notice = Notice()
        self._attempts = ui.element("div")
        self._attempts.set_visibility(False)
        self._outcomes = Outcomes(known.detail.events)
        self.triage = TriagePanel(scope, execution.id, name=execution.entity_name or execution.workflow_id)
        with Section("Steps"):
            self._steps = StepTimeline(timeline(known.detail, known.usual))
        Truths(scope, execution.id)
        with ui.element("div").classes("halves"):
            with Section("Facts"):
                self._facts = ui.element("div")
            with Section("History"):
                self._history = History(scope, execution.id)

    def show(self, known: Known) -> None:
        """Bring the page up to date."""
        detail, execution = known.detail, known.detail.execution
        shown = shown_status(execution.status, execution.close_reason)
        self._badges.show(shown, sign=sign(execution))
        self._actions.show(detail, known.asked)
        self._notice.show(known)
        self._brief.show(brief(known), f"/executions/{execution.id}")
        self._tell.show(
            _place(execution),
            name=execution.entity_name or execution.workflow_id,
            text=words.headline(detail).text,
            final=execution.status.is_final,
        )
        self._show_attempts(detail)
        self._steps.show(timeline(detail, known.usual))
        self._outcomes.show(detail.events)
        self._facts.clear()
        with self._facts:
            facts(_facts(detail))
        self._history.show(known)

    def ask(self, deed: str | None) -> None:
        """Open the question of a deed that somebody chose elsewhere, once: going back does not ask again."""
        if deed is not None and self._actions.ask(deed):
            address.keep(f"/executions/{self._id}", {}, new_entry=False)

    def _show_attempts(self, detail: ExecutionDetail) -> None:
        links = _attempts(detail)
        if links == self._chained:
            return
        self._chained = links
        self._attempts.clear()
        self._attempts.set_visibility(len(links) > 1)
        with self._attempts:
            chain(links, label="Attempts")


def _place(execution: ExecutionView) -> str:
    """What is another one when it has moved; that a step is tried once more is no move."""
    return f"{execution.status} {execution.close_reason} {execution.steps_done} {execution.cause}"


def _attempts(detail: ExecutionDetail) -> list[Link]:
    return [
        Link(
            title=f"Attempt {each.attempt}",
            status=shown_status(each.status, each.close_reason),
            at=each.created_at,
            href=None if each.id == detail.execution.id else f"/executions/{each.id}",
        )
        for each in detail.attempts
    ]


def _facts(detail: ExecutionDetail) -> list[Fact]:
    execution = detail.execution
    tenant = f"/tenants/{execution.entity_slug}" if execution.entity_slug else None
    return [
        Fact(label="Tenant", value=execution.entity_slug, href=tenant),
        *_newer(execution),
        Fact(label="Workflow id", value=execution.workflow_id, mono=True),
        Fact(label="Requested by", value=who(execution.requested_by)),
        Fact(label="Created", value=execution.created_at),
        *([Fact(label="Data is deleted", value=execution.due_at)] if execution.due_at else []),
        Fact(label="Started", value=execution.started_at),
        Fact(label="Ended", value=execution.completed_at),
        Fact(label="Verified with Temporal", value=execution.verified_at),
        Fact(label="Last progress", value=execution.last_progress_at),
        Fact(label="Run id", value=execution.run_id, mono=True),
        *_asked(detail.approval_request),
    ]


def _newer(execution: ExecutionView) -> list[Fact]:
    if execution.superseded_by is None:
        return []
    newer = f"/executions/{execution.superseded_by}"
    return [Fact(label="Superseded by", value=f"Attempt {execution.superseded_by_attempt}", href=newer)]


def _asked(request: ApprovalRequestView | None) -> list[Fact]:
    if request is None:
        return []
    return [
        Fact(label="Approval requested", value=request.requested_at),
        *([Fact(label="Rejected unless decided by", value=request.expires_at)] if request.is_open else []),
    ]
