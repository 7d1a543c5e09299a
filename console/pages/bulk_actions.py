"""The buttons of a bulk operation: release it, pause it, let it go on, stop it; for whoever may do it to one."""

from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

from nicegui import ui

from console import sessions
from console.components import feedback
from console.components.dialogs import Question
from console.pages import bulk_words
from console.pages.scope import Scope
from operations.access import Actor
from operations.phrases import who
from operations.possibilities import OFFERED_TO
from operations.queries.bulk_views import BulkView
from operations.statuses import BulkState

Move = Callable[[Actor, UUID], Awaitable[None]]
YOURS = "You asked for it yourself; it takes another person."


class BulkActions:
    """Drawn again when other buttons are offered."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._drawn: object = None
        self._place = ui.element("div").classes("page-actions")

    def show(self, bulk: BulkView) -> None:
        self._bulk = bulk
        self._scope.frame.dialogs.look_again()
        drawn = (bulk.state, bulk.waits_for_canary, bulk.canary_result, bulk_words.follow_up(bulk))
        if drawn == self._drawn:  # what has the focus stays
            return
        self._drawn = drawn
        self._place.clear()
        if sessions.may(OFFERED_TO[bulk.action]):
            with self._place:
                self._draw(bulk)

    def _draw(self, bulk: BulkView) -> None:
        bulks = self._scope.services.bulks
        match bulk.state:
            case BulkState.PROPOSED:
                is_mine = sessions.actor().name == bulk.requested_by
                button = ui.button("Release", icon="how_to_reg", on_click=self._ask_to_release)
                button.set_enabled(not is_mine)
                if is_mine:
                    button.tooltip(YOURS)
            case BulkState.RUNNING if bulk.left:
                ui.button("Pause", icon="pause", on_click=partial(self._move, bulks.pause)).props("outline")
            case BulkState.PAUSED:
                word = bulk_words.follow_up(bulk)
                if bulk_words.against(bulk):
                    button = ui.button(word, icon="warning", color="warning", on_click=self._ask_to_follow)
                    button.props("outline")
                else:
                    ui.button(word, icon="play_arrow", on_click=partial(self._move, bulks.resume))
        if bulk.left and bulk.finished_at is None:
            ui.button("Stop", icon="stop", color="negative", on_click=self._ask_to_stop).props("outline")

    async def _move(self, move: Move) -> None:
        await feedback.attempt(move(sessions.actor(OFFERED_TO[self._bulk.action]), self._bulk.id))

    def _ask_to_release(self) -> None:
        def ask() -> Question:
            bulk = self._bulk
            is_open = bulk.state is BulkState.PROPOSED
            return Question(
                title=f"Release “{bulk_words.title(bulk.action, bulk.acting)}”?",
                action="Release",
                what_will_happen=(
                    f"{who(bulk.requested_by)} asked for it: “{bulk.reason}”",
                    bulk_words.turns(bulk.acting),
                ),
                danger=True,
                ask_reason=False,
                problem=None if is_open else "It does not wait for anybody any more.",
            )

        self._confirm(ask, self._scope.services.bulks.release, "release")

    def _ask_to_follow(self) -> None:
        self._confirm(lambda: following(self._bulk), self._scope.services.bulks.resume, "follow")

    def _ask_to_stop(self) -> None:
        def ask() -> Question:
            bulk = self._bulk
            return Question(
                title=f"Stop “{bulk_words.title(bulk.action, bulk.total)}”?",
                action="Stop",
                what_will_happen=(f"{bulk_words.runs(bulk.left)} will be skipped, for good.",),
                not_undone=(bulk_words.done_before(bulk.total - bulk.left),),
                danger=True,
                ask_reason=False,
                problem=None if bulk.left and bulk.finished_at is None else "All have had their turn.",
            )

        self._confirm(ask, self._scope.services.bulks.stop, "stop")

    def _confirm(self, ask: Callable[[], Question], move: Move, word: str) -> None:
        async def carry_out(_: str) -> None:
            await move(sessions.actor(OFFERED_TO[self._bulk.action]), self._bulk.id)

        self._scope.frame.dialogs.ask(ask, carry_out, draft=f"{word} {self._bulk.id}")


def following(bulk: BulkView) -> Question:
    """Whether the others are to follow one that has not done well, or of which nothing is known yet."""
    word, against = bulk_words.follow_up(bulk), bulk_words.against(bulk)
    gone = bulk.state is not BulkState.PAUSED or not bulk.waits_for_canary
    return Question(
        title=f"{word}?",
        action=word,
        what_will_happen=(
            *(against or (bulk_words.standing(bulk),)),
            bulk_words.turns(bulk.left),
        ),
        danger=bool(against),
        ask_reason=False,
        problem="It does not wait for anybody any more." if gone else None,
    )
