"""Banners say, source by source, what cannot be trusted, what still works and what to do."""

from datetime import UTC, datetime

import pytest

from console.pages.outage_words import MEANINGS, notice
from operations.liveness import Outage, Part

SINCE = datetime(2026, 11, 28, 23, 5, tzinfo=UTC)


def test_every_part_that_can_be_away_has_its_banner() -> None:
    assert set(MEANINGS) == set(Part)


@pytest.mark.parametrize("part", Part)
def test_a_banner_says_since_when_what_is_doubtful_what_works_and_what_to_do(part: Part) -> None:
    shown = notice(Outage(part=part, since=SINCE))

    assert (shown.name, shown.since, shown.since_word) == (part.value, SINCE, "since")
    assert [word for word, _ in shown.parts] == ["Not to be trusted", "Still works", "Who must act"]
    assert all(text.endswith(".") for _, text in shown.parts)
    assert notice(Outage(part=part, since=SINCE, is_since_before=True)).since_word == "at least since"
