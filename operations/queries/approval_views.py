"""A run's request for a decision, as it is shown."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalRequestView:
    """That a run asked for a decision."""

    requested_at: datetime
    expires_at: datetime  #: when the run is rejected for want of a decision
    is_open: bool  #: nobody has decided, and the run goes on
    decided_at: datetime | None = None
