"""What a workflow asks for while it is replayed, held against what its history says it asked for.

Temporal's own replay compares kinds of events and names of activities, and nothing else: a step that is put before
another one of the same name, or that asks something else than before, gets the old answer to a new question and no word
is said.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent
from temporalio.converter import DefaultPayloadConverter
from temporalio.worker import (
    Interceptor,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One activity as a workflow asks for it."""

    activity: str
    activity_id: str | None  #: None where the workflow leaves it to the SDK
    summary: str | None
    arguments: tuple[Payload, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A question to which a history has the answer to another one."""

    event_id: int
    what: str
    is_seen: bool = False  #: by Temporal's replay, too, unless it was asked and taken back at once


@dataclass(frozen=True, kw_only=True)
class Questions(Interceptor):
    """Give it to a replayer that replays one run at a time, and `forget` before each."""

    asked: list[Question] = field(default_factory=list)

    def forget(self) -> None:
        self.asked.clear()

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:  # noqa: A002
        asked = self.asked

        class NotedRun(WorkflowInboundInterceptor):
            def init(self, outbound: WorkflowOutboundInterceptor) -> None:
                super().init(NotedSteps(outbound, asked))

        return NotedRun


class NotedSteps(WorkflowOutboundInterceptor):
    """Notes each activity that the workflow schedules, in order."""

    def __init__(self, next_interceptor: WorkflowOutboundInterceptor, asked: list[Question]) -> None:
        super().__init__(next_interceptor)
        self._asked = asked

    def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[object]:  # noqa: A002
        question = Question(
            activity=input.activity,
            activity_id=input.activity_id,
            summary=input.summary,
            arguments=tuple(workflow.payload_converter().to_payloads(list(input.args))),
        )
        self._asked.append(question)
        return super().start_activity(input)


def differences(asked: Iterable[Question], events: Iterable[HistoryEvent]) -> Iterator[Difference]:
    """Where code and history part; after another name nothing can be told apart any more. Pure."""
    for question, (event_id, answered) in zip(asked, _answered(events), strict=False):
        if question.activity != answered.activity:
            place = f"the step {question.activity} comes where the history has {answered.activity}"
            yield Difference(event_id=event_id, what=place, is_seen=True)
            return
        if what := _what_differs(question, answered):
            yield Difference(event_id=event_id, what=f"the step {question.activity} {what}")


def _answered(events: Iterable[HistoryEvent]) -> Iterator[tuple[int, Question]]:
    for event in events:
        if not event.HasField("activity_task_scheduled_event_attributes"):
            continue
        scheduled = event.activity_task_scheduled_event_attributes
        summary = event.user_metadata.summary
        yield (
            event.event_id,
            Question(
                activity=scheduled.activity_type.name,
                activity_id=scheduled.activity_id,
                summary=str(DefaultPayloadConverter().from_payload(summary)) if summary.data else None,
                arguments=tuple(scheduled.input.payloads),
            ),
        )


def _what_differs(now: Question, then: Question) -> str | None:
    if now.activity_id is not None and now.activity_id != then.activity_id:
        return f"has the id {now.activity_id}, and the history has {then.activity_id} in its place"
    if now.summary is not None and then.summary is not None and now.summary != then.summary:
        return f"is called “{now.summary}”, and the history has “{then.summary}” in its place"
    if [*map(_meaning, now.arguments)] != [*map(_meaning, then.arguments)]:
        return "is asked with other arguments than in the history"
    return None


def _meaning(payload: Payload) -> object:
    """A field that is null is one that is not there: a new one of a dataclass, with its default, asks nothing new."""
    if payload.metadata.get("encoding") != b"json/plain":
        return payload.SerializeToString(deterministic=True)
    return _without_nulls(json.loads(payload.data))


def _without_nulls(value: object) -> object:
    match value:
        case Mapping():
            return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
        case list():
            return [_without_nulls(inner) for inner in value]
    return value
