"""Findings as rows: cards of a ledger with both halves and what to do, or a table on the page of a tenant."""

from console.components.tables import Action, Column, Kind
from console.pages import finding_words
from console.pages.finding_advice import ADVICE, advice
from console.pages.live_rows import Row, seconds
from operations.actions.findings import Remedy
from operations.phrases import side
from operations.queries.reconciliation_views import FindingView, Standing

ADDRESS = "/reconciliation?finding={id}"
CARDS = (
    Column(name="kind", label="Finding", kind=Kind.LINK, href=ADDRESS, opens=True, secondary="meaning", hideable=False),
    Column(name="standing", label="Standing", kind=Kind.STATUS, hideable=False),
    Column(name="subject", label="Tenant", secondary="workflow_id", hideable=False),
    Column(name="first_seen_at", label="Since", kind=Kind.TIME, hideable=False),
    Column(name="database", label="Database said", hideable=False),
    Column(name="temporal", label="Temporal said", hideable=False),
    Column(name="advice", label="What to do", note="leads", note_href="/executions/{execution}", hideable=False),
    Column(name="became", label="What was done", kind=Kind.ERROR, hideable=False),
)
TABLE = (
    Column(name="kind", label="Finding", kind=Kind.LINK, href=ADDRESS, secondary="standing_word", hideable=False),
    Column(name="database", label="Database said"),
    Column(name="temporal", label="Temporal said"),
    Column(name="done", label="Done", kind=Kind.ERROR),
    Column(name="first_seen_at", label="Since", kind=Kind.TIME),
)
ICONS = {Remedy.ADOPT: "add_link", Remedy.TERMINATE: "dangerous", Remedy.PROVISION: "replay"}


def actions(may: frozenset[Remedy]) -> tuple[Action, ...]:
    """The buttons of cards, of those that somebody may press."""
    recommended = {each.remedy for each in ADVICE.values()}
    return tuple(
        Action(
            name=remedy.value,
            label=finding_words.REMEDIES[remedy].label,
            icon=icon,
            danger=remedy is Remedy.TERMINATE,
        )
        for remedy, icon in ICONS.items()
        if remedy in recommended and remedy in may
    )


def row(finding: FindingView) -> Row:
    """The fields that both kinds of columns draw."""
    recommended = advice(finding)
    done = finding_words.done(finding)
    leads = recommended.leads_to_execution and finding.execution_id is not None
    return {
        "id": str(finding.id),
        "kind": finding_words.title(finding.kind),
        "meaning": finding_words.explanation(finding.kind),
        "standing": finding.standing.value,
        "standing_word": finding_words.STANDINGS[finding.standing],
        "subject": finding.tenant_name or finding.workflow_id,
        "tenant": finding.tenant_slug,
        "workflow_id": finding.workflow_id,
        "database": side(finding.database_said),
        "temporal": finding_words.temporal_said(finding),
        "done": done,
        "became": None if finding.standing is Standing.OPEN and not finding.done else done,
        "advice": recommended.text,
        "leads": "Open the execution" if leads else None,
        "execution": str(finding.execution_id) if leads else None,
        "actions": None if recommended.remedy is None else {recommended.remedy.value: None},
        "first_seen_at": seconds(finding.first_seen_at),
    }
