"""What people have said of an execution or a group, and the buttons to say more; pages place it where they like."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from nicegui import ui

from console import sessions
from console.channels import Listener, View
from console.components import feedback
from console.components.cards import Section
from console.components.dialogs import Question
from console.components.menus import ActionMenu, MenuItem
from console.components.moments import Sentence
from console.components.text import tag
from console.components.timeline import Event, event_list
from console.pages import triage_words
from console.pages.scope import Scope
from operations.access import Permission
from operations.actions.note_texts import LONGEST
from operations.actions.triage import Group, Subject
from operations.phrases import who
from operations.queries.triage import Triaged

NOBODY = "nobody"
UNSAID = "Nobody has said anything of it."
NOTED = "Nobody has acknowledged it, and nobody is to see to it."
#: What the menu offers → for how long.
SNOOZES = {
    "For an hour": timedelta(hours=1),
    "For four hours": timedelta(hours=4),
    "For a day": timedelta(days=1),
    "For a week": timedelta(days=7),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What was said, and who could see to it."""

    said: Triaged
    assignees: tuple[str, ...]


class TriagePanel:
    """Draws it, and keeps it true."""

    def __init__(self, scope: Scope, subject: Subject, *, name: str) -> None:
        """`name` is how dialogs call the subject. Call `follow` next."""
        self._scope = scope
        self._subject = subject
        self._name = name
        self._known: Known | None = None
        with Section("Triage").classes("triage") as section:
            self._notes = ui.element("div")
        with section.heading, tag("p"):
            self._sentence = Sentence()
        with section.actions:
            self._buttons = ui.element("div").classes("page-actions")
            self._assign = ActionMenu("Assign", label="Assign it to somebody", choose=self._choose_assignee)
            self._snooze = ActionMenu("Snooze", label="Snooze it", choose=self._choose_snooze)
        self._drawn: object = None

    async def follow(self) -> None:
        """Show it from now on."""
        listener = Listener[Known](self._show)
        self._show((await self._scope.hub.watch(view(self._scope, self._subject), listener)).value)

    def _show(self, known: Known) -> None:
        self._known = known
        triage = known.said.triage
        self._sentence.show(triage_words.sentence(triage) or (NOTED if known.said.notes else UNSAID))
        self._notes.clear()
        self._notes.set_visibility(bool(known.said.notes))
        with self._notes:
            if known.said.notes:
                event_list(
                    [
                        Event(
                            at=note.created_at,
                            title="Note about the group" if note.of_group else "Note",
                            text=note.body,
                            who=who(note.author),
                        )
                        for note in known.said.notes
                    ]
                )
        if sessions.may(Permission.TRIAGE):
            self._show_buttons(is_known=triage is not None and triage.acknowledged_by is not None)
            self._show_menus(known)

    def _show_buttons(self, *, is_known: bool) -> None:
        if self._drawn == is_known:  # what has the focus stays
            return
        self._drawn = is_known
        self._buttons.clear()
        with self._buttons:
            word = "Take back" if is_known else "Acknowledge"
            icon = "undo" if is_known else "visibility"
            ui.button(word, icon=icon, on_click=lambda: self._acknowledge(not is_known)).props("outline no-wrap")
            ui.button("Leave a note", icon="edit_note", on_click=self._ask_for_note).props("outline no-wrap")

    def _show_menus(self, known: Known) -> None:
        triage, me = known.said.triage, sessions.actor().name
        now = None if triage is None else triage.assignee
        others = [each for each in known.assignees if each not in (me, now)]
        items = [MenuItem(name=me, label="To me", icon="person")] if me in known.assignees and me != now else []
        items += [MenuItem(name=each, label=each, icon="person_outline") for each in others]
        if now is not None:
            items.append(MenuItem(name=NOBODY, label="To nobody", icon="person_off"))
        self._assign.show(items)
        snoozes = [MenuItem(name=word, label=word, icon="snooze") for word in SNOOZES]
        if triage is not None and triage.snoozed_until is not None:
            snoozes.append(MenuItem(name=NOBODY, label="Wake it", icon="notifications_active"))
        self._snooze.show(snoozes)

    async def _acknowledge(self, is_known: bool) -> None:
        triage = self._scope.services.triage
        say = triage.acknowledge if is_known else triage.withdraw
        await feedback.attempt(say(sessions.actor(Permission.TRIAGE), self._subject))

    async def _choose_assignee(self, email: str) -> None:
        actor = sessions.actor(Permission.TRIAGE)
        chosen = None if email == NOBODY else email
        await feedback.attempt(self._scope.services.triage.assign(actor, self._subject, chosen))

    async def _choose_snooze(self, word: str) -> None:
        actor = sessions.actor(Permission.TRIAGE)
        until = self._scope.hub.feed.clock.now() + SNOOZES[word] if word in SNOOZES else None
        await feedback.attempt(self._scope.services.triage.snooze(actor, self._subject, until))

    def _ask_for_note(self) -> None:
        question = Question(
            title=f"Leave a note about {self._name}",
            action="Leave the note",
            what_will_happen=("Everybody who looks at it reads the note, with your name.",),
            not_undone=("Nobody can change it or take it away.",),
            asks="Note",
            longest=LONGEST,
        )

        async def carry_out(text: str) -> None:
            await self._scope.services.triage.note(sessions.actor(Permission.TRIAGE), self._subject, text)

        self._scope.frame.dialogs.ask(lambda: question, carry_out, draft=f"note {self._subject}")


def view(scope: Scope, subject: Subject) -> View[Known, Known]:
    """An execution's changes with its cause, too: what was said holds no more, or another group's does."""

    async def load() -> Known:
        reads = scope.services.reads.triage
        said = await (
            reads.of_group(subject.cause, subject.signature)
            if isinstance(subject, Group)
            else reads.of_execution(subject)
        )
        return Known(said=said, assignees=await reads.assignees())

    id_ = str(subject) if isinstance(subject, UUID) else None
    return View(
        key=("triage", subject),
        concerns=lambda changed: changed.concerns("triage") or (id_ is not None and changed.concerns("execution", id_)),
        load=load,
        news=lambda before, after: None if before == after else after,
    )
