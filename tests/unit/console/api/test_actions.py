import re

from hypothesis import example, given
from hypothesis import strategies as some

from console.api.actions import ReasonRequest
from operations.actions.reasons import checked_reason
from operations.actions.typed_text import INVISIBLE
from operations.errors import InvalidInput

LETTERS = some.one_of(
    some.characters(exclude_categories=("Mn", "Me", "Cs")),
    some.sampled_from(" \n\x00\x1f\x85a"),
    some.from_regex(f"[{INVISIBLE}]", fullmatch=True),
)


def is_taken(reason: str) -> bool:
    try:
        checked_reason(reason)
    except InvalidInput:
        return False
    return True


@given(reason=some.text(LETTERS, max_size=8))
@example(reason="\u200b\u200b\u200b")
@example(reason="\u200b" * 499 + "a")
@example(reason="\u200b" * 500 + "a")
@example(reason="  yes \n")
def test_the_description_takes_the_reasons_that_are_taken(reason: str) -> None:
    described = ReasonRequest.model_json_schema()["properties"]["reason"]

    fits = len(reason) >= described["minLength"] and re.search(described["pattern"], reason) is not None

    assert fits == is_taken(reason)
