"""What is wrong with an execution in one sentence, the facts behind it with their age, who must act and what helps."""

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from console.components.cards import Fact, facts
from console.components.moments import Moment, Sentence
from console.components.text import attribute, tag
from console.pages import finding_words, runbook, words
from console.pages.known_execution import Known
from console.pages.signs import sign
from operations.diagnosis.advice import Owner
from operations.diagnosis.evidence import Evidence
from operations.phrases import capitalised, root, shown_status, told, who
from operations.queries.execution_views import ExecutionDetail, ExecutionView, StepView
from operations.statuses import Cause, CloseReason, CommandState, Health, Status, StepStatus

BROKEN = frozenset({CloseReason.ERROR, CloseReason.TIMED_OUT})
AFTER_AN_END = "Mend what the error says, then retry: that begins a new attempt."
AGED = {Health.STUCK: "Stuck since", Health.SLOW: "Slow since", Health.DRIFT: "Differs since"}


class Notice:
    """The card at the top of the page; while all is well, one sentence."""

    def __init__(self) -> None:
        with ui.element("section").classes("notice") as self._card:
            attribute(self._card, "aria-label", "Where it stands")
            self._headline = _Headline()
            self._words = tag("p", classes="notice-text")
            with tag("details", classes="more") as self._more:
                tag("summary", "Details")
                self._detail = tag("span")
            self._facts = ui.element("div").classes("notice-facts")
            with ui.element("div").classes("notice-helps") as self._helps:
                self._owner = tag("p", classes="notice-owner")
                self._advice = tag("p", classes="notice-text")
                self._runbook = tag("a", "What helps, and what must not be done", classes="notice-runbook")
            self._pending = tag("p", classes="notice-text")
        self._drawn: list[Fact] = []

    def show(self, known: Known) -> None:
        detail, execution = known.detail, known.detail.execution
        attribute(self._card, "data-status", shown_status(execution.status, execution.close_reason))
        second = sign(execution)
        attribute(self._card, "data-tone", None if second is None else second.tone.value)
        headline = words.headline(detail)
        self._headline.show(headline)
        error = wrong(detail)
        _say(self._words, beside(headline, error))
        whole = folded(error)
        self._detail.set_text(whole or "")
        self._more.set_visibility(whole is not None)
        self._show_facts(list(evidence(detail)))
        self._show_help(execution)
        _say(self._pending, words.pending_command(known.commands))

    def _show_facts(self, shown: list[Fact]) -> None:
        self._facts.set_visibility(bool(shown))
        if shown == self._drawn:
            return
        self._drawn = shown
        self._facts.clear()
        with self._facts:
            facts(shown)

    def _show_help(self, execution: ExecutionView) -> None:
        helps = what_helps(execution)
        known = None if execution.status.is_final else execution.diagnosis
        self._helps.set_visibility(helps is not None)
        _say(self._owner, who_must_act(execution))
        _say(self._advice, helps)
        attribute(self._runbook, "href", None if known is None else runbook.address(known.cause))
        self._runbook.set_visibility(known is not None)


def wrong(detail: ExecutionDetail) -> str | None:
    """The error behind it: of a start that waits that of the start, as what is said of its cause is made of that."""
    execution, start = detail.execution, detail.start
    if detail.awaits_decision:
        return None
    if execution.status is Status.PENDING and start is not None and start.state is CommandState.QUEUED and start.error:
        return start.error
    return execution.error_message or execution.cause_detail


def beside(headline: words.Headline, error: str | None) -> str:
    """What an error comes down to, unless the sentence at the top says it, as that of a start that waits does."""
    wrong = root(error)
    return "" if wrong.rstrip(".") in headline.text else wrong


def folded(error: str | None) -> str | None:
    """The error itself, where what it comes down to is said in other words."""
    wrong = told(error)
    return wrong.detail or (None if root(error) == wrong.sentence else wrong.sentence)


def who_must_act(execution: ExecutionView) -> str | None:
    """Nobody, when it ends by itself or is well."""
    known = execution.diagnosis
    if known is None or execution.status.is_final or known.owner is Owner.NOBODY:
        return None
    return f"{capitalised(known.owner_title)} must act."


