"""Views for which the database takes too long: each is asked for less and less often, by whomever."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from time import monotonic

from operations.errors import DatabaseSlow

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0  #: seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """Until when not to ask again, and what to say meanwhile."""

    error: DatabaseSlow
    since: float
    pause: float
    until: float


class SlowViews:
    """By the key of the view, so that it outlives those who look."""

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._refusals: dict[Hashable, Refusal] = {}

    def check(self, key: Hashable) -> None:
        """Raises what the database said, before its time has come to be asked again."""
        refusal = self._refusals.get(key)
        if refusal is not None and self._clock() < refusal.until:
            raise refusal.error

    def note(self, key: Hashable, error: DatabaseSlow) -> None:
        before, now = self._refusals.get(key), self._clock()
        pause = FIRST_PAUSE if before is None else min(2 * before.pause, LONGEST_PAUSE)
        since = now if before is None else before.since
        self._refusals[key] = Refusal(error=error, since=since, pause=pause, until=now + pause)

    def forget(self, key: Hashable) -> None:
        """It was answered, or nobody looks any more and its time has passed."""
        self._refusals.pop(key, None)

    def is_due(self, key: Hashable) -> bool:
        refusal = self._refusals.get(key)
        return refusal is None or self._clock() >= refusal.until

    def behind_for(self, key: Hashable) -> float:
        """Seconds since the database last answered in time."""
        refusal = self._refusals.get(key)
        return 0.0 if refusal is None else self._clock() - refusal.since

    def sweep(self) -> None:
        """Nobody has asked for these for a long time."""
        long_ago = self._clock() - LONGEST_PAUSE
        self._refusals = {key: each for key, each in self._refusals.items() if each.until > long_ago}

    def __bool__(self) -> bool:
        return bool(self._refusals)
