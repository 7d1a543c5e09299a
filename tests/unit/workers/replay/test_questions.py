"""What counts as another question: pure, held against events as Temporal has them."""

import json

import pytest
from temporalio.api.common.v1 import ActivityType, Payload, Payloads
from temporalio.api.history.v1 import ActivityTaskScheduledEventAttributes, HistoryEvent
from temporalio.api.sdk.v1 import UserMetadata

from workers.replay.questions import Difference, Question, differences


def as_json(value: object) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(value).encode())


def asked(
    activity: str = "add_owner", *arguments: object, activity_id: str | None = None, summary: str | None = None
) -> Question:
    return Question(
        activity=activity, activity_id=activity_id, summary=summary, arguments=tuple(map(as_json, arguments))
    )


def answered(*questions: Question) -> list[HistoryEvent]:
    """A history in which these were asked, between events of another kind."""
    events = []
    for number, question in enumerate(questions, start=1):
        scheduled = ActivityTaskScheduledEventAttributes(
            activity_id=question.activity_id or str(number),
            activity_type=ActivityType(name=question.activity),
            input=Payloads(payloads=question.arguments),
        )
        summary = UserMetadata(summary=None if question.summary is None else as_json(question.summary))
        events += [
            HistoryEvent(event_id=3 * number),
            HistoryEvent(
                event_id=3 * number + 2, activity_task_scheduled_event_attributes=scheduled, user_metadata=summary
            ),
        ]
    return events


@pytest.mark.parametrize(
    ("now", "then"),
    [
        (asked("add_owner", {"tenant": "a"}), asked("add_owner", {"tenant": "a"})),
        (asked("add_owner", {"tenant": "a", "new": None}), asked("add_owner", {"tenant": "a"})),
        (asked("add_owner", {"tenant": "a"}), asked("add_owner", {"tenant": "a", "gone": None})),
        (asked("add_owner", {"b": 1, "a": 2}), asked("add_owner", {"a": 2, "b": 1})),
        (asked("add_owner"), asked("add_owner", summary="of the tenant", activity_id="owner")),
    ],
)
def test_what_means_the_same_is_the_same_question(now: Question, then: Question) -> None:
    assert list(differences([now], answered(then))) == []


@pytest.mark.parametrize(
    ("now", "then", "said"),
    [
        (asked("add_owner", {"tenant": "a"}), asked("add_owner", {"tenant": "b"}), "asked with other arguments"),
        (asked("add_owner", {"new": False}), asked("add_owner", {}), "asked with other arguments"),
        (asked("add_owner", [None, 1]), asked("add_owner", [1]), "asked with other arguments"),
        (asked("add_owner", 1, 2), asked("add_owner", 1), "asked with other arguments"),
        (asked(activity_id="first"), asked(activity_id="second"), "has the id first, and the history has second"),
        (asked(summary="second"), asked(summary="first"), "is called “second”, and the history has “first”"),
    ],
)
def test_another_question_of_the_same_name_is_found_with_its_event(now: Question, then: Question, said: str) -> None:
    (difference,) = differences([asked("load_tenant"), now], answered(asked("load_tenant"), then))

    assert said in difference.what
    assert (difference.event_id, difference.is_seen) == (8, False)


def test_after_another_name_nothing_is_compared() -> None:
    then = answered(asked("create_schema"), asked("add_owner", 1))

    assert list(differences([asked("welcome_owner"), asked("add_owner", 2)], then)) == [
        Difference(event_id=5, what="the step welcome_owner comes where the history has create_schema", is_seen=True)
    ]


def test_what_has_no_counterpart_yet_is_no_difference() -> None:
    assert list(differences([asked("load_tenant"), asked("add_owner")], answered(asked("load_tenant")))) == []
    assert list(differences([], answered(asked("load_tenant")))) == []
