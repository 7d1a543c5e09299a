"""Executions as rows of a live table, wherever they are listed."""

from console.components.tables import Column, Kind
from console.pages import triage_words, words
from console.pages.live_rows import Row, Rows, seconds
from console.pages.signs import sign
from operations.diagnosis.evidence import Evidence
from operations.feed import Changed
from operations.phrases import shown_status, who
from operations.queries.execution_views import ExecutionView
from operations.queries.paging import Page
from operations.statuses import Status

NEWER = "/executions/{superseded_by}"
COLUMNS = (
    Column(
        name="status",
        label="Status",
        kind=Kind.STATUS,
        secondary="sign",
        tone="tone",
        since="sign_since",
        hideable=False,
        width=184,
    ),
    Column(
        name="tenant",
        label="Tenant",
        kind=Kind.LINK,
        secondary="slug",
        hideable=False,
        href="/executions/{id}",
        sortable=True,
    ),
    Column(name="workflow", label="Workflow", hidden=True),
    Column(name="steps_done", label="Progress", kind=Kind.PROGRESS, total="steps_total", secondary="step"),
    Column(
        name="error",
        label="Cause or last error",
        kind=Kind.ERROR,
        lead="owner",
        secondary="tries",
        until="next_try_at",
        note="superseded",
        note_href=NEWER,
    ),
    Column(name="started_at", label="Started", kind=Kind.TIME, sortable=True, hidden=True),
    Column(
        name="duration",
        label="Duration",
        kind=Kind.DURATION,
        since="running_since",
        align="right",
        sortable=True,
    ),
    Column(name="last_progress_at", label="Last progress", kind=Kind.TIME, sortable=True),
    Column(name="triage", label="Triage", kind=Kind.ERROR, secondary="people", width=140, when_filled=True),
    Column(name="attempt", label="Attempt", kind=Kind.NUMBER, align="right", hidden=True),
    Column(name="created_at", label="Created", kind=Kind.TIME, sortable=True, hidden=True),
    Column(name="completed_at", label="Ended", kind=Kind.TIME, sortable=True, hidden=True),
    Column(name="workflow_id", label="Workflow id", kind=Kind.ID, hidden=True),
    Column(name="requested_by", label="Requested by", hidden=True),
)


def row(execution: ExecutionView) -> Row:
    """The fields that the columns draw."""
    ended = execution.completed_at
    lasted = execution.duration
    second = sign(execution)
    return {
        "id": str(execution.id),
        "status": shown_status(execution.status, execution.close_reason),
        "sign": None if second is None else second.word,
        "tone": None if second is None else second.tone.value,
        "sign_since": None if second is None else seconds(second.since),
        "tenant": execution.entity_name or execution.workflow_id,
        "slug": execution.entity_slug or "",
        "workflow": words.workflow_title(execution.workflow_type),
        "steps_done": execution.steps_done,
        "steps_total": execution.steps_total,
        "step": "" if execution.status is Status.COMPLETED else words.current_step(execution),
        "error": words.cause(execution),
        "owner": words.owner(execution),
        "tries": words.tries(execution),
        "next_try_at": None
        if ended or execution.evidence is None
        else seconds(Evidence.from_json(execution.evidence).next_try_at),
        "superseded": words.superseded(execution),
        "superseded_by": None if execution.superseded_by is None else str(execution.superseded_by),
        "started_at": seconds(execution.started_at),
        "duration": None if lasted is None else round(lasted.total_seconds() * 1000),
        "running_since": None if ended else seconds(execution.started_at or execution.created_at),
        "last_progress_at": seconds(execution.last_progress_at),
        "triage": triage_words.short(execution.triage),
        "people": triage_words.people(execution.triage),
        "attempt": execution.attempt,
        "created_at": seconds(execution.created_at),
        "completed_at": seconds(ended),
        "workflow_id": execution.workflow_id,
        "requested_by": who(execution.requested_by),
    }


def concerns(changed: Changed) -> bool:
    """Whether any row of any list can be another one."""
    return any(changed.concerns(kind) for kind in ("execution", "tenant", "triage"))


def rows(page: Page[ExecutionView]) -> Rows:
    return Rows.of(page, [row(each) for each in page.items])
