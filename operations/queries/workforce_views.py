"""Who carries out the work, as pages, REST and the command line show it."""

from dataclasses import dataclass
from datetime import datetime

from operations.deployments import Build


@dataclass(frozen=True, kw_only=True, slots=True)
class Slots:
    """How much of one sort of work a worker does at once."""

    used: int
    free: int


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerView:
    """A worker by its own heartbeats; one that sends none is among the pollers only."""

    identity: str
    host: str
    queue: str
    build: str | None
    since: datetime  #: it started, by its own clock
    last_heartbeat_at: datetime  #: by its own clock
    silent_since: datetime | None  #: by this process's clock; None while it beats
    is_leaving: bool  #: it was asked to end, and finishes what it has
    workflow_slots: Slots
    activity_slots: Slots

    @property
    def has_ended(self) -> bool:
        """In order: the last that it said is that it ends, and that some time ago."""
        return self.is_leaving and self.silent_since is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class PollerView:
    """Whoever asked a queue for work in the last minutes."""

    queue: str
    work: str  #: workflows or activities
    identity: str
    last_poll_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class RowsOfBuild:
    """Open executions whose latest step a worker of this build took; for builds that Temporal does not keep apart."""

    build: str | None
    runs: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PatchView:
    """A version of a workflow's code, and how many runs in flight are on it."""

    patch: str
    workflow_type: str  #: as stored
    runs_with: int  #: in flight, that took it
    runs_without: int  #: in flight, that did not
    may_be_deprecated: bool  #: no run needs the old way any more


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleView:
    """What Temporal starts by itself."""

    id: str
    is_paused: bool
    note: str | None
    next_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Workforce:
    """All of it, at one moment."""

    has_worker: bool | None  #: None: nobody can tell yet, as Temporal has only just begun to answer
    workers: tuple[WorkerView, ...]
    pollers: tuple[PollerView, ...]
    builds: tuple[Build, ...]  #: of versioned workers
    rows: tuple[RowsOfBuild, ...]
    patches: tuple[PatchView, ...]
    schedules: tuple[ScheduleView, ...]
