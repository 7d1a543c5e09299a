"""What is done to all executions of a group at once: one first, then the others, and whether it helped."""

from dataclasses import dataclass

from nicegui import ui

from console import sessions
from console.channels import Listener, View
from console.components.cards import Section
from console.components.menus import ActionMenu, MenuItem
from console.components.text import attribute, tag
from console.pages import bulk_dialog, bulk_words, deeds
from console.pages.bulk_actions import BulkActions
from console.pages.scope import Scope
from operations.actions.triage import Group
from operations.bulk.selections import ByGroup
from operations.kinds import Deed
from operations.possibilities import OFFERED_TO
from operations.queries.bulk_views import BulkView
from operations.queries.groups import GroupView
from operations.queries.paging import COUNT_CAP
from operations.statuses import Cause

LOOK = 1.0  #: seconds between two looks
#: What is done to runs that wait for a decision; to others it is tried again what does not go on, or they are ended.
DECISIONS = (Deed.APPROVE, Deed.REJECT)
OTHERS = (Deed.CANCEL, Deed.TERMINATE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """How the group stands, and what was done to all of it last."""

    group: GroupView | None  #: none when nothing stands still for it any more
    bulk: BulkView | None

    @property
    def count(self) -> int:
        return 0 if self.group is None else self.group.count


class GroupBulk:
    """Draws it, and keeps it true. All of it is read from rows: every viewer sees the same, after a restart, too."""

    def __init__(self, scope: Scope, group: Group) -> None:
        """Call `follow` next."""
        self._scope = scope
        self._group = group
        self._drawn: object = None
        self._bulk_actions: BulkActions | None = None
        with Section("All of them at once") as section:
            with ui.element("div").props("role=status"):
                self._said = tag("p")
                self._outcome = tag("p")
            self._link = tag("a", "Look at it")
        with section.actions:
            self._buttons = ui.element("div").classes("page-actions")
            self._more = ActionMenu("More", label="More for all of them", choose=self._choose)

    async def follow(self) -> None:
        """Show it from now on."""
        listener = Listener[Known](self._show)
        self._show((await self._scope.hub.watch(view(self._scope, self._group), listener)).value)

    async def ask_for_first(self) -> None:
        """As the button does, for whoever chose it elsewhere; where something goes on already, nothing is asked."""
        known = self._known
        is_open = known.bulk is not None and known.bulk.finished_at is None
        if known.count and not is_open and sessions.may(OFFERED_TO[Deed.RETRY]):
            await self._ask(Deed.RETRY, first_alone=known.count > 1)

    def _show(self, known: Known) -> None:
        self._known = known
        bulk = known.bulk
        is_open = bulk is not None and bulk.finished_at is None
        self._said.set_text(_said(known))
        self._outcome.set_text("" if bulk is None else bulk_words.outcome(bulk))
        self._outcome.set_visibility(bulk is not None)
        self._link.set_visibility(bulk is not None)
        attribute(self._link, "href", None if bulk is None else bulk_words.address(bulk))
        drawn = (is_open, None if bulk is None or not is_open else bulk.id, min(known.count, 2))
        if drawn != self._drawn:  # what has the focus stays
            self._drawn = drawn
            self._buttons.clear()
            self._bulk_actions = None
            with self._buttons:
                if is_open:
                    self._bulk_actions = BulkActions(self._scope)
                elif known.count:
                    self._offer(known.count)
        if self._bulk_actions is not None and bulk is not None:
            self._bulk_actions.show(bulk)
        rest = OTHERS if known.count and not is_open and self._group.cause != Cause.AWAITING_APPROVAL else ()
        self._more.show([_item(deed) for deed in rest if sessions.may(OFFERED_TO[deed])])

    def _offer(self, count: int) -> None:
        if self._group.cause == Cause.AWAITING_APPROVAL:
            for deed in DECISIONS:
                if sessions.may(OFFERED_TO[deed]):
                    self._button(deed, f"{deeds.WORDINGS[deed].label} all")
        elif sessions.may(OFFERED_TO[Deed.RETRY]):
            if count > 1:
                self._button(Deed.RETRY, "Retry one first", first_alone=True)
            self._button(Deed.RETRY, "Retry all" if count > 1 else "Retry it", outline=count > 1)

    def _button(self, deed: Deed, label: str, *, first_alone: bool = False, outline: bool = False) -> None:
        async def ask() -> None:
            await self._ask(deed, first_alone=first_alone)

        button = ui.button(label, icon=deeds.WORDINGS[deed].icon, on_click=ask)
        if outline:
            button.props("outline")

    async def _choose(self, word: str) -> None:
        await self._ask(Deed(word))

    async def _ask(self, deed: Deed, *, first_alone: bool = False) -> None:
        chosen = ByGroup(cause=self._group.cause, signature=self._group.signature)
        await bulk_dialog.ask(self._scope, deed, chosen, first_alone=first_alone)


def view(scope: Scope, group: Group) -> View[Known, Known]:
    reads = scope.services.reads

    async def load() -> Known:
        return Known(
            group=await reads.groups.one(group.cause, group.signature),
            bulk=await reads.bulks.of_group(group.cause, group.signature),
        )

    return View(
        key=("bulk of group", group),
        concerns=lambda changed: any(changed.concerns(kind) for kind in ("bulk", "command", "execution", "triage")),
        load=load,
        news=lambda before, after: None if before == after else after,
        at_most_every=LOOK,
    )


def _said(known: Known) -> str:
    number = f"More than {COUNT_CAP:,}" if known.count > COUNT_CAP else bulk_words.runs(known.count)
    held = "Nothing stands still for this any more." if not known.count else f"{number} in this group."
    if known.bulk is None:
        return held
    return f"{held} {bulk_words.title(known.bulk.action, known.bulk.total)}: {bulk_words.standing(known.bulk)}"


def _item(deed: Deed) -> MenuItem:
    words = deeds.WORDINGS[deed]
    return MenuItem(name=deed.value, label=f"{words.label} all", icon=words.icon, danger=words.danger)
