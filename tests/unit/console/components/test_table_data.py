"""What browsers say of a table is bounded before it is read."""

import pytest

from console.components.table_data import LONGEST_ID, MOST_SELECTED, selected_ids


def test_each_selected_row_counts_once() -> None:
    assert selected_ids(["a", "b", "a"]) == ["a", "b"]
    assert len(selected_ids([str(number) for number in range(MOST_SELECTED)])) == MOST_SELECTED


@pytest.mark.parametrize(
    "value",
    [None, "abc", {"a": 1}, [["a"]], [1], [""], ["a" * (LONGEST_ID + 1)], ["a"] * (MOST_SELECTED + 1)],
)
def test_what_no_table_says_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="not a selection"):
        selected_ids(value)
