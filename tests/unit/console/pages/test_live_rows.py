"""A patch leads from one page of rows to the next, and says no more than that."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from console.components.tables import Patch
from console.pages.live_rows import Rows, difference, joined, seconds
from operations.queries.paging import Page

Row = Mapping[str, object]

PAGES = st.lists(st.sampled_from("abcdefghij"), unique=True).flatmap(
    lambda ids: st.tuples(*(st.builds(row, st.just(id_), st.sampled_from("xyz")) for id_ in ids))
)


def row(id_: str, word: str = "x") -> Row:
    return {"id": id_, "word": word}


def rows(ids: str) -> list[Row]:
    return [row(id_) for id_ in ids]


def patched(before: Sequence[Row], patch: Patch) -> list[Row]:
    """What the table in the browser does with it."""
    known = {str(each["id"]): each for each in before}
    for change in patch.changed:
        known[str(change["id"])] = {**known[str(change["id"])], **change}
    known |= {str(each["id"]): each for each in patch.inserted}
    leaving = {*patch.removed, *(id_ for id_, _ in patch.moves)}
    order = [str(each["id"]) for each in before if each["id"] not in leaving]
    for id_, place in patch.moves:
        order.insert(place, id_)
    return [known[id_] for id_ in order]


@given(before=PAGES, after=PAGES)
def test_a_patch_leads_from_one_page_to_the_other(before: tuple[Row, ...], after: tuple[Row, ...]) -> None:
    patch = difference(before, after)

    assert (list(before) if patch is None else patched(before, patch)) == list(after)


@given(page=PAGES)
def test_there_is_nothing_to_say_when_nothing_changed(page: tuple[Row, ...]) -> None:
    assert difference(page, page) is None


def test_one_row_that_moves_is_the_only_one_with_a_place() -> None:
    patch = difference(rows("abcdefgh"), rows("acdefbgh"))

    assert patch == Patch(moves=[("b", 5)], changed=[], inserted=[], removed=[])


def test_rows_that_move_up_because_another_left_have_no_place() -> None:
    patch = difference(rows("abcd"), rows("bcde"))

    assert patch == Patch(moves=[("e", 3)], changed=[], inserted=[row("e")], removed=["a"])


def test_only_the_fields_that_changed_are_said() -> None:
    before: list[Row] = [{"id": "a", "word": "x", "error": "no", "tries": 1}]
    after: list[Row] = [{"id": "a", "word": "y", "tries": 1}]

    patch = difference(before, after)

    assert patch is not None
    assert patch.changed == [{"id": "a", "word": "y", "error": None}]


def test_rows_are_kept_without_their_empty_fields() -> None:
    page = Page(items=(1,), next=None, previous=None, total=1, total_capped=False)

    kept = Rows.of(page, [{"id": "a", "error": "", "ended": None, "tries": 0, "actions": {"retry": None}}])

    assert kept.rows == ({"id": "a", "tries": 0, "actions": {"retry": None}},)


def test_moments_are_seconds_to_the_millisecond() -> None:
    assert seconds(datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)) == 1767323045.679
    assert seconds(None) is None


def test_rows_that_say_the_same_stand_where_the_first_of_them_stood() -> None:
    given_rows = [row("a", "x"), {"id": "b"}, row("c", "y"), row("d", "x"), {"id": "e"}, row("f", "y")]

    found = [each["id"] for each in joined(given_rows, by="word")]

    assert found == ["a", "d", "b", "c", "f", "e"]
