"""How many executions there are, and how many end: plain data, frozen."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from operations.statuses import Status


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusCounts:
    """How many executions stand where; a number above the cap of lists means "more than"."""

    numbers: Mapping[Status, int]  #: of failed ones, those that stand
    called_off: int = 0
    superseded: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class HourlyThroughput:
    """How many executions ended in one hour."""

    hour: datetime  #: its beginning
    completed: int
    failed: int
