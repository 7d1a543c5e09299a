"""What both sides said of a finding, side by side, and what can be done about it."""

from collections.abc import Awaitable, Mapping
from datetime import datetime
from uuid import UUID

from nicegui import ui

from console import sessions
from console.components import feedback
from console.components.cards import Fact, facts
from console.components.text import attribute, tag
from console.pages import finding_words
from console.pages.scope import Scope
from operations.actions.findings import NEEDS, Settlement, settlements
from operations.queries.reconciliation_views import FindingView, Standing

LABELS = {
    "status": "Status",
    "tenant": "Tenant",
    "close_reason": "Ended as",
    "run_id": "Run id",
    "operation_uuid": "OperationUUID",
    "started_at": "Started",
    "closed_at": "Closed",
    "by": "By",
    "reason": "Reason",
    "error": "Error",
}
MONO = ("run_id", "operation_uuid")
TIMES = ("started_at", "closed_at")


async def show(scope: Scope, id_: str) -> None:
    """Open it, and carry out what is chosen."""
    finding = await feedback.attempt(scope.services.reads.reconciliation.finding(UUID(id_)))
    if finding is None:
        return
    with ui.dialog() as dialog, ui.element("div").classes("confirm evidence"):
        heading = tag("h2", f"{finding_words.title(finding.kind)}: {finding.tenant_name or finding.workflow_id}")
        attribute(heading, "id", f"evidence-{dialog.id}")
        attribute(dialog, "aria-labelledby", f"evidence-{dialog.id}")
        tag("p", finding_words.explanation(finding.kind))
        with ui.element("div").classes("sides"):
            _side("The database said", finding.database_said, "Nothing: there is no row.")
            about_tenant = finding.kind in finding_words.ABOUT_TENANTS
            nothing = "It was not asked." if about_tenant else "Nothing: it knows no such run."
            _side("Temporal said", finding.temporal_said, nothing)
        tag("h3", "What was done")
        tag("p", finding_words.done(finding))
        facts(_facts(finding))
        with ui.element("div").classes("confirm-buttons"):
            ui.button("Close", on_click=lambda: dialog.submit(None)).props("outline")
            _buttons(dialog, finding)
    chosen: object = await dialog
    dialog.delete()
    if isinstance(chosen, Settlement):
        await _settle(scope, finding, chosen)


def _buttons(dialog: ui.dialog, finding: FindingView) -> None:
    if finding.standing is Standing.SETTLED:
        return
    for settlement in settlements(finding.kind):
        if not sessions.may(NEEDS[settlement]) or (
            settlement is Settlement.IGNORE and finding.standing is Standing.IGNORED
        ):
            continue
        button = ui.button(finding_words.SETTLEMENTS[settlement][0])
        if settlement is Settlement.TERMINATE:
            button.props("color=negative")
        elif settlement is Settlement.IGNORE:
            button.props("outline")
        button.on_click(lambda chosen=settlement: dialog.submit(chosen))


def _side(title: str, said: Mapping[str, object], nothing: str) -> None:
    with ui.element("section"):
        tag("h3", title)
        known = [_fact(name, value) for name, value in said.items() if value is not None]
        if known:
            facts(known)
        else:
            tag("p", nothing)


def _fact(name: str, value: object) -> Fact:
    label = LABELS.get(name, name)
    if name in TIMES:
        return Fact(label=label, value=datetime.fromisoformat(str(value)))
    words = str(value) if name in (*MONO, "by", "reason", "error") else str(value).replace("_", " ")
    return Fact(label=label, value=words, mono=name in MONO)


def _facts(finding: FindingView) -> list[Fact]:
    execution = None if finding.execution_id is None else f"/executions/{finding.execution_id}"
    tenant = None if finding.tenant_slug is None else f"/tenants/{finding.tenant_slug}"
    known = [
        Fact(label="Workflow id", value=finding.workflow_id, href=execution, mono=True),
        Fact(label="Tenant", value=finding.tenant_slug, href=tenant),
        Fact(label="First seen", value=finding.first_seen_at),
        Fact(label="Last seen", value=finding.last_seen_at),
    ]
    if finding.resolved_at is not None:
        known.append(Fact(label="Settled", value=finding.resolved_at))
        known.append(Fact(label="By", value=finding.resolved_by))
    if finding.reason:
        known.append(Fact(label="Reason", value=finding.reason))
    return known


async def _settle(scope: Scope, finding: FindingView, settlement: Settlement) -> None:
    label, consequence = finding_words.SETTLEMENTS[settlement]
    reason = await feedback.confirm(
        f"{label}: {finding.workflow_id}?",
        what_will_happen=[consequence],
        not_undone=["Nothing is cleaned up: what the steps made stays."] if settlement is Settlement.TERMINATE else (),
        danger=settlement is Settlement.TERMINATE,
        action=label,
    )
    if reason is None:
        return
    actor, actions = sessions.actor(NEEDS[settlement]), scope.services.findings
    match settlement:
        case Settlement.ADOPT:
            made = await feedback.attempt(actions.adopt(actor, finding.id, reason))
        case Settlement.PROVISION:
            made = await feedback.attempt(actions.provision(actor, finding.id, reason))
        case Settlement.TERMINATE:
            made = await feedback.attempt(_told(actions.terminate(actor, finding.id, reason), finding.id))
        case Settlement.IGNORE:
            made = await feedback.attempt(_told(actions.ignore(actor, finding.id, reason), finding.id))
    if made is not None:
        feedback.toast(f"{label}: done.")
        if settlement in (Settlement.ADOPT, Settlement.PROVISION):
            ui.navigate.to(f"/executions/{made}")


async def _told(deed: Awaitable[None], id_: UUID) -> UUID:
    """The deed, with something to tell success by."""
    await deed
    return id_
