"""What looks again by itself says nothing of an outage, which its banner names."""

import re
from pathlib import Path

import pytest

from console.pages import looks
from operations.errors import DatabaseUnavailable, TemporalUnavailable

CONSOLE = Path(looks.__file__).parents[1]
TIMER = re.compile(r"ui\.timer\((?:[^()]|\([^()]*\))*\)")


async def test_a_database_that_is_away_is_told_by_its_banner_alone() -> None:
    async def look() -> None:
        raise DatabaseUnavailable

    await looks.quiet(look)()


async def test_whatever_else_goes_wrong_is_told() -> None:
    async def look() -> None:
        raise TemporalUnavailable

    with pytest.raises(TemporalUnavailable):
        await looks.quiet(look)()


def test_no_page_looks_again_by_a_timer_of_its_own() -> None:
    repeated = {
        path.name
        for path in CONSOLE.rglob("*.py")
        if any("once=True" not in timer for timer in TIMER.findall(path.read_text()))
    }

    assert repeated == {"looks.py"}