def what_helps(execution: ExecutionView) -> str | None:
    if execution.status.is_final:
        stands = execution.status is Status.FAILED and execution.superseded_by is None
        return AFTER_AN_END if stands and execution.close_reason in BROKEN else None
    return None if execution.diagnosis is None else execution.diagnosis.action


def evidence(detail: ExecutionDetail) -> Iterator[Fact]:
    """What the sentence rests on, each with its age; nothing while all is well, and after an end that was wanted."""
    execution = detail.execution
    if execution.status.is_final:
        if execution.close_reason in BROKEN:
            yield Fact(label="Failed", value=execution.completed_at)
            yield from _step(detail)
        return
    known = execution.diagnosis
    if known is None:
        return
    said = Evidence.from_json(execution.evidence)
    label, since = standstill(execution)
    yield Fact(label=label, value=since)
    yield from _step(detail)
    yield from _start(detail)
    yield from _others(execution, said)
    if since != execution.last_progress_at:
        yield Fact(label="Last progress", value=execution.last_progress_at)


def standstill(execution: ExecutionView) -> tuple[str, datetime]:
    """Since when it is stuck, whatever the cause was meanwhile; of one that is not, since when the cause lasts."""
    label = AGED.get(execution.health)
    since = execution.cause_since if label is None else execution.health_since
    return label or "Since", since or execution.last_progress_at


def _step(detail: ExecutionDetail) -> Iterator[Fact]:
    execution = detail.execution
    name = words.current_step(execution)
    if not name:
        return
    total = execution.steps_total
    number = "" if total is None else f", {min(execution.steps_done + 1, total)} of {total}"
    yield Fact(label="Step" if execution.done_step is None else "Next step", value=f"{name}{number}")
    step = next((each for each in reversed(detail.steps) if each.name == execution.current_step), None)
    if step is not None and step.status is not StepStatus.COMPLETED:
        yield from _tries(step, is_over=execution.status.is_final)


def _tries(step: StepView, *, is_over: bool) -> Iterator[Fact]:
    yield Fact(
        label="Tries", value=f"{step.attempts:,}{' since the last retry' if words.is_counted_anew(step) else ''}"
    )
    yield Fact(label="Latest try", value=step.tried_at)
    if step.next_try_at is not None and not is_over:
        yield Fact(label="Next try", value=step.next_try_at, is_due=True)


def _start(detail: ExecutionDetail) -> Iterator[Fact]:
    start = detail.start
    if start is None or start.state is not CommandState.QUEUED or not start.tries:
        return
    yield Fact(label="Starts tried", value=f"{start.tries:,}")
    yield Fact(label="Next start", value=start.next_try_at, is_due=True)


def _others(execution: ExecutionView, said: Evidence) -> Iterator[Fact]:
    if said.queue is not None:
        number = "" if said.workers is None else f", {said.workers or 'no'} worker{'' if said.workers == 1 else 's'}"
        yield Fact(label="Queue", value=f"{said.queue}{number}")
    if said.worker is not None:
        yield Fact(label="Worker", value=said.worker)
    if said.build is not None:
        fails = execution.cause == Cause.WORKFLOW_FAILING
        yield Fact(label="Build whose code fails" if fails else "Build that it needs", value=said.build)
    if said.until is not None:
        yield Fact(label="Until", value=said.until)
    if said.by:
        yield Fact(label="Cancelled by" if execution.cause == Cause.CANCEL_PENDING else "Paused by", value=who(said.by))
    if said.finding is not None:
        found = f"/reconciliation?q={quote(execution.workflow_id, safe='')}"
        yield Fact(label="Found by reconciliation", value=finding_words.title(said.finding), href=found)


class _Headline:
    """The sentence at the top, and the age or countdown that belongs to it."""

    def __init__(self) -> None:
        with tag("p", classes="notice-title"):
            self._text = Sentence()
            self._lead = tag("span").style("white-space: pre")
            self._since = Moment(None, form="since")
            self._until = Moment(None, form="due")

    def show(self, headline: words.Headline) -> None:
        self._text.show(headline.text)
        self._lead.set_text(headline.lead)
        for moment, at in ((self._since, headline.since), (self._until, headline.until)):
            moment.show(at)
            moment.set_visibility(at is not None)
        self._lead.set_visibility((headline.since or headline.until) is not None)


def _say(place: TextElement, text: str | None) -> None:
    place.set_text(text or "")
    place.set_visibility(bool(text))
