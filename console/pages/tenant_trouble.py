"""The run of a tenant that needs somebody, on top of its page: what is wrong, who must act, and the action itself."""

from dataclasses import dataclass
from uuid import UUID

from nicegui import ui

from console.channels import View
from console.components.badges import StatusBadges
from console.components.text import attribute, tag
from console.pages import words
from console.pages.execution_actions import ExecutionActions
from console.pages.execution_notice import BROKEN, Notice
from console.pages.known_execution import Known, read
from console.pages.scope import Scope
from console.pages.signs import sign
from operations.feed import Changed
from operations.phrases import shown_status
from operations.queries.execution_views import ExecutionFilter, ExecutionView, Sort
from operations.statuses import Cause, Health, Status

LOOKED_AT = 10  #: runs of the tenant: those that are open first, then the newest


@dataclass(frozen=True, kw_only=True, slots=True)
class Troubled:
    """None: no run of the tenant needs anybody."""

    run: Known | None


class Trouble:
    """Nothing is drawn of it while there is none; then a sentence says so."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._well = tag("p", "No run of this tenant needs anybody.", classes="notice well")
        self._place = ui.element("section").classes("trouble")
        attribute(self._place, "aria-label", "Open trouble")
        self._drawn: _Run | None = None

    def show(self, troubled: Troubled) -> None:
        known = troubled.run
        self._place.set_visibility(known is not None)
        self._well.set_visibility(known is None)
        id_ = None if known is None else known.detail.execution.id
        if self._drawn is None or self._drawn.id != id_:
            self._place.clear()
            with self._place:
                self._drawn = None if known is None else _Run(self._scope, known)
        if self._drawn is not None and known is not None:
            self._drawn.show(known)


class _Run:
    """One run: which, how it is doing, what can be done, and why."""

    def __init__(self, scope: Scope, known: Known) -> None:
        execution = known.detail.execution
        self.id = execution.id
        with ui.element("div").classes("trouble-head"):
            title = f"{words.workflow_title(execution.workflow_type)}, attempt {execution.attempt}"
            attribute(tag("a", title, classes="trouble-title"), "href", f"/executions/{execution.id}")
            self._badges = StatusBadges(shown_status(execution.status, execution.close_reason))
            with ui.element("div").classes("page-actions"):
                self._actions = ExecutionActions(scope, has_links=False)
        self._notice = Notice()

    def show(self, known: Known) -> None:
        execution = known.detail.execution
        self._badges.show(shown_status(execution.status, execution.close_reason), sign=sign(execution))
        self._actions.show(known.detail, known.asked)
        self._notice.show(known)


def needs_somebody(execution: ExecutionView, *, is_newest: bool) -> bool:
    """An open one with a cause, other than that the time has not come; or the newest one, when it broke."""
    if execution.status.is_final:
        is_broken = execution.status is Status.FAILED and execution.close_reason in BROKEN
        return is_newest and is_broken and execution.superseded_by is None
    return execution.health is not Health.OK or execution.cause not in (None, Cause.SLEEPING)


def view(scope: Scope, tenant_id: UUID) -> View[Troubled, Troubled]:
    """A new run comes with a change of its tenant; the others are known."""
    shown: set[tuple[str, str]] = {("tenant", str(tenant_id))}

    async def load() -> Troubled:
        wanted = ExecutionFilter(entity_id=tenant_id)
        page = await scope.services.reads.executions.list(wanted, sort=Sort.ATTENTION, limit=LOOKED_AT)
        shown.update(("execution", str(each.id)) for each in page.items)
        newest = max(page.items, key=lambda each: each.created_at, default=None)
        found = next((each for each in page.items if needs_somebody(each, is_newest=each is newest)), None)
        if found is None:
            return Troubled(run=None)
        shown.add(("command", str(found.id)))
        return Troubled(run=await read(scope, found.id))

    def concerns(changed: Changed) -> bool:
        return changed.concerns("triage") or not shown.isdisjoint(changed.things)

    return View(
        key=("trouble of", tenant_id),
        concerns=concerns,
        load=load,
        news=lambda before, after: None if before == after else after,
    )
