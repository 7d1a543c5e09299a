"""“Ask Temporal now”: what the database says and what Temporal says, side by side, with the difference in words."""

from collections.abc import Iterator
from uuid import UUID

from nicegui import ui

from console import sessions
from console.components import feedback
from console.components.cards import Fact, Section, facts
from console.components.moments import Moment
from console.components.text import tag
from console.pages import words
from console.pages.scope import Scope
from operations.access import Permission
from operations.phrases import spelled
from operations.queries.differences import Truth
from operations.queries.truths import Comparison

AGREE = "Both agree."
UNKNOWN = "Temporal does not know this run."


class Truths:
    """A button, and the answer that stays until somebody asks again."""

    def __init__(self, scope: Scope, id_: UUID) -> None:
        self._truths = scope.services.truths
        self._id = id_
        with Section("Database and Temporal", subtitle="What this page shows is what the database says") as section:
            self._answer = ui.element("div").props("role=status")
        with section.actions:
            self._button = ui.button("Ask Temporal now", icon="sync", on_click=self._ask).props("outline")

    async def _ask(self) -> None:
        sessions.actor(Permission.SEE)
        self._button.props("loading")
        try:
            compared = await feedback.attempt(self._truths.compare(self._id))
        finally:
            self._button.props(remove="loading")
        if compared is not None:
            self._show(compared)

    def _show(self, compared: Comparison) -> None:
        self._answer.clear()
        with self._answer:
            with ui.element("div").classes("truths-verdict"):
                for difference in compared.differences or (AGREE,):
                    tag("p", difference)
            with ui.element("div").classes("sides"):
                _side("Database", compared.database, compared)
                _side("Temporal", compared.temporal, compared)


def _side(title: str, truth: Truth | None, compared: Comparison) -> None:
    with ui.element("section"):
        with tag("h3", title):
            tag("span", " asked ")
            Moment(compared.asked_at)
        if truth is None:
            tag("p", UNKNOWN, classes="nothing")
        else:
            facts(list(_facts(truth)))


def _facts(truth: Truth) -> Iterator[Fact]:
    status = truth.status if truth.close_reason is None else truth.close_reason.value
    yield Fact(label="Status", value=spelled(status).capitalize())
    yield Fact(label="Started", value=truth.started_at)
    yield Fact(label="Ended", value=truth.ended_at)
    yield Fact(label="Step", value=None if truth.step is None else words.step_word(truth.step))
    yield Fact(label="Tries", value=None if truth.tries is None else f"{truth.tries:,}")
    yield Fact(label="Next try", value=truth.next_try_at, is_due=True)
    yield Fact(label="Run id", value=truth.run_id, mono=True)
    if truth.changed_at is not None:
        yield Fact(label="Last written", value=truth.changed_at)
