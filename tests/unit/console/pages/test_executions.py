"""What the address of the list of executions asks for."""

from datetime import UTC, datetime

import pytest

from console.api.executions import of_failures
from console.api.executions import statuses as in_rest
from console.pages.execution_filters import exported, filter_of
from console.pages.execution_table import COLUMNS
from console.pages.executions import SORTS, numbers
from operations.queries.execution_numbers import StatusCounts
from operations.queries.execution_views import ExecutionFilter, Sort
from operations.statuses import Cause, Failure, Health, Status


def test_several_statuses_and_open_are_asked_for_at_once() -> None:
    assert filter_of({"status": "failed,completed"}).statuses == {Status.FAILED, Status.COMPLETED}
    assert filter_of({"status": "open"}).statuses == {Status.PENDING, Status.RUNNING}
    assert filter_of({"status": "open,failed,nonsense"}).statuses == set(Status) - {Status.COMPLETED}


def test_days_are_the_moments_that_the_address_names() -> None:
    asked = filter_of({"created_from": "2026-03-28T23:00:00.000Z", "created_to": "2026-03-30T00:00:00+02:00"})

    assert asked.created_from == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert asked.created_to == datetime(2026, 3, 29, 22, tzinfo=UTC)


def test_trouble_is_asked_for_by_health_cause_and_error() -> None:
    asked = filter_of({"health": "stuck,drift,ill", "cause": "no_worker,nonsense", "signature": "Quota of … is full"})

    assert asked.healths == {Health.STUCK, Health.DRIFT}
    assert asked.causes == {Cause.NO_WORKER}
    assert asked.signature == "Quota of … is full"
    assert filter_of({"signature": "\0"}).signature is None  # PostgreSQL takes none


def test_the_file_is_not_asked_for_words_that_rest_would_refuse() -> None:
    query = exported({"health": "stuck,ill", "cause": "nonsense", "signature": "Quota"})

    assert (query["health"], query["cause"], query["signature"]) == ("stuck", "", "Quota")


def test_words_that_mean_nothing_do_not_narrow() -> None:
    assert filter_of({"status": "x", "created_from": "yesterday", "created_to": "2026-03-30"}) == ExecutionFilter()


def test_open_is_counted_as_all_that_have_not_ended() -> None:
    of_status = {Status.PENDING: 2, Status.RUNNING: 3, Status.FAILED: 5}
    counted = numbers(StatusCounts(numbers=of_status, called_off=1, superseded=4))

    assert counted == {
        "open": 5,
        "pending": 2,
        "running": 3,
        "completed": 0,
        "failed": 5,
        "called_off": 1,
        "superseded": 4,
    }


@pytest.mark.parametrize(
    ("words", "statuses", "failures"),
    [
        ("", set(), set()),
        ("running", {Status.RUNNING}, set()),
        ("failed", {Status.FAILED}, {Failure.STANDING}),
        ("called_off", {Status.FAILED}, {Failure.CALLED_OFF}),
        ("superseded", {Status.FAILED}, {Failure.SUPERSEDED}),
        ("failed,superseded", {Status.FAILED}, {Failure.STANDING, Failure.SUPERSEDED}),
        ("running,superseded", {Status.RUNNING, Status.FAILED}, {Failure.SUPERSEDED}),
        ("failed,open", {Status.PENDING, Status.RUNNING, Status.FAILED}, {Failure.STANDING}),
    ],
)
def test_failed_are_those_that_stand(words: str, statuses: set[Status], failures: set[Failure]) -> None:
    asked = filter_of({"status": words})

    assert asked.statuses == statuses
    assert (asked.failures or set()) == failures


@pytest.mark.parametrize(
    "words", ["", "running", "failed", "called_off", "superseded", "failed,superseded", "open,superseded"]
)
def test_the_file_has_what_the_list_has(words: str) -> None:
    query = exported({"status": words, "q": "acme"})

    listed = filter_of({"status": words, "q": "acme"})
    assert in_rest(query["status"]) == listed.statuses
    assert of_failures(query["failures"]) == listed.failures
    assert query["q"] == "acme"


def test_every_header_that_can_be_clicked_has_its_orders_and_every_order_a_header() -> None:
    assert {column.name for column in COLUMNS if column.sortable} == set(SORTS)
    assert {order for orders in SORTS.values() for order in orders} == set(Sort)
