"""docs/runbook.md has a chapter for each cause, with what people need at night, and says what the pages say."""

import re
from pathlib import Path

import pytest

from console.pages.runbook import chapters
from operations.diagnosis.advice import ADVICE, OWNERS
from operations.statuses import Cause

RUNBOOK = (Path(__file__).parents[2] / "docs/runbook.md").read_text()
CHAPTERS = dict(re.findall(r"^## `(\w+)`[^\n]*\n(.*?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL))
PARTS = ("**Means.**", "**Evidence.**", "**Who acts.**", "**Helps.**", "**Never.**")


def test_every_cause_has_a_chapter_and_no_other_word_has() -> None:
    assert list(CHAPTERS) == [cause.value for cause in Cause]


@pytest.mark.parametrize("cause", Cause)
def test_a_chapter_says_what_it_means_who_acts_and_what_must_not_be_done(cause: Cause) -> None:
    chapter = CHAPTERS[cause.value]

    assert [part for part in PARTS if part in chapter] == list(PARTS)
    assert chapter.index(PARTS[0]) < chapter.index(PARTS[-1])


@pytest.mark.parametrize("cause", Cause)
def test_a_chapter_says_what_the_pages_say(cause: Cause) -> None:
    chapter = " ".join(CHAPTERS[cause.value].split())

    assert OWNERS[ADVICE[cause].owner] in chapter.lower()
    assert ADVICE[cause].action in chapter


def test_titles_are_those_of_the_pages() -> None:
    titles = dict(re.findall(r"^## `(\w+)`: ([^\n]+)$", RUNBOOK, re.MULTILINE))

    assert titles == {cause.value: ADVICE[cause].title for cause in Cause}


@pytest.mark.parametrize("cause", Cause)
def test_the_page_of_a_cause_has_its_whole_chapter(cause: Cause) -> None:
    shown = " ".join(f"**{title}.** {text}" for title, text in chapters()[cause])

    assert shown == " ".join(CHAPTERS[cause.value].split())
