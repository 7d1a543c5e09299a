"""How often, how long and how boldly passes compare."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The defaults are those of production; times are in seconds."""

    interval: float = 60
    grace: float = 10  #: for which a row is left alone after its last change
    retention: timedelta = timedelta(days=90)
    longest: float = 50  #: for comparing; listing what is open and writing what was found come on top
    lease: float = 90
    batch: int = 1000  #: rows read at a time
    concurrency: int = 20  #: questions to Temporal at a time
    few: int = 20  #: changes that never trip the breaker
    share: float = 0.25  #: of the rows compared; more changes than that trip it
    most_findings: int = 1000  #: written by one pass; the counts tell of all

    @property
    def silence(self) -> float:
        """After which the reconciler counts as silent."""
        return 3 * self.interval

    def is_implausible(self, changes: int, of: int) -> bool:
        return changes > self.few and changes > self.share * of
