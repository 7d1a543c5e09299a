"""The buttons of the reconciliation page: run now, apply what was held back, accept the namespace, pause."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from console import sessions
from console.components import feedback
from console.components.dialogs import Question
from console.pages import finding_words
from console.pages.scope import Scope
from operations.access import Permission
from operations.queries.reconciliation_views import ReconcilerState
from operations.statuses import PassOutcome

PAUSE_HOURS = 2.0


async def _nobody() -> None:
    """Until the page wants to hear of changes."""


class ReconciliationActions:
    """Draws the buttons, and draws them again when what is possible changes."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._place = ui.element("div").classes("page-actions")
        self._drawn: object = None
        self._state: ReconcilerState | None = None
        self.on_change: Callable[[], Awaitable[None]] = _nobody  #: after a pause or its end

    def show(self, state: ReconcilerState) -> None:
        self._state = state
        self._scope.frame.dialogs.look_again()
        possible = (state.last_outcome, state.paused_until)
        if possible == self._drawn or not sessions.may(Permission.RECONCILE):
            return
        self._drawn = possible
        self._place.clear()
        with self._place:
            if state.paused_until is not None:
                ui.button("Resume", icon="play_arrow", on_click=self._resume)
                return
            ui.button("Pause", icon="pause", on_click=self._ask_to_pause).props("outline")
            if state.last_outcome is PassOutcome.TRIPPED:
                ui.button("Apply", icon="warning", color="negative", on_click=self._ask_to_apply)
            if state.last_outcome is PassOutcome.NAMESPACE_CHANGED:
                ui.button("Accept namespace", icon="warning", color="negative", on_click=self._ask_to_accept)
            ui.button("Run now", icon="sync", on_click=self._run)

    async def _run(self) -> None:
        await feedback.attempt(self._compare())

    async def _compare(self, *, apply: bool = False, accept_namespace: bool = False) -> None:
        actor = sessions.actor(Permission.RECONCILE)
        run = self._scope.services.reconciliation.run
        result = await run(actor, apply=apply, accept_namespace=accept_namespace)
        said = finding_words.outcome(result)
        done = result.outcome in (PassOutcome.COMPLETED, PassOutcome.PARTIAL)
        feedback.toast(said, feedback.Tone.SUCCESS if done else feedback.Tone.ERROR)

    def _ask_to_apply(self) -> None:
        self._scope.frame.dialogs.ask(self._application, lambda _: self._compare(apply=True), draft="Apply")

    def _application(self) -> Question:
        return Question(
            title="Apply what the last pass held back?",
            what_will_happen=(
                "A new pass compares again and corrects everything that it finds, however much it is.",
                "The open findings show what that is, as far as the last pass looked.",
            ),
            not_undone=("Executions and tenants that become failed; each can be retried.",),
            ask_reason=False,
            danger=True,
            action="Apply",
            problem=self._unless(PassOutcome.TRIPPED, "The last pass held nothing back."),
        )

    def _ask_to_accept(self) -> None:
        self._scope.frame.dialogs.ask(self._acceptance, lambda _: self._compare(accept_namespace=True), draft="Accept")

    def _acceptance(self) -> Question:
        return Question(
            title="Accept the namespace that answers now?",
            what_will_happen=(
                "From now on executions are compared with it. Runs that it does not know count as gone.",
            ),
            not_undone=("Executions that become failed because their runs are not in it; each can be retried.",),
            ask_reason=False,
            danger=True,
            action="Accept namespace",
            problem=self._unless(PassOutcome.NAMESPACE_CHANGED, "The namespace is accepted already."),
        )

    def _unless(self, outcome: PassOutcome, problem: str) -> str | None:
        return None if self._state is not None and self._state.last_outcome is outcome else problem

    def _ask_to_pause(self) -> None:
        self._scope.frame.dialogs.ask(self._interruption, self._pause, draft="Pause")

    def _interruption(self) -> Question:
        paused_by = None if self._state is None or self._state.paused_until is None else self._state.paused_by
        return Question(
            title=f"Pause reconciliation for {PAUSE_HOURS:g} hours?",
            what_will_happen=("Nothing is compared until then, or until somebody resumes.",),
            action="Pause",
            problem=None if paused_by is None else f"{paused_by} has paused it meanwhile.",
        )

    async def _pause(self, reason: str) -> None:
        actor = sessions.actor(Permission.RECONCILE)
        await self._scope.services.reconciliation.pause(actor, PAUSE_HOURS, reason)
        await self.on_change()

    async def _resume(self) -> None:
        await feedback.attempt(self._scope.services.reconciliation.resume(sessions.actor(Permission.RECONCILE)))
        await self.on_change()
