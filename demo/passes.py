"""The minutely comparisons of three weeks: what they looked at, and what they found. Pure."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from demo.customers import some_id
from demo.history import Found, Story
from operations.statuses import PassOutcome

EVERY = timedelta(minutes=1)
#: When Temporal was upgraded, and did not answer: days ago, and for how long.
AWAY_DAYS_AGO, AWAY_HOUR, AWAY_FOR = 15, 4, timedelta(minutes=24)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pass:
    """One comparison."""

    id: UUID
    started_at: datetime
    finished_at: datetime
    outcome: PassOutcome
    checked: int
    findings: tuple[Found, ...]

    @property
    def found(self) -> int:
        return len(self.findings)


def passes(story: Story) -> list[Pass]:
    """In order; every finding of the story belongs to one of them."""
    return list(_passes(story, Random(len(story.runs))))


def _passes(story: Story, chance: Random) -> Iterator[Pass]:
    begins = sorted(run.created_at for run in story.runs)
    ends = sorted(run.ended_at for run in story.runs)
    away = (story.now - timedelta(days=AWAY_DAYS_AGO)).replace(hour=AWAY_HOUR, minute=10)
    found = list(story.found)
    at = story.fates[0].created_at
    while at < story.now:
        is_away = away <= at < away + AWAY_FOR
        seen: list[Found] = []
        while not is_away and found and found[0].at <= at:
            seen.append(found.pop(0))
        # Open ones, and those that have ended in the last minute.
        looked_at = bisect_left(begins, at) - bisect_left(ends, at - EVERY)
        yield Pass(
            id=some_id(chance),
            started_at=at,
            finished_at=at + timedelta(seconds=5.0 if is_away else chance.uniform(0.02, 0.09)),
            outcome=PassOutcome.UNREACHABLE if is_away else PassOutcome.COMPLETED,
            checked=0 if is_away else max(looked_at, len(seen)),
            findings=tuple(seen),
        )
        at += EVERY
