"""Everything about one customer in one line of time, newest first: filtered by kind, the rest on demand."""

from collections.abc import Mapping
from typing import assert_never
from uuid import UUID

from nicegui import ui

from console.channels import Listener, View
from console.components import feedback
from console.components.filters import FilterBar
from console.components.timeline import Event, event_list
from console.pages import address, finding_words, words
from console.pages.scope import Scope
from operations.feed import Changed
from operations.phrases import root, shown_status, who
from operations.queries.customer_histories import Entries, Entry, Happening
from operations.statuses import CloseReason, CommandKind, CommandState, Decision, FindingKind, Status, StepStatus

AT_ONCE = 30
KINDS: Mapping[str, str] = {
    Happening.RUN: "Runs",
    Happening.STEP: "Failed steps",
    Happening.DECISION: "Decisions",
    Happening.DEED: "Staff actions",
    Happening.BULK: "Bulk operations",
    Happening.FINDING: "Findings",
    Happening.NOTE: "Notes",
}
DECISIONS = {
    "requested": ("approval requested", "waiting"),
    Decision.APPROVED: ("approved", "completed"),
    Decision.REJECTED: ("rejected", "rejected"),
}
NOTHING = "Nothing of this kind has happened."


class TenantHistory:
    """The list, its filter and the button that goes further back; what was asked for stays when something new comes."""

    def __init__(self, scope: Scope, slug: str, tenant_id: UUID, chosen: str | None) -> None:
        self._scope = scope
        self._path = f"/tenants/{slug}"
        self._tenant_id = tenant_id
        self._chosen = chosen if chosen in KINDS else None
        self._shown: tuple[Entry, ...] = ()
        self._next: str | None = None
        bar = FilterBar(on_clear=self._clear)
        self._choice = bar.choice(label="Kind", options=KINDS, value=self._chosen, on_change=self._choose)
        self._bar = bar
        self._list = ui.element("div")
        self._older = ui.button("Show older", on_click=lambda: feedback.attempt(self._go_back())).props("outline")
        self._following = ui.element("div")

    async def draw(self) -> None:
        """Show the newest, and follow them from then on."""
        self._bar.show_clear(self._chosen is not None)
        self._following.clear()
        with self._following:
            listener = Listener[Entries](self._hear)
        followed = view(self._scope, self._tenant_id, self._kinds)
        newest = (await self._scope.hub.watch(followed, listener)).value
        self._shown, self._next = newest.items, newest.next
        self._draw()

    @property
    def _kinds(self) -> frozenset[Happening]:
        return frozenset(Happening) if self._chosen is None else frozenset({Happening(self._chosen)})

    def _hear(self, newest: Entries) -> None:
        """Those further back stay; of the newest, what they say now counts."""
        if newest.next is None:
            self._shown, self._next = newest.items, None
        else:
            oldest = newest.items[-1]
            back = [each for each in self._shown if (each.at, each.id) < (oldest.at, oldest.id)]
            self._shown = (*newest.items, *back)
            self._next = self._next if back else newest.next
        self._draw()

    async def _go_back(self) -> None:
        reads = self._scope.services.reads.customers
        older = await reads.of(self._tenant_id, kinds=self._kinds, cursor=self._next, limit=AT_ONCE)
        self._shown, self._next = (*self._shown, *older.items), older.next
        self._draw()

    def _draw(self) -> None:
        self._list.clear()
        with self._list:
            event_list([event(each) for each in self._shown], nothing=NOTHING)
        self._older.set_visibility(self._next is not None)

    async def _choose(self, kind: str | None) -> None:
        if kind == self._chosen:
            return
        self._chosen = kind
        address.keep(self._path, {"show": kind}, new_entry=True)
        await feedback.attempt(self.draw())

    async def _clear(self) -> None:
        self._choice.set_value(None)
        await self._choose(None)


def view(scope: Scope, tenant_id: UUID, kinds: frozenset[Happening]) -> View[Entries, Entries]:
    """A new run comes with a change of its tenant, what a run asks or is asked for with one of its own."""
    shown: set[tuple[str, str]] = {("tenant", str(tenant_id))}

    async def load() -> Entries:
        entries = await scope.services.reads.customers.of(tenant_id, kinds=kinds, limit=AT_ONCE)
        runs = {str(each.execution_id) for each in entries.items if each.execution_id is not None}
        shown.update((kind, run) for kind in ("execution", "command") for run in runs)
        shown.update(("bulk", str(each.bulk_id)) for each in entries.items if each.bulk_id is not None)
        return entries

    def concerns(changed: Changed) -> bool:
        """Which finding is about whom is known after a look; there are few."""
        return changed.everything or changed.concerns("finding") or not shown.isdisjoint(changed.things)

    return View(
        key=("history of", tenant_id, kinds),
        concerns=concerns,
        load=load,
        news=lambda before, after: None if before == after else after,
    )


def event(entry: Entry) -> Event:
    """One entry as people read it."""
    run = "" if entry.workflow_type is None else words.workflow_title(entry.workflow_type)
    attempt = f"{run}, attempt {entry.attempt}" if run else ""
    title, status = _title(entry)
    text = entry.reason or root(entry.error)
    return Event(
        at=entry.at,
        title=f"{attempt}: {title}" if attempt else title,
        text=text,
        who=None if entry.actor is None else who(entry.actor),
        status=status,
        href=_address(entry),
    )


def _title(entry: Entry) -> tuple[str, str]:
    """And the word that gives its mark a colour."""
    match entry.kind:
        case Happening.RUN:
            told_as = _run(entry.word)
        case Happening.STEP:
            told_as = _step(entry), entry.status or StepStatus.FAILED.value
        case Happening.DECISION:
            told_as = DECISIONS[entry.word]
        case Happening.DEED:
            title = words.deed_title(CommandKind(entry.word), CommandState(entry.status or "queued"), entry.error)
            told_as = f"{title[0].lower()}{title[1:]}", "pending"
        case Happening.FINDING:
            title = finding_words.title(FindingKind(entry.word))
            told_as = f"Finding: {title}", "open" if entry.status else "completed"
        case Happening.BULK:
            told_as = f"chosen for a bulk operation: {entry.word}", "pending"
        case Happening.NOTE:
            told_as = "note" if entry.workflow_type else "Note", "pending"
        case _:
            assert_never(entry.kind)
    return told_as


def _run(word: str) -> tuple[str, str]:
    if word == "requested":
        return word, Status.PENDING.value
    is_reason = word in list(CloseReason)
    shown = shown_status(Status.FAILED, CloseReason(word)) if is_reason else word
    return shown.replace("_", " "), shown


def _step(entry: Entry) -> str:
    step, tries = words.step_word(entry.word), entry.tries or 1
    if entry.status == StepStatus.COMPLETED:
        return f"“{step}” succeeded at try {tries:,}"
    times = "" if tries == 1 else f" {tries:,} times"
    return f"“{step}” failed{times}"


def _address(entry: Entry) -> str | None:
    if entry.bulk_id is not None:
        return f"/bulk/{entry.bulk_id}"
    if entry.kind is Happening.FINDING:
        return f"/reconciliation?finding={entry.id}"
    return None if entry.execution_id is None else f"/executions/{entry.execution_id}"
