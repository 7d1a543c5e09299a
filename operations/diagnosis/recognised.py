"""What a recogniser finds: a cause, since when, and what it rests on."""

from dataclasses import dataclass, field
from datetime import datetime

from operations.diagnosis.evidence import Evidence
from operations.statuses import Cause


@dataclass(frozen=True, kw_only=True, slots=True)
class Recognised:
    """A cause, and what it rests on."""

    cause: Cause
    since: datetime | None = None  #: None: since it last moved
    error: str | None = None
    evidence: Evidence = field(default_factory=Evidence)
    is_blind: bool = False  #: nobody could look, so that nothing can be said of its health
