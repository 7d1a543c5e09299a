"""The presenter's panel of a demo: what can go wrong for real, what the audience will see, and when it ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from nicegui import ui
from nicegui.page_arguments import PageArguments

from console import sessions
from console.channels import Listener, View
from console.components import feedback
from console.components.cards import Section
from console.components.dialogs import Question
from console.components.fields import TextField
from console.components.moments import Moment
from console.components.page_headers import PageHeader
from console.components.text import attribute, tag
from console.pages.place import Nav, Place
from console.pages.scope import Scope
from operations.access import Permission
from operations.faults import OF_PROCESSES, RUSHING, TITLES, Fault
from operations.phrases import TENANTRY
from operations.queries.stage import FaultView, Scene

TAKEN_UP = "Begins …"
SUBTITLE = "What you order here goes wrong for real, and ends by itself within a minute and a half"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """What a fault does, and what there is to see."""

    icon: str
    does: str
    seen: str
    button: str
    slug: str = ""  #: how its field is called, where one tenant can be meant


WORDS: Mapping[Fault, Wording] = {
    Fault.STOP_WORKER: Wording(
        icon="power_settings_new",
        does="Ends the only worker, and begins another one after a minute.",
        seen="Within ten seconds every page says that no worker runs. New customers wait for one, and say so."
        " When it is back, all of them go on by themselves.",
        button="Stop it",
    ),
    Fault.BREAK_STEP: Wording(
        icon="error",
        does="For a minute and a half PostgreSQL makes no schema, for want of space on its device. With a slug it hits"
        " that customer alone, also one who is registered only then.",
        seen="“Create schema” is tried again and again, with PostgreSQL's own words and the time of the next try."
        " Afterwards the next try does it.",
        button="Fill it",
        slug="Only for the slug",
    ),
    Fault.TERMINATE_RUN: Wording(
        icon="block",
        does="Ends an open run in Temporal, as anybody could with its command line. The database is not told.",
        seen="At first it is shown as running still. Within fifteen seconds reconciliation sees the difference and says"
        " how the run ended and why; the page Reconciliation shows both sides.",
        button="Terminate it",
        slug="Only of the slug",
    ),
    Fault.FREEZE_TEMPORAL: Wording(
        icon="pause",
        does="For half a minute Temporal takes connections and answers nothing.",
        seen="Every page says that Temporal does not answer, and goes on. A customer can be registered: it is queued,"
        " and starts exactly once when Temporal is back.",
        button="Freeze it",
    ),
    Fault.STOP_POSTGRES: Wording(
        icon="storage",
        does="For ten seconds there is no database.",
        seen="Every page says since when it cannot be trusted, keeps what it shows, and recovers without a reload."
        " No run is lost.",
        button="Stop it",
    ),
    Fault.BAD_BUILD: Wording(
        icon="restart_alt",
        does="Replaces the worker by one whose workflow code fails, and rolls back after a minute and a half.",
        seen="Register a customer: its run says that the code fails, and in which words. Nothing is lost; after the"
        " rollback it goes on by itself.",
        button="Deploy it",
    ),
    Fault.RUSH: Wording(
        icon="domain_add",
        does=f"Registers {RUSHING} customers, eight at a time.",
        seen="They appear in the list as they come, without moving what is under the pointer, and become active within"
        " seconds.",
        button="Register them",
    ),
    Fault.RESET: Wording(
        icon="restart_alt",
        does="Everything is as it was at the beginning, with three weeks that end now. Who is logged in stays so.",
        seen="Meanwhile no worker runs and Temporal is away: some seconds, on a slow machine a minute. Then there is a"
        " new database, and no page has to be loaded again.",
        button="Begin anew",
    ),
}


async def build(scope: Scope, _: PageArguments) -> None:
    """Draw a card for each fault."""
    PageHeader(PLACE.title, subtitle=SUBTITLE)
    with ui.element("div").classes("faults"):
        cards = {fault: FaultCard(scope, fault) for fault in Fault}
    next_end = ui.element("template")

    def show(seen: Scene) -> None:
        now = scope.hub.feed.clock.now()
        scene = seen.at(now)
        next_end.clear()
        if ends := [each.ends_at for each in scene.faults if each.is_going_on]:
            with next_end:  # what ends by the clock changes no row
                ui.timer((min(ends) - now).total_seconds(), lambda: show(seen), once=True)
        for fault, card in cards.items():
            card.show([each for each in scene.faults if each.fault is fault], before=held_up(fault, scene))
        cards[Fault.RESET].show_age(scene.filled_at)
        scope.frame.dialogs.look_again()

    listener = Listener[Scene](show)
    show((await scope.hub.watch(view(scope), listener)).value)


PLACE = Place(
    path="/presenter",
    title="Presenter",
    build=build,
    nav=Nav(icon="science", key="p", section="Demo"),
    permission=Permission.PRESENT,
    of_demos=True,
)


def view(scope: Scope) -> View[Scene, Scene]:
    return View(
        key="faults",
        concerns=lambda changed: changed.concerns("fault"),
        load=scope.services.reads.stage.scene,
        news=lambda old, new: new if new != old else None,
        permission=Permission.PRESENT,
    )


class FaultCard:
    """One fault: what it does, what will be seen, its button, and when it ends."""

    def __init__(self, scope: Scope, fault: Fault) -> None:
        self._scope = scope
        self._fault = fault
        self._field: TextField | None = None
        self._age: Moment | None = None
        self._before: list[FaultView] = []
        self._is_going_on = False
        words = WORDS[fault]
        with Section(TITLES[fault]) as card:
            attribute(card, "data-fault", fault.value)
            tag("p", words.does)
            tag("p", words.seen, classes="fault-seen")
            if words.slug:
                self._field = TextField(words.slug, placeholder="acme", max_length=60, mono=True)
            if fault is Fault.RESET:
                with tag("p"):
                    tag("span", "The three weeks ended ")
                    self._age = Moment(None)
            with ui.element("div").classes("fault-foot"):
                color = "negative" if fault is Fault.RESET else "primary"
                self._button = ui.button(words.button, icon=words.icon, color=color, on_click=self._ask)
                self._state = ui.element("div").classes("fault-state").props("role=status")

    def show(self, ordered: list[FaultView], *, before: list[FaultView]) -> None:
        """`ordered` are its faults, newest first; those `before` it have to end first."""
        going_on = [each for each in ordered if each.is_going_on]
        for_all = any(each.slug is None for each in going_on)
        self._before = before
        self._is_going_on = for_all
        self._button.set_enabled(not for_all and not before)
        self._state.clear()
        with self._state:
            for each in going_on:
                self._going_on(each)
            for each in before:
                with ui.element("p"):
                    tag("span", f"Not while “{TITLES[each.fault]}” goes on, which ends ")
                    Moment(each.ends_at, form="until")

    def show_age(self, filled_at: datetime | None) -> None:
        """How old the three weeks are by now."""
        if self._age is not None:
            self._age.show(filled_at)

    def _going_on(self, fault: FaultView) -> None:
        with ui.element("p"):
            if fault.begun_at is None and fault.fault in OF_PROCESSES:
                tag("span", TAKEN_UP)
                return
            if fault.fault is Fault.RESET:
                tag("span", "Goes on: some seconds, on a slow machine a minute.")
                return
            tag("span", _goes_on(fault))
            Moment(fault.ends_at, form="until")
            ui.button("End it now", on_click=partial(self._end, fault.id)).props("flat dense")

    async def _ask(self) -> None:
        if self._fault is not Fault.RESET:
            await self._order()
            return

        async def carry_out(_: str) -> None:
            await self._scope.services.presenter.order(sessions.actor(Permission.PRESENT), Fault.RESET)

        self._scope.frame.dialogs.ask(self._question, carry_out, draft="begin anew")

    def _question(self) -> Question:
        held = next((f"“{TITLES[each.fault]}” goes on, which has to end first." for each in self._before), None)
        return Question(
            title="Begin the demo anew?",
            action=WORDS[Fault.RESET].button,
            what_will_happen=(WORDS[Fault.RESET].does, WORDS[Fault.RESET].seen),
            not_undone=("All that was registered and done since is gone, for everybody who looks at this demo.",),
            danger=True,
            ask_reason=False,
            problem="It begins anew just now." if self._is_going_on else held,
        )

    async def _order(self) -> None:
        actor = sessions.actor(Permission.PRESENT)
        field = self._field
        slug = None if field is None else field.value.strip() or None
        self._button.props("loading")
        try:
            said = await feedback.attempt(self._scope.services.presenter.order(actor, self._fault, slug=slug))
        finally:
            self._button.props(remove="loading")
        if said is not None:
            feedback.toast(said)

    async def _end(self, id_: UUID) -> None:
        await feedback.attempt(self._scope.services.presenter.end(sessions.actor(Permission.PRESENT), id_))


def held_up(fault: Fault, scene: Scene) -> list[FaultView]:
    """What has to end before this one can be ordered."""
    if fault is not Fault.RESET:
        return []
    others = (each for each in scene.faults if each.is_going_on and each.fault in OF_PROCESSES)
    return [each for each in others if each.fault is not Fault.RESET]


def _goes_on(fault: FaultView) -> str:
    """The beginning of a sentence that ends with when it ends."""
    if fault.ordered_by.startswith(TENANTRY):
        return f"Part of the scene: goes on for {fault.slug} since the beginning, ends "
    return f"Goes on for {fault.slug}, ends " if fault.slug else "Goes on, ends "
