"""Asks before one action is done to many executions: how many, which are skipped and why, and what it takes."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

from nicegui import ui

from console import sessions
from console.channels import Listener, View
from console.components import feedback
from console.components.dialogs import Question
from console.components.tables import to_json
from console.pages import bulk_words, deeds
from console.pages.scope import Scope
from operations.access import NEEDS
from operations.bulk.plans import Plan
from operations.bulk.selections import ByIds, Selection, described
from operations.feed import Changed
from operations.kinds import Deed
from operations.possibilities import OFFERED_TO
from operations.statuses import RetryKind

LOOK = 2.0  #: seconds between two looks at a hundred rows while the question is open


async def ask(
    scope: Scope,
    deed: Deed,
    selection: Selection,
    *,
    first_alone: bool = False,
    when_begun: Callable[[], None] | None = None,
) -> None:
    """Preview, ask, begin, and lead to the page of the bulk operation; refusals are told in a toast.

    Which executions it is about is fixed when it is asked for; what becomes of each is looked at again while the
    dialog is open. `first_alone`: one is done, and the others wait until somebody lets them follow.
    """
    actor = sessions.actor()
    planned = await feedback.attempt(scope.services.bulks.preview(actor, deed, selection))
    if planned is None:
        return
    asked = _Asked(scope, planned, first_alone=first_alone, when_begun=when_begun)
    draft = f"bulk {deed} {_key(selection)} {first_alone}"
    with scope.frame.dialogs.ask(asked.now, asked.carry_out, draft=draft):
        listener = Listener[Plan](asked.look_again)
    asked.look_again((await scope.hub.watch(asked.view(), listener)).value)


class _Asked:
    """What is planned while the question about it is open."""

    def __init__(
        self, scope: Scope, planned: Plan, *, first_alone: bool, when_begun: Callable[[], None] | None
    ) -> None:
        self._scope = scope
        self._planned = planned
        self._first_alone = first_alone
        self._when_begun = when_begun
        self._actor = sessions.actor()
        self._ids = ByIds(ids=tuple(row.execution_id for row in planned.rows))

    def look_again(self, planned: Plan) -> None:
        self._planned = planned
        self._scope.frame.dialogs.look_again()

    def now(self) -> Question:
        bulks = self._scope.services.bulks
        return question(self._planned, rate=bulks.runner.rate, takes_two=bulks.takes_two, first_alone=self._first_alone)

    async def carry_out(self, reason: str) -> None:
        planned = self._planned
        begun = await self._scope.services.bulks.begin(
            sessions.actor(OFFERED_TO[planned.deed]), planned, reason, first_alone=self._first_alone
        )
        if self._when_begun is not None:
            self._when_begun()
        ui.navigate.to(f"/bulk/{begun}")

    def view(self) -> View[Plan, Plan]:
        """The same executions, looked at again when something happens to them; the more, the less often."""
        of_these = {(kind, str(id_)) for kind in ("execution", "command") for id_ in self._ids.ids}

        def concerns(changed: Changed) -> bool:
            return changed.everything or not of_these.isdisjoint(changed.things)

        async def load() -> Plan:
            again = await self._scope.services.bulks.preview(self._actor, self._planned.deed, self._ids)
            return replace(again, selection=self._planned.selection)

        return View(
            key=("planned", uuid4()),
            concerns=concerns,
            load=load,
            news=lambda before, after: None if before == after else after,
            at_most_every=LOOK * max(1, len(self._ids.ids) / 100),
        )


def question(planned: Plan, *, rate: float, takes_two: bool, first_alone: bool = False) -> Question:
    """What is asked about a plan; `rate` is in executions per second."""
    deed, acting = planned.deed, planned.acting
    words = deeds.WORDINGS[deed]
    replaces = any(row.acts and row.retry_kind is RetryKind.REPLACE for row in planned.rows)
    label = words.label
    is_first = first_alone and acting > 1
    return Question(
        title=f"{label} one of {bulk_words.runs(acting)} first?" if is_first else f"{label} {bulk_words.runs(acting)}?",
        action=f"{label} one first" if is_first else f"{label} {bulk_words.runs(acting)}",
        first=_first(planned, takes_two=takes_two),
        what_will_happen=(*bulk_words.counted(planned.effects), *_course(planned, rate=rate, first_alone=is_first)),
        not_undone=bulk_words.counted(planned.not_undone),
        skipped=bulk_words.counted(planned.problems),
        count=acting if planned.is_weighty else None,
        danger=words.danger or replaces,
        problem=None if acting else _nothing(planned),
    )


def _first(planned: Plan, *, takes_two: bool) -> tuple[str, ...]:
    if not (takes_two and planned.is_weighty):
        return ()
    return (f"Another person with the role {_role(planned.deed)} or more has to release it; nothing begins before.",)


def _course(planned: Plan, *, rate: float, first_alone: bool) -> tuple[str, ...]:
    """How it goes, and who can hold it up."""
    rest = planned.acting - 1
    wait = "waits until somebody lets it" if rest == 1 else "wait until somebody lets them"
    alone = (f"One goes first. The other {rest:,} {wait} follow.",)
    pace = bulk_words.pace(planned.acting, rate)
    return (
        *(alone if first_alone else ()),
        f"Each is looked at again when its turn comes, and skipped if it cannot take it any more{pace}.",
        f"Whoever has the role {_role(planned.deed)} or more can pause and stop it.",
    )


def _nothing(planned: Plan) -> str:
    return "There is nothing to do it to." if not planned.rows else "None of them can take it; nothing would be done."


def _role(deed: Deed) -> str:
    return NEEDS[OFFERED_TO[deed]].value


def _key(selection: Selection) -> str:
    """Names the selection, so that what was typed about it is found again."""
    ids = sorted(str(id_) for id_ in selection.ids) if isinstance(selection, ByIds) else []
    return hashlib.sha256(to_json([described(selection), ids]).encode()).hexdigest()[:16]
