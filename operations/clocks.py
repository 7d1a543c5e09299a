"""The database's clock, known without asking: that of this machine may be wrong by minutes, and every age with it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic


@dataclass(slots=True)
class Clock:
    """Set by whoever is told the database's time; this machine's until then. Between two tellings it never jumps."""

    _told: datetime | None = None
    _told_at: float = 0.0

    def set(self, now: datetime) -> None:
        self._told, self._told_at = now, monotonic()

    def now(self) -> datetime:
        return datetime.now(UTC) if self._told is None else self.at(monotonic())

    def at(self, reading: float) -> datetime:
        """The time of day at a reading of `monotonic`."""
        if self._told is None:
            return datetime.now(UTC) - timedelta(seconds=monotonic() - reading)
        return self._told + timedelta(seconds=reading - self._told_at)
