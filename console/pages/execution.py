"""The page of one execution: what it is, where it stands in words, its steps over time, its history."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement
from nicegui.page_arguments import PageArguments

from console.channels import Listener, View
from console.components.badges import StatusBadges
from console.components.cards import Fact, Section, facts
from console.components.moments import Moment, Sentence
from console.components.page_headers import PageHeader
from console.components.text import attribute, tag
from console.components.timeline import Event, Step, StepTimeline, event_list
from console.pages import runbook, words
from console.pages.execution_actions import ExecutionActions
from console.pages.outcomes import Outcomes
from console.pages.place import Place
from console.pages.scope import Scope
from console.pages.signs import sign
from operations.contracts import SETTLE_APPROVAL
from operations.errors import ExecutionNotFound
from operations.phrases import shown_status, spelled, told, who
from operations.queries.execution_views import ApprovalRequestView, EventView, ExecutionDetail, ExecutionView, StepView
from operations.queries.intents import CommandView, DecisionView
from operations.statuses import CommandKind, CommandState, Status, StepStatus


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


PLACE = Place(path="/executions/{id}", title="Execution", build=build)


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What is known of an execution and of what people want of it."""

    detail: ExecutionDetail
    commands: tuple[CommandView, ...]
    decisions: tuple[DecisionView, ...]


def view(scope: Scope, id_: UUID) -> View[Known, Known]:
    """It concerns the tenant and its other attempts, too: each has a say in what can be done."""
    shown: set[tuple[str, str]] = {("execution", str(id_)), ("command", str(id_))}

    async def load() -> Known:
        reads = scope.services.reads
        known = Known(
            detail=await reads.executions.detail(id_),
            commands=await reads.intents.commands(id_),
            decisions=await reads.intents.decisions(id_),
        )
        execution = known.detail.execution
        shown.add((execution.entity_type, str(execution.entity_id)))
        shown.update(("execution", str(attempt.id)) for attempt in known.detail.attempts)
        return known

    return View(
        key=("execution", id_),
        concerns=lambda changed: changed.concerns("triage") or not shown.isdisjoint(changed.things),
        load=load,
        news=lambda before, after: None if before == after else after,
    )


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
            self._actions = ExecutionActions(scope)
        with ui.element("div").classes("notice") as self._notice:
            self._headline = _Headline()
            self._words = tag("p", classes="notice-text")
            with tag("details", classes="more") as self._more:
                tag("summary", "Details")
                self._detail = tag("span")
            self._advice = tag("p", classes="notice-text")
            with tag("p", classes="notice-text") as self._helps:
                self._runbook = tag("a", "What helps, and what must not be done")
            self._pending = tag("p", classes="notice-text")
        self._outcomes = Outcomes(known.detail.events)
        with Section("Steps"):
            self._steps = StepTimeline(_steps(known.detail))
        with ui.element("div").classes("halves"):
            with Section("Facts"):
                self._facts = ui.element("div")
            with Section("History"):
                self._history = ui.element("div")

    def show(self, known: Known) -> None:
        """Bring the page up to date."""
        detail, execution = known.detail, known.detail.execution
        shown = shown_status(execution.status, execution.close_reason)
        second = sign(execution)
        self._badges.show(shown, sign=second)
        asked = frozenset(each.kind for each in known.commands if each.state is CommandState.QUEUED)
        self._actions.show(detail, asked)
        self._headline.show(words.headline(detail))
        wrong = told(None if detail.awaits_decision else execution.error_message or execution.cause_detail)
        self._say(self._words, wrong.sentence)
        self._detail.set_text(wrong.detail or "")
        self._more.set_visibility(wrong.detail is not None)
        advised = words.who_acts(execution)
        self._say(self._advice, advised)
        known_cause = None if execution.diagnosis is None or advised is None else execution.diagnosis.cause
        attribute(self._runbook, "href", None if known_cause is None else runbook.address(known_cause))
        self._helps.set_visibility(known_cause is not None)
        self._say(self._pending, words.pending_command(known.commands))
        attribute(self._notice, "data-status", shown)
        attribute(self._notice, "data-tone", None if second is None else second.tone.value)
        self._steps.show(_steps(detail))
        self._outcomes.show(detail.events)
        self._facts.clear()
        with self._facts:
            facts(_facts(detail))
        self._history.clear()
        with self._history:
            event_list(_events(known))

    def _say(self, place: TextElement, text: str | None) -> None:
        place.set_text(text or "")
        place.set_visibility(bool(text))


