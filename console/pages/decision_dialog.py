"""Asks, over a list of runs that wait for a decision, what the page of the run itself would ask."""

from uuid import UUID

from console import sessions
from console.channels import Listener
from console.components import feedback
from console.components.dialogs import Question
from console.pages import deeds, known_execution
from console.pages.known_execution import Known
from console.pages.scope import Scope
from operations.kinds import Deed
from operations.possibilities import OFFERED_TO, possibility
from operations.statuses import Decision

DECISIONS = {Deed.APPROVE: Decision.APPROVED, Deed.REJECT: Decision.REJECTED}


async def ask(scope: Scope, id_: str, deed: Deed) -> None:
    """Ask whether to approve or to reject; the question follows the run."""
    followed = known_execution.view(scope, UUID(id_))
    known = await feedback.attempt(followed.load())
    if known is None:
        return
    question = _Asked(scope, known, deed)
    dialog = scope.frame.dialogs.ask(question.now, question.carry_out, draft=f"{deed} {id_}")
    with dialog:
        listener = Listener[Known](question.look_again)
    question.look_again((await scope.hub.watch(followed, listener)).value)


class _Asked:
    """What is known of the run while its question is open."""

    def __init__(self, scope: Scope, known: Known, deed: Deed) -> None:
        self._scope = scope
        self._known = known
        self._deed = deed

    def look_again(self, known: Known) -> None:
        self._known = known
        self._scope.frame.dialogs.look_again()

    def now(self) -> Question:
        run = self._known.detail.execution
        facts = self._known.detail.facts(self._known.asked)
        return deeds.question(
            self._deed,
            facts,
            possibility(self._deed, facts, sessions.actor()),
            subject=run.entity_name or run.workflow_id,
            run_id=run.run_id,
        )

    async def carry_out(self, reason: str) -> None:
        run, actor = self._known.detail.execution, sessions.actor(OFFERED_TO[self._deed])
        decide = self._scope.services.executions.decide
        await decide(actor, run.id, DECISIONS[self._deed], reason, seen_run_id=run.run_id)
        feedback.toast(f"{run.entity_name or run.workflow_id}: {deeds.WORDINGS[self._deed].told.lower()}")
