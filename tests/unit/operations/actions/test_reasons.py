import pytest

from operations.actions.reasons import checked_reason
from operations.errors import InvalidInput


@pytest.mark.parametrize("reason", ["", "  ", "no", " no ", "r" * 501])
def test_a_reason_has_3_to_500_characters(reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked_reason(reason)

    assert refused.value.problems == {"reason": "The reason must have 3 to 500 characters."}


@pytest.mark.parametrize(
    "reason", ["bad\x00reason", "bad\x1breason", "bad\x9breason", "bad\ud800reason", "bad\u202enosaer"]
)
def test_a_reason_that_cannot_be_kept_is_refused(reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked_reason(reason)

    assert refused.value.problems == {"reason": "The reason must not contain control characters."}


@pytest.mark.parametrize("reason", ["\u200b\u200b\u200b", "\u3164 \u2800", "\u0301\u0301\u0301", "\U000e0041" * 3])
def test_a_reason_that_nobody_can_see_is_refused(reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked_reason(reason)

    assert refused.value.problems == {"reason": "The reason must have at least one character that can be seen."}


@pytest.mark.parametrize("reason", ["yes", "two\nlines\tand a tab", "<b>bold</b>", "🙂🙂🙂", "r" * 500])
def test_any_other_reason_is_kept_as_it_is(reason: str) -> None:
    assert checked_reason(f" {reason} ") == reason
