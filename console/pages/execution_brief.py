"""An execution in Markdown, for a ticket to people who have no access: what is wrong, since when, what was tried."""

import re
from collections.abc import Iterator
from datetime import datetime

from console.pages import triage_words, words
from console.pages.execution_notice import standstill, what_helps, who_must_act
from console.pages.known_execution import Known
from operations.phrases import OUTCOMES, said, shown_status, told, who
from operations.queries.execution_views import ExecutionDetail, ExecutionView
from operations.queries.intents import CommandView
from operations.statuses import CommandKind

LONGEST = 300  #: characters of what anybody wrote: errors can hold what no ticket should
TRIED = 10  #: the latest
MARKED = re.compile(r"([\\`*_\[\]<>#|~!])")
ASKED_BY_TENANTRY = frozenset({CommandKind.START, CommandKind.DECIDE})


def brief(known: Known) -> str:
    """No inputs of the workflow and no results: names, statuses, causes, and what people gave as reasons.

    It ends before the address, which the browser knows.
    """
    return "\n".join((*_lines(known), "- **Page:** "))


def _lines(known: Known) -> Iterator[str]:
    detail, execution = known.detail, known.detail.execution
    name = execution.entity_name or execution.workflow_id
    slug = "" if execution.entity_slug is None else f" ({_text(execution.entity_slug)})"
    yield f"**{_text(name)}**{slug}: {words.workflow_title(execution.workflow_type)}, attempt {execution.attempt}"
    yield ""
    yield f"- **Status:** {_status(detail)}"
    yield f"- **What is wrong:** {_text(_wrong(detail))}"
    if since := _since(execution):
        yield f"- **Since:** {said(since)}"
    if step := words.current_step(execution):
        yield f"- **{'Step' if execution.done_step is None else 'Next step'}:** {_text(step)}{_tries(detail)}"
    yield f"- **Last progress:** {said(execution.last_progress_at)}"
    if helps := what_helps(execution):
        yield f"- **What helps:** {' '.join(part for part in (who_must_act(execution), helps) if part)}"
    if seen := triage_words.sentence(execution.triage):
        yield f"- **Triage:** {_text(seen)}"
    yield from _tried(known)
    if len(detail.attempts) > 1:
        ends = ", ".join(f"{each.attempt} {shown_status(each.status, each.close_reason)}" for each in detail.attempts)
        yield f"- **Attempts:** {ends.replace('_', ' ')}"
    yield f"- **Workflow id:** {_text(execution.workflow_id)}"


def _since(execution: ExecutionView) -> datetime | None:
    if execution.status.is_final:
        return execution.completed_at
    return standstill(execution)[1] if execution.diagnosis is not None else None


def _status(detail: ExecutionDetail) -> str:
    execution = detail.execution
    shown = shown_status(execution.status, execution.close_reason).replace("_", " ")
    is_well = execution.status.is_final or execution.health == "ok"
    return shown if is_well else f"{shown}, {execution.health}"


def _wrong(detail: ExecutionDetail) -> str:
    """The cause where there is one and the sentence does not name it, and where it stands in any case."""
    headline = words.headline(detail).text
    cause = words.cause(detail.execution)
    return headline if cause.rstrip(".") in headline else f"{told(headline).followed} {cause}"


def _tries(detail: ExecutionDetail) -> str:
    step = next((each for each in detail.steps if each.name == detail.execution.current_step), None)
    if step is None or (step.attempts < 2 and not words.is_counted_anew(step)):
        return ""
    return f", {words.counted_tries(step)}, the latest {said(step.tried_at)}"


def _tried(known: Known) -> Iterator[str]:
    asked = [each for each in known.commands if each.kind not in ASKED_BY_TENANTRY]
    if not asked and not known.decisions:
        yield "- **What was tried:** nothing yet"
        return
    yield "- **What was tried:**"
    for each in asked[:TRIED]:
        yield f"  - {said(each.created_at)}: {_deed(each)}"
    for decision in known.decisions:
        why = _text(decision.reason)
        yield f"  - {said(decision.decided_at)}: {decision.decision} by {_text(who(decision.decided_by))}: “{why}”"


def _deed(command: CommandView) -> str:
    by = f"{_text(words.command_title(command))}, asked for by {_text(who(command.requested_by))}"
    why = f": “{_text(command.reason)}”" if command.reason else ""
    return f"{by}{why}{'' if command.outcome is None else f' ({OUTCOMES[command.outcome]})'}"


def _text(words_: str) -> str:
    """One line of plain words, whatever was typed: nothing of it becomes a link, an image or a heading."""
    line = " ".join(words_.split())
    return MARKED.sub(r"\\\1", line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…")
