"""Evidence survives being kept as JSON, whatever another version wrote."""

import json
from datetime import UTC, datetime
from unicodedata import category

from hypothesis import given, settings
from hypothesis import strategies as st

from operations.diagnosis.evidence import Awaited, Evidence
from operations.error_texts import LONGEST_WORDS
from operations.statuses import FindingKind

moments = st.datetimes(timezones=st.just(UTC), min_value=datetime(2020, 1, 1), max_value=datetime(2100, 1, 1))  # noqa: DTZ001
any_character = st.characters(exclude_categories=())
words = st.none() | st.text(any_character, max_size=5) | st.text(any_character, min_size=1).map(lambda said: said * 600)
evidence = st.builds(
    Evidence,
    step=words,
    worker=words,
    queue=words,
    build=words,
    by=words,
    why=words,
    tries=st.none() | st.integers(0, 9),
    next_try_at=st.none() | moments,
    until=st.none() | moments,
    paused_since=st.none() | moments,
    workers=st.none() | st.integers(0, 3),
    awaited=st.none() | st.sampled_from(Awaited),
    finding=st.none() | st.sampled_from(FindingKind),
    is_contradiction=st.sampled_from([None, True]),
)
things = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=3)


@settings(deadline=None)
@given(evidence)
def test_it_comes_back_as_it_was_kept(kept: Evidence) -> None:
    assert Evidence.from_json(json.loads(json.dumps(kept.as_json()))) == kept


@settings(deadline=None)
@given(evidence)
def test_whatever_it_is_given_it_can_be_stored_and_is_short(kept: Evidence) -> None:
    words = [value for value in (kept.as_json() or {}).values() if isinstance(value, str)]

    assert not any(category(character) in ("Cc", "Cs") for each in words for character in each)
    assert all(len(each) <= LONGEST_WORDS for each in words)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*Evidence.__dataclass_fields__, "newer"]), things) | things)
def test_what_it_does_not_understand_it_leaves_out(kept: object) -> None:
    assert isinstance(Evidence.from_json(kept), Evidence)


def test_nothing_known_is_nothing_kept() -> None:
    assert Evidence().as_json() is None