class _Headline:
    """The sentence at the top, and the age or countdown that belongs to it."""

    def __init__(self) -> None:
        with tag("p", classes="notice-title"):
            self._text = Sentence()
            self._lead = tag("span").style("white-space: pre")
            self._since = Moment(None, form="since")
            self._until = Moment(None, form="until")

    def show(self, headline: words.Headline) -> None:
        self._text.show(headline.text)
        self._lead.set_text(headline.lead)
        for moment, at in ((self._since, headline.since), (self._until, headline.until)):
            moment.show(at)
            moment.set_visibility(at is not None)
        self._lead.set_visibility((headline.since or headline.until) is not None)


def _steps(detail: ExecutionDetail) -> list[Step]:
    """The steps that ran, and those of the plan still to come."""
    ran = [_step(step) for step in detail.steps]
    execution = detail.execution
    if execution.status.is_final:
        return ran
    names = {step.name for step in detail.steps}
    coming = [name for name in detail.planned if name not in names]
    asked = detail.approval_request.requested_at if detail.awaits_decision and detail.approval_request else None
    return ran + [_coming(name, asked) for name in coming]


def _coming(name: str, asked: datetime | None) -> Step:
    """`asked`: since when the run waits for a decision. Its step begins with the decision, but the wait is its time."""
    if name == SETTLE_APPROVAL and asked is not None:
        return Step(name=words.step_word(name), status="waiting", started=asked)
    return Step(name=words.step_word(name), status="pending")


def _step(step: StepView) -> Step:
    wrong = told(step.error if step.status is not StepStatus.COMPLETED else None)
    return Step(
        name=words.step_word(step.name),
        status=spelled(step.status),
        tries=step.attempts,
        started=step.started_at,
        ended=step.completed_at,
        error=wrong.sentence or None,
        detail=wrong.detail,
    )


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


def _ended_as(detail: ExecutionDetail, event: EventView) -> str | None:
    """How it ended, for the event that says so: an event itself knows `failed` alone."""
    ends = [each.seq for each in detail.events if each.to_status is not None and each.to_status.is_final]
    execution = detail.execution
    is_end = execution.status.is_final and ends != [] and event.seq == max(ends)
    return shown_status(execution.status, execution.close_reason) if is_end else None


def _events(known: Known) -> list[Event]:
    """Statuses, decisions and commands in one line of time, newest first."""
    changes = [
        Event(
            at=event.at,
            title=words.event_title(event, how=_ended_as(known.detail, event)),
            text=event.reason or told(event.error).sentence,
            who=who(event.actor),
            status=_ended_as(known.detail, event) or (event.to_status or Status.PENDING).value,
        )
        for event in known.detail.events
    ]
    decisions = [
        Event(at=each.decided_at, title=each.decision.capitalize(), text=each.reason, who=who(each.decided_by))
        for each in known.decisions
    ]
    commands = [
        Event(at=each.created_at, title=words.command_title(each), text=each.reason or "", who=who(each.requested_by))
        for each in known.commands
        if each.kind is not CommandKind.DECIDE and each.kind is not CommandKind.START
    ]
    attempts = [
        Event(
            at=each.created_at,
            title=f"Attempt {each.attempt}: {shown_status(each.status, each.close_reason)}",
            href=f"/executions/{each.id}",
            status=shown_status(each.status, each.close_reason),
        )
        for each in known.detail.attempts
        if each.id != known.detail.execution.id
    ]
    return sorted([*changes, *decisions, *commands, *attempts], key=lambda event: event.at, reverse=True)
