"""What a replay says of one run, in words for whoever wants to deploy. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from temporalio.api.history.v1 import HistoryEvent
from temporalio.workflow import NondeterminismError

from operations import contradictions, kinds
from workers.replay.questions import Difference


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Whether one run would go on."""

    workflow_id: str
    run_id: str
    tenant: str | None  #: its slug
    build: str | None  #: of the worker that took the run's latest task
    problem: str | None = None  #: why it would not; None when it would
    event_id: int | None = None  #: of the history, where code and history part
    advice: str | None = None

    @property
    def breaks(self) -> bool:
        return self.problem is not None


def verdict(
    workflow_id: str,
    run_id: str,
    events: Sequence[HistoryEvent],
    *,
    failure: Exception | None,
    differences: Sequence[Difference],
) -> Verdict:
    """What Temporal's replay found comes first; what it cannot see, where it found nothing."""
    unseen = next((each for each in differences if not each.is_seen), None)
    problem, event_id = None, None
    if failure is not None:
        problem = _said(failure)
        event_id = _place(problem, events, differences)
    elif unseen is not None:
        problem, event_id = f"Asks another question: {unseen.what}.", unseen.event_id
    return Verdict(
        workflow_id=workflow_id,
        run_id=run_id,
        tenant=kinds.known().slug_in(workflow_id),
        build=_build(events),
        problem=problem,
        event_id=event_id,
        advice=None if problem is None else contradictions.advice(problem),
    )


def _place(problem: str, events: Iterable[HistoryEvent], differences: Iterable[Difference]) -> int | None:
    """Where Temporal's words name no event, the first step that has another name."""
    named = contradictions.place(problem, events)
    return next((each.event_id for each in differences if each.is_seen), None) if named is None else named


def _said(failure: Exception) -> str:
    """A failure of another kind is named, as its words alone may say little."""
    said = contradictions.words(str(failure))
    return said if isinstance(failure, NondeterminismError) else f"{type(failure).__name__}: {said}"


def _build(events: Iterable[HistoryEvent]) -> str | None:
    build = None
    for event in events:
        if event.HasField("workflow_task_completed_event_attributes"):
            completed = event.workflow_task_completed_event_attributes
            build = completed.deployment_version.build_id or completed.worker_version.build_id or build
    return build
