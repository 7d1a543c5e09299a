"""When people register: by day more than by night, on Sundays hardly; and when a release was a bad one. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

DAYS = 21
BUSIEST = 3.0  #: registrations in the busiest hour of a weekday
#: Of a weekday, by the hour: its share of the busiest one.
HOURS = (
    *(0.04, 0.02, 0.02, 0.02, 0.03, 0.08, 0.2, 0.45, 0.75, 0.95, 1.0, 0.9),
    *(0.6, 0.75, 0.95, 1.0, 0.85, 0.6, 0.4, 0.3, 0.25, 0.2, 0.12, 0.07),
)
WEEKEND = 0.35
RELEASED_DAYS_AGO = 9
RELEASED_AT, ROLLED_BACK_AFTER = 11, timedelta(hours=5, minutes=20)  #: an hour of the day
BUILDS = ("2026.10.4", "2026.11.0", "2026.11.1")


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A build that broke a step, from its deployment until it was rolled back."""

    build: str
    deployed_at: datetime
    rolled_back_at: datetime

    def covers(self, moment: datetime) -> bool:
        return self.deployed_at <= moment < self.rolled_back_at

    def build_at(self, moment: datetime) -> str:
        """Which build carried out a run that began then."""
        if self.covers(moment):
            return self.build
        if moment < self.deployed_at - timedelta(days=6):
            return BUILDS[0]
        return BUILDS[1] if moment < self.rolled_back_at + timedelta(days=2) else BUILDS[2]


def bad_release(now: datetime) -> Release:
    """On a weekday: somebody has to register something for it to be seen."""
    day = now - timedelta(days=RELEASED_DAYS_AGO)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    deployed = day.replace(hour=RELEASED_AT, minute=0, second=0, microsecond=0)
    return Release(build="2026.11.1-rc", deployed_at=deployed, rolled_back_at=deployed + ROLLED_BACK_AFTER)


def moments(chance: Random, now: datetime) -> Iterator[datetime]:
    """When somebody registered, in order, over the last three weeks and until a quarter of an hour ago."""
    hour = (now - timedelta(days=DAYS)).replace(minute=0, second=0, microsecond=0)
    until = now - timedelta(minutes=15)
    while hour < until:
        share = HOURS[hour.hour] * (WEEKEND if hour.weekday() >= 5 else 1.0)
        number = sum(chance.random() < BUSIEST * share / 8 for _ in range(8))
        for seconds in sorted(chance.uniform(0, 3600) for _ in range(number)):
            moment = hour + timedelta(seconds=seconds)
            if moment < until:
                yield moment
        hour += timedelta(hours=1)
