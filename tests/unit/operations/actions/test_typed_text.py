import pytest

from operations.actions.typed_text import can_be_seen


@pytest.mark.parametrize(
    "text", ["", " \t\n", "\u200b\u200b\u200b", "\u3164", "\u2800 \u115f", "\u0301\u0301", "\U000e0041"]
)
def test_what_leaves_no_mark_cannot_be_seen(text: str) -> None:
    assert not can_be_seen(text)


@pytest.mark.parametrize("text", ["a", "\u200bé", "e\u0301", "語", "🙂", "\u0600", "\u200f\u05d0"])
def test_one_character_with_a_picture_is_enough(text: str) -> None:
    assert can_be_seen(text)
