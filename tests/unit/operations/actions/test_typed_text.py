import pytest

from operations.actions.typed_text import can_be_seen, in_order, is_plain


@pytest.mark.parametrize(
    "text", ["", " \t\n", "\u200b\u200b\u200b", "\u3164", "\u2800 \u115f", "\u0301\u0301", "\U000e0041"]
)
def test_what_leaves_no_mark_cannot_be_seen(text: str) -> None:
    assert not can_be_seen(text)


@pytest.mark.parametrize("text", ["a", "\u200bé", "e\u0301", "語", "🙂", "\u0600", "\u200f\u05d0"])
def test_one_character_with_a_picture_is_enough(text: str) -> None:
    assert can_be_seen(text)


@pytest.mark.parametrize("turned", [*map(chr, range(0x202A, 0x202F))])
def test_what_would_turn_a_text_is_refused_from_staff_and_drawn_as_a_sign_from_others(turned: str) -> None:
    assert not is_plain(f"evil{turned}=cmd")
    assert in_order(f"evil{turned}=cmd") == f"evil⟨U+{ord(turned):04X}⟩=cmd"


@pytest.mark.parametrize("text", ["plain", "two\nlines\tand a tab", "שלום", "\u200eמספר 7", "\u2066שלום\u2069 Ltd"])
def test_texts_of_any_direction_stay_as_they_are(text: str) -> None:
    assert is_plain(text)
    assert in_order(text) == text
