"""What the address of the list of executions asks for."""

from datetime import UTC, datetime

import pytest

from console.api.executions import statuses as in_rest
from console.pages.execution_filters import exported, filter_of
from console.pages.execution_table import COLUMNS
from console.pages.executions import SORTS, numbers
from operations.queries.execution_views import ExecutionFilter, Sort, StatusCounts
from operations.statuses import Status


def test_several_statuses_and_open_are_asked_for_at_once() -> None:
    assert filter_of({"status": "failed,completed"}).statuses == {Status.FAILED, Status.COMPLETED}
    assert filter_of({"status": "open"}).statuses == {Status.PENDING, Status.RUNNING}
    assert filter_of({"status": "open,failed,nonsense"}).statuses == set(Status) - {Status.COMPLETED}


def test_days_are_the_moments_that_the_address_names() -> None:
    asked = filter_of({"created_from": "2026-03-28T23:00:00.000Z", "created_to": "2026-03-30T00:00:00+02:00"})

    assert asked.created_from == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert asked.created_to == datetime(2026, 3, 29, 22, tzinfo=UTC)


def test_words_that_mean_nothing_do_not_narrow() -> None:
    assert filter_of({"status": "x", "created_from": "yesterday", "created_to": "2026-03-30"}) == ExecutionFilter()


def test_open_is_counted_as_all_that_have_not_ended() -> None:
    counted = numbers(StatusCounts(numbers={Status.PENDING: 2, Status.RUNNING: 3, Status.FAILED: 5}, superseded=4))

    assert counted == {"open": 5, "pending": 2, "running": 3, "completed": 0, "failed": 5, "superseded": 4}


@pytest.mark.parametrize(
    ("words", "statuses", "superseded"),
    [
        ("", set(), None),
        ("running", {Status.RUNNING}, None),
        ("failed", {Status.FAILED}, False),
        ("superseded", {Status.FAILED}, True),
        ("failed,superseded", {Status.FAILED}, None),
        ("running,superseded", {Status.RUNNING, Status.FAILED}, True),
        ("failed,open", {Status.PENDING, Status.RUNNING, Status.FAILED}, False),
    ],
)
def test_failed_are_those_that_no_newer_attempt_superseded(
    words: str, statuses: set[Status], superseded: bool | None
) -> None:
    asked = filter_of({"status": words})

    assert asked.statuses == statuses
    assert asked.superseded is superseded


@pytest.mark.parametrize("words", ["", "running", "failed", "superseded", "failed,superseded", "open,superseded"])
def test_the_file_has_what_the_list_has(words: str) -> None:
    query = exported({"status": words, "q": "acme"})

    superseded = {"": None, "true": True, "false": False}[query["superseded"]]
    listed = filter_of({"status": words, "q": "acme"})
    assert (in_rest(query["status"]), superseded) == (listed.statuses, listed.superseded)
    assert query["q"] == "acme"


def test_every_header_that_can_be_clicked_has_its_orders_and_every_order_a_header() -> None:
    assert {column.name for column in COLUMNS if column.sortable} == set(SORTS)
    assert {order for orders in SORTS.values() for order in orders} == set(Sort)
