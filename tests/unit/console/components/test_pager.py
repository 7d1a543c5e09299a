"""The foot of a list says which rows are on the screen."""

import pytest

from console.components.pager import Range


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (Range(preceding=0, shown=0, total=0, capped=False), "No rows"),
        (Range(preceding=0, shown=1, total=1, capped=False), "1–1 of 1"),
        (Range(preceding=0, shown=50, total=370, capped=False), "1–50 of 370"),
        (Range(preceding=50, shown=50, total=370, capped=False), "51–100 of 370"),
        (Range(preceding=350, shown=20, total=370, capped=False), "351–370 of 370"),
        (Range(preceding=50, shown=50, total=1000, capped=True), "51–100 of 1,000+"),
        (Range(preceding=1000, shown=50, total=1000, capped=True), "1,001–1,050 of 1,000+"),
        (Range(preceding=1001, shown=50, total=1000, capped=True), "50 after the first 1,000"),
        (Range(preceding=52, shown=50, total=101, capped=False), "53–102 of 102"),  # a row came between two counts
    ],
)
def test_the_rows_on_the_screen_are_named(shown: Range, text: str) -> None:
    assert shown.text == text
