"""What the words of an address ask a list for: kindly on pages, strictly by REST."""

from datetime import UTC, datetime

import pytest

from console.asked import Asked, Choice, Days, Order, Search
from operations.errors import InvalidInput
from operations.statuses import TenantStatus

STATUS = Choice(name="status", label="Status", options={status: str(status) for status in TenantStatus})
CREATED = Days(name="created", label="Created")
ORDER = Order(usual=TenantStatus.ACTIVE)


def test_the_words_are_read_as_what_they_mean() -> None:
    asked = Asked(
        said={"status": " active ,failed", "q": "acme", "sort": "deleted", "created_from": "2026-03-28T23:00:00.000Z"},
        strictly=True,
    )

    assert STATUS.of(asked) == {TenantStatus.ACTIVE, TenantStatus.FAILED}
    assert Search(label="Search").of(asked) == "acme"
    assert ORDER.of(asked) is TenantStatus.DELETED
    assert CREATED.since(asked) == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert CREATED.until(asked) is None


def test_what_is_left_out_narrows_nothing() -> None:
    asked = Asked(said={}, strictly=True)

    assert (STATUS.of(asked), Search(label="Search").of(asked)) == (frozenset(), "")
    assert (ORDER.of(asked), CREATED.since(asked), CREATED.until(asked)) == (TenantStatus.ACTIVE, None, None)


NONSENSE = {"status": "active,nonsense", "sort": "sideways", "created_from": "yesterday", "created_to": "2026-03-30"}


def test_on_a_page_words_that_mean_nothing_do_not_narrow() -> None:
    asked = Asked(said=NONSENSE)

    assert STATUS.of(asked) == {TenantStatus.ACTIVE}
    assert ORDER.of(asked) is TenantStatus.ACTIVE
    assert (CREATED.since(asked), CREATED.until(asked)) == (None, None)


@pytest.mark.parametrize(
    ("name", "read"),
    [("status", STATUS.of), ("sort", ORDER.of), ("created_from", CREATED.since), ("created_to", CREATED.until)],
)
def test_a_program_is_told_of_words_that_mean_nothing(name: str, read: object) -> None:
    assert callable(read)
    with pytest.raises(InvalidInput) as refused:
        read(Asked(said=NONSENSE, strictly=True))

    assert list(refused.value.problems) == [name]
