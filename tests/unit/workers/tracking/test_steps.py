from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from workers.tracking.steps import _next_try

SECOND = timedelta(seconds=1)
PATIENT = RetryPolicy(initial_interval=SECOND, backoff_coefficient=2.0, maximum_interval=30 * SECOND)
BROKEN = OSError("disk full")


def next_try(error: Exception, policy: RetryPolicy | None, attempt: int = 1) -> timedelta | None:
    return _next_try(error, replace(ActivityEnvironment.default_info(), attempt=attempt, retry_policy=policy))


@pytest.mark.parametrize(
    ("attempt", "seconds"), [(1, 1), (2, 2), (3, 4), (5, 16), (6, 30), (7, 30), (31, 30), (10_000, 30)]
)
def test_the_pause_grows_up_to_its_limit(attempt: int, seconds: int) -> None:
    assert next_try(BROKEN, PATIENT, attempt) == seconds * SECOND


@pytest.mark.parametrize("attempt", [1, 2, 50, 10_000])
@pytest.mark.parametrize("coefficient", [1.0, 10.0, 1000.0])
def test_the_pause_has_a_limit_also_when_none_is_given(coefficient: float, attempt: int) -> None:
    policy = RetryPolicy(initial_interval=SECOND, backoff_coefficient=coefficient)

    assert next_try(BROKEN, policy, attempt) == min(100, coefficient ** min(attempt - 1, 5)) * SECOND


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 1), (2, 2), (3, None), (4, None)])
def test_the_last_try_is_followed_by_none(attempt: int, seconds: int | None) -> None:
    policy = replace(PATIENT, maximum_attempts=3)

    assert next_try(BROKEN, policy, attempt) == (None if seconds is None else seconds * SECOND)


@pytest.mark.parametrize(
    ("error", "is_final"),
    [
        (BROKEN, False),
        (ApplicationError("no"), False),
        (ApplicationError("no", type="ForeignSchema"), False),
        (ApplicationError("no", non_retryable=True), True),
        (ApplicationError("no", type="Hopeless"), True),
        (ApplicationError("no", type="Hopeless", next_retry_delay=SECOND), True),
        (KeyError("slug"), True),
    ],
)
def test_some_errors_are_not_tried_again(error: Exception, is_final: bool) -> None:
    policy = replace(PATIENT, non_retryable_error_types=["Hopeless", "KeyError"])

    assert next_try(error, policy) == (None if is_final else SECOND)


def test_an_error_may_say_itself_when_to_try_again() -> None:
    delayed = ApplicationError("busy", next_retry_delay=7 * SECOND)

    assert next_try(delayed, PATIENT, attempt=6) == 7 * SECOND
    assert next_try(delayed, replace(PATIENT, maximum_attempts=6), attempt=6) is None


def test_without_a_policy_it_is_tried_at_once() -> None:
    assert next_try(BROKEN, None) == timedelta(0)
