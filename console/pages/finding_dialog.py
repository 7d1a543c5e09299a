"""What both sides said of a finding, side by side, and what can be done about it."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from nicegui import ui

from console import sessions
from console.channels import Listener, View
from console.components import feedback
from console.components.cards import Fact, facts
from console.components.dialogs import Dialog, Question
from console.components.text import tag
from console.pages import finding_advice, finding_words
from console.pages.scope import Scope
from operations.actions.findings import NEEDS, Remedy, remedies
from operations.errors import FindingNotFound
from operations.phrases import spelled, who
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
    "activity": "Step requested",
    "activity_id": "Activity id",
    "workflow_type": "Workflow type",
    "refused": "Refused because",
}
MONO = ("run_id", "operation_uuid", "activity_id", "workflow_type")
TIMES = ("started_at", "closed_at")


async def show(scope: Scope, id_: str) -> None:
    """Open it, and keep it true. The id may come from an address."""
    try:
        known = UUID(id_)
    except ValueError:
        raise FindingNotFound from None
    finding = await feedback.attempt(scope.services.reads.reconciliation.finding(known))
    if finding is not None:
        await FindingDialog(scope, finding).open()


async def ask(scope: Scope, id_: str, remedy: Remedy) -> None:
    """Ask at once, as a button beside the finding does."""
    finding = await feedback.attempt(scope.services.reads.reconciliation.finding(UUID(id_)))
    if finding is not None:
        await FindingDialog(scope, finding).ask(remedy)


class FindingDialog:
    """The closer look and the question that it leads to; both follow the finding."""

    def __init__(self, scope: Scope, finding: FindingView) -> None:
        self._scope = scope
        self._finding = finding
        self._look: Dialog | None = None

    async def open(self) -> None:
        title = f"{finding_words.title(self._finding.kind)}: {_subject(self._finding)}"
        self._look = self._scope.frame.dialogs.look(title)
        with self._look:
            self._place = ui.element("div").classes("evidence")
        await self._follow_in(self._look)

    async def _follow_in(self, dialog: Dialog) -> None:
        with dialog:
            listener = Listener[FindingView](self._show)
        self._show((await self._scope.hub.watch(view(self._scope, self._finding.id), listener)).value)

    def _show(self, finding: FindingView) -> None:
        self._finding = finding
        self._scope.frame.dialogs.look_again()
        if self._look is None or self._look.is_deleted:
            return
        self._place.clear()
        with self._place:
            tag("p", finding_words.explanation(finding.kind))
            with ui.element("div").classes("sides"):
                _side("The database said", finding.database_said, "Nothing: it does not know the run.")
                about_tenant = finding.kind in finding_words.ABOUT_TENANTS
                nothing = "It was not asked." if about_tenant else "Nothing: it does not know the run."
                _side("Temporal said", finding.temporal_said, nothing)
            if recommended := finding_advice.advice(finding).text:
                tag("h3", "What to do")
                tag("p", recommended)
            tag("h3", "What was done")
            tag("p", finding_words.done(finding))
            facts(_facts(finding))
            with ui.element("div").classes("dialog-buttons"):
                ui.button("Close", on_click=self._look.close).props("outline")
                for remedy in _offered(finding):
                    self._button(remedy)

    def _button(self, remedy: Remedy) -> None:
        button = ui.button(finding_words.REMEDIES[remedy].label, on_click=lambda: self.ask(remedy))
        if remedy is Remedy.TERMINATE:
            button.props("color=negative")
        elif remedy is Remedy.IGNORE:
            button.props("outline")

    async def ask(self, remedy: Remedy) -> None:
        words = finding_words.REMEDIES[remedy]
        ends = remedy is Remedy.TERMINATE

        def ask() -> Question:
            offered = remedy in _offered(self._finding)
            return Question(
                title=words.title.format(_subject(self._finding)),
                what_will_happen=(words.consequence,),
                not_undone=("Nothing is cleaned up: what the steps made stays.",) if ends else (),
                danger=ends,
                action=words.label,
                problem=None
                if offered
                else f"This finding does not need it any more. {finding_words.done(self._finding)}",
            )

        async def carry_out(reason: str) -> None:
            made = await self._settle(remedy, reason)
            feedback.toast(words.told)
            if made is not None:
                ui.navigate.to(f"/executions/{made}")

        await self._follow_in(self._scope.frame.dialogs.ask(ask, carry_out, draft=f"{words.label} {self._finding.id}"))

    async def _settle(self, remedy: Remedy, reason: str) -> UUID | None:
        """The execution that this made, if any."""
        actor, actions, id_ = sessions.actor(NEEDS[remedy]), self._scope.services.findings, self._finding.id
        match remedy:
            case Remedy.ADOPT:
                return await actions.adopt(actor, id_, reason)
            case Remedy.PROVISION:
                return await actions.provision(actor, id_, reason)
            case Remedy.TERMINATE:
                await actions.terminate(actor, id_, reason)
            case Remedy.IGNORE:
                await actions.ignore(actor, id_, reason)
        return None


def view(scope: Scope, id_: UUID) -> View[FindingView, FindingView]:
    return View(
        key=("finding", id_),
        concerns=lambda changed: changed.concerns("finding", str(id_)),
        load=lambda: scope.services.reads.reconciliation.finding(id_),
        news=lambda before, after: None if before == after else after,
    )


def _offered(finding: FindingView) -> list[Remedy]:
    if finding.standing is Standing.SETTLED:
        return []
    return [
        each
        for each in remedies(finding.kind, finding.run_id)
        if sessions.may(NEEDS[each]) and not (each is Remedy.IGNORE and finding.standing is Standing.IGNORED)
    ]


def _subject(finding: FindingView) -> str:
    return finding.tenant_name or finding.workflow_id


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
    words = value if name in (*MONO, "reason", "error", "refused") else who(str(value)) if name == "by" else None
    words = spelled(value) if words is None else str(words)
    return Fact(label=label, value=words, mono=name in MONO)


def _facts(finding: FindingView) -> list[Fact]:
    execution = None if finding.execution_id is None else f"/executions/{finding.execution_id}"
    tenant = None if finding.tenant_slug is None else f"/tenants/{finding.tenant_slug}"
    known = [
        Fact(label="Workflow id", value=finding.workflow_id, href=execution, mono=True),
        Fact(label="Tenant", value=finding.tenant_slug, href=tenant),
        Fact(label="Address", value="This finding", href=f"/reconciliation?finding={finding.id}"),
        Fact(label="First seen", value=finding.first_seen_at),
        Fact(label="Last seen", value=finding.last_seen_at),
    ]
    if finding.resolved_at is not None:
        known.append(Fact(label="Settled", value=finding.resolved_at))
        known.append(Fact(label="Settled by", value=None if finding.resolved_by is None else who(finding.resolved_by)))
    if finding.reason:
        known.append(Fact(label="Reason", value=finding.reason))
    return known
