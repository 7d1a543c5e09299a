import asyncio
from datetime import timedelta

import pytest
from temporalio import exceptions
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError, ServerError, TimeoutType

from operations.error_texts import root_cause, sendable


def caused(error: BaseException, by: BaseException) -> BaseException:
    error.__cause__ = by
    return error


def activity_error() -> ActivityError:
    return ActivityError(
        "Activity task failed",
        scheduled_event_id=5,
        started_event_id=6,
        identity="worker",
        activity_type="create_schema",
        activity_id="1",
        retry_state=None,
    )


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ApplicationError("disk full"), "disk full"),
        (ApplicationError("disk full", type="OSError"), "OSError: disk full"),
        (ApplicationError("OSError: disk full", type="OSError"), "OSError: disk full"),
        (ApplicationError("disk full", type="RuntimeError"), "disk full"),
        (ApplicationError(""), "It failed without saying why."),
        (OSError("disk full"), "OSError: disk full"),
        (ValueError(), "It failed without saying why (ValueError)."),
        (asyncio.CancelledError(), "It was cancelled."),
        (KeyError("slug"), "KeyError: 'slug'"),
        (caused(activity_error(), ApplicationError("disk full", type="OSError")), "OSError: disk full"),
        (
            caused(activity_error(), caused(ApplicationError("wrapped"), ApplicationError("disk full"))),
            "disk full",
        ),
        (
            caused(
                activity_error(),
                exceptions.TimeoutError("no sign", type=TimeoutType.HEARTBEAT, last_heartbeat_details=[]),
            ),
            "The worker fell silent during the step.\nno sign",
        ),
        (caused(activity_error(), CancelledError("was cancelled")), "was cancelled"),
        (activity_error(), "The step “Create schema” failed.\nActivity task failed"),
        (ServerError("shard moved"), "shard moved"),
        (caused(RuntimeError("could not make the schema"), OSError("disk full")), "OSError: disk full"),
        (
            caused(ApplicationError("wrapped"), caused(RuntimeError("again"), OSError("disk full"))),
            "OSError: disk full",
        ),
        (ApplicationError("a\x00b\ud800"), "a\x00b\ud800"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_the_innermost_cause_speaks(error: BaseException, words: str) -> None:
    assert root_cause(error) == words


def test_a_chain_without_end_is_cut() -> None:
    first, second = RuntimeError("first"), RuntimeError("second")
    first.__cause__, second.__cause__ = second, first

    assert root_cause(first) in ("first", "second")


def test_an_error_that_can_travel_is_sent_as_it_is() -> None:
    error = caused(ApplicationError("Größe"), OSError("disk full"))

    assert sendable(error) is error


def test_half_a_character_is_replaced_and_all_else_of_an_error_kept() -> None:
    delay = timedelta(seconds=3)
    error = ApplicationError("bean \udc80", 7, type="Spilled", non_retryable=True, next_retry_delay=delay)

    sent = sendable(caused(error, OSError("mil\udc80")))

    assert isinstance(sent, ApplicationError)
    assert isinstance(sent.__cause__, ApplicationError)
    assert (sent.message, sent.type, sent.non_retryable, sent.details) == ("bean ?", "Spilled", True, (7,))
    assert sent.next_retry_delay == delay
    assert (sent.__cause__.message, sent.__cause__.type) == ("mil?", "OSError")


def test_errors_that_cause_each_other_can_be_sent() -> None:
    first = ApplicationError("\udc80")
    first.__cause__ = caused(ApplicationError("second"), first)

    assert str(sendable(first)) == "?"
