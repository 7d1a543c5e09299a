"""The board of incidents: one sentence, then each trouble with its count, since when, who must act, and what next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nicegui import ui

from console.components.badges import Tone
from console.components.moments import Moment, Sentence
from console.components.text import attribute, tag
from operations.phrases import said


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """Where something leads."""

    label: str
    href: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Incident:
    """Executions with one trouble; `key` tells it from others for as long as it lasts."""

    key: str
    tone: Tone | None  #: None: they have failed
    count: str
    title: str
    since: datetime | None
    owner: str  #: who must act
    action: str  #: the one thing to do next
    links: tuple[Link, ...]
    detail: str = ""  #: the error itself, folded
    said: str = ""  #: by people: that they know, who sees to it
    done: str = ""  #: to all of them at once, and what came of it
    folded: str = ""  #: for how long it can wait: one line then, that opens


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """How the whole installation is doing, in one sentence; without a tone all is well."""

    text: str
    tone: Tone | None
    since: datetime | None = None
    then: str = ""  #: who must act


class VerdictLine(ui.element):
    """The sentence at the top, said to screen readers when it changes."""

    def __init__(self) -> None:
        super().__init__("section")
        self.classes("verdict").props('role=status aria-label="How things stand"')
        with self:
            self._icon = ui.icon("check_circle")
            with ui.element("div"):
                self._sentence = tag("p", classes="verdict-text")
                with tag("p", classes="verdict-more") as self._more:
                    self._since = Sentence()
                    self._age = Moment(None, form="since")
                    self._then = tag("span")

    def show(self, verdict: Verdict) -> None:
        attribute(self, "data-tone", "well" if verdict.tone is None else verdict.tone.value)
        self._icon.set_name("check_circle" if verdict.tone is None else "error")
        self._sentence.set_text(verdict.text)
        self._since.show("" if verdict.since is None else f"No progress since {said(verdict.since)}, for ")
        self._age.show(verdict.since)
        self._age.set_visibility(verdict.since is not None)
        self._then.set_text(f". {verdict.then}" if verdict.since is not None and verdict.then else verdict.then)
        self._more.set_visibility(verdict.since is not None or bool(verdict.then))


class IncidentBoard(ui.element):
    """Cards that stay where they are while their numbers change; it takes no room without incidents."""

    def __init__(self) -> None:
        super().__init__("ol")
        self.classes("incidents")
        self._cards: dict[str, _Card | _Folded] = {}

    def show(self, incidents: Sequence[Incident]) -> None:
        """These, in this order, in place of those before."""
        for key in self._cards.keys() - {incident.key for incident in incidents}:
            self._cards.pop(key).delete()
        for place, incident in enumerate(incidents):
            card = self._cards.get(incident.key)
            if card is None:
                with self:
                    card = self._cards[incident.key] = _Folded() if incident.folded else _Card()
            card.show(incident)
            if self.default_slot.children.index(card) != place:
                card.move(self, place)
        self.set_visibility(bool(incidents))


class MoreIncidents(ui.element):
    """A link to those that have no card; there is none where each has one."""

    def __init__(self, href: str) -> None:
        super().__init__("div")
        self._href = href
        self._label = ""
        self.set_visibility(False)  # it would take the room between two others

    def show(self, causes: int) -> None:
        label = "" if not causes else f"Show the other {'cause' if causes == 1 else f'{causes:,} causes'}"
        if label == self._label:  # what has the focus stays
            return
        self._label = label
        self.set_visibility(bool(label))
        self.clear()
        if label:
            with self:
                attribute(tag("a", label, classes="button incidents-more"), "href", self._href)


class _Card(ui.element):
    """One incident."""

    def __init__(self) -> None:
        super().__init__("li")
        self.classes("incident")
        self._shown: Incident | None = None
        with self:
            self._count = tag("span", classes="incident-count figures")
            with ui.element("div").classes("incident-words"):
                self._title = tag("h2", classes="incident-title")
                with tag("p", classes="incident-since") as self._lasts:
                    self._since = Sentence()
                    self._age = Moment(None, form="since")
                with tag("p", classes="incident-action"):
                    self._owner = tag("b")
                    self._action = tag("span")
                with tag("p", classes="incident-since") as self._known:
                    self._said = Sentence()
                self._done = tag("p", classes="incident-since")
                with tag("details", classes="more") as self._more:
                    tag("summary", "The error itself")
                    self._detail = tag("span")
            self._links = ui.element("div").classes("incident-links")

    def show(self, incident: Incident) -> None:
        before, self._shown = self._shown, incident
        attribute(self, "data-tone", "failed" if incident.tone is None else incident.tone.value)
        self._count.set_text(incident.count)
        self._title.set_text(incident.title)
        self._since.show("" if incident.since is None else f"No progress since {said(incident.since)}, for ")
        self._age.show(incident.since)
        self._lasts.set_visibility(incident.since is not None)
        self._owner.set_text(f"{incident.owner}: " if incident.owner else "")
        self._action.set_text(incident.action)
        self._said.show(incident.said)
        self._known.set_visibility(bool(incident.said))
        self._done.set_text(incident.done)
        self._done.set_visibility(bool(incident.done))
        self._detail.set_text(incident.detail)
        self._more.set_visibility(bool(incident.detail))
        if before is None or before.links != incident.links:
            _show_links(self._links, incident.links)


class _Folded(ui.element):
    """One incident that can wait: a line, and the rest on opening it."""

    def __init__(self) -> None:
        super().__init__("li")
        self.classes("incident-folded")
        self._shown: Incident | None = None
        with self, tag("details", classes="more"):
            with tag("summary"):
                self._title = tag("span", classes="incident-title")
                self._folded = Sentence()
            with tag("p", classes="incident-since"):
                self._since = Sentence()
                self._age = Moment(None, form="since")
            self._said = Sentence()
            self._links = ui.element("div").classes("incident-links")

    def show(self, incident: Incident) -> None:
        before, self._shown = self._shown, incident
        self._title.set_text(f"{incident.count} × {incident.title}. ")
        self._folded.show(incident.folded)
        self._since.show("" if incident.since is None else f"Since {said(incident.since)}, for ")
        self._age.show(incident.since)
        self._said.show(incident.said)
        if before is None or before.links != incident.links:
            _show_links(self._links, incident.links)


def _show_links(place: ui.element, links: Sequence[Link]) -> None:
    place.clear()
    with place:
        for number, link in enumerate(links):
            element = tag("a", link.label, classes="button" if number == 0 else "")
            attribute(element, "href", link.href)
