"""What every page is given."""

from dataclasses import dataclass

from console.components.shell import Frame
from console.live import Hub
from operations.bootstrap import Services
from operations.queries.workforce import WorkforceQueries


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """The services, the live updates and the frame around the page."""

    services: Services
    hub: Hub
    frame: Frame
    workforce: WorkforceQueries
    temporal_ui_url: str | None
