"""Workers and versions: who carries out the work, on which code, and what runs on it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from nicegui import ui
from nicegui.page_arguments import PageArguments

from console.components.badges import Tone
from console.components.cards import Fact, Section, facts
from console.components.incidents import Verdict, VerdictLine
from console.components.page_headers import PageHeader
from console.components.tables import Column, Empty, EmptyKind, Kind, LiveTable, to_json
from console.components.text import attribute, tag
from console.pages import incidents
from console.pages.looks import look_again
from console.pages.place import Nav, Place
from console.pages.scope import Scope
from operations import kinds
from operations.deployments import Build, BuildStatus
from operations.errors import TemporalUnavailable
from operations.liveness import SETTLING
from operations.queries.groups import GroupView
from operations.queries.workforce_views import (
    PatchView,
    PollerView,
    RowsOfBuild,
    ScheduleView,
    Slots,
    WorkerView,
    Workforce,
)
from operations.statuses import Cause

LOOK = 5.0  #: seconds; Temporal tells nobody by itself when a worker comes or goes
WORKERS = (
    Column(name="host", label="Host", secondary="identity"),
    Column(name="state", label="State", kind=Kind.STATUS),
    Column(name="silent_since", label="Silent since", kind=Kind.TIME),
    Column(name="build", label="Build", kind=Kind.MONO, width=150),
    Column(name="since", label="Running since", kind=Kind.TIME),
    Column(name="last_heartbeat_at", label="Last heartbeat", kind=Kind.TIME),
    Column(name="activities", label="Steps in use", align="right"),
    Column(name="workflows", label="Workflow tasks in use", align="right"),
)
BUILDS = (
    Column(name="build", label="Build", kind=Kind.MONO, width=150),
    Column(name="status", label="State", kind=Kind.STATUS),
    Column(name="new_runs", label="New runs"),
    Column(name="runs", label="Runs in flight", kind=Kind.NUMBER, align="right"),
    Column(name="advice", label="May its workers be switched off?"),
)
PATCHES = (
    Column(name="patch", label="Patch", kind=Kind.MONO),
    Column(name="workflow", label="Workflow"),
    Column(name="runs_with", label="Runs on it", kind=Kind.NUMBER, align="right"),
    Column(name="runs_without", label="Runs on the old way", kind=Kind.NUMBER, align="right"),
    Column(name="advice", label="May it be deprecated?"),
)
QUEUES = (
    Column(name="queue", label="Queue"),
    Column(name="work", label="Work"),
    Column(name="pollers", label="Workers that ask for it", kind=Kind.NUMBER, align="right"),
    Column(name="last_poll_at", label="Last asked", kind=Kind.TIME),
)
NO_WORKERS = Empty(
    kind=EmptyKind.NOTHING_YET,
    title="No worker is listed",
    text="Temporal lists workers by their heartbeats of the last five minutes; one that has just begun anew lists them "
    "some seconds later. Where none runs, start one with tenantry worker; runs wait for it.",
)
NO_BUILDS = Empty(
    kind=EmptyKind.NOTHING_YET,
    title="No run is open",
    text="As soon as a worker has taken a step of a run, its build is listed here.",
)
NO_PATCHES = Empty(kind=EmptyKind.ALL_HEALTHY, title="No patches", text="No workflow has a second version.")
NO_POLLERS = Empty(
    kind=EmptyKind.NOTHING_YET, title="Nobody is listed", text="Temporal lists whoever has asked it for work lately."
)
SOON_KNOWN = f"Temporal has just begun to answer; it is known within {SETTLING:.0f} s. Runs lose nothing by waiting."
LACKS = frozenset({Cause.NO_WORKER, Cause.WRONG_BUILD})
Rows = Sequence[Mapping[str, object]]


async def build(scope: Scope, _: PageArguments) -> None:
    """Draw the page, and look again as long as it is open."""
    PageHeader("Workers and versions", subtitle="Who carries out the work, and on which code")
    line = VerdictLine()
    notice = tag("p", classes="notice-text")
    attribute(notice, "role", "status")
    tables = _tables()
    with Section("Schedule", subtitle="What Temporal starts by itself"):
        schedule = ui.element("div")

    async def look() -> None:
        groups = await scope.services.reads.groups.list()
        try:
            now = await scope.workforce.now()
        except TemporalUnavailable as error:
            notice.set_text(f"{error.message} What is shown below is from before.")
            line.set_visibility(False)
            return
        notice.set_text("")
        line.show(verdict(groups.items, now))
        line.set_visibility(True)
        for table in tables:
            table.show(now)
        schedule.clear()
        with schedule:
            for each in now.schedules:
                facts(_schedule(each))

    await look()
    look_again(LOOK, look)


PLACE = Place(path="/workers", title="Workers", build=build, nav=Nav(icon="engineering", key="w"))


def verdict(groups: Sequence[GroupView], now: Workforce) -> Verdict:
    """Whether runs wait for workers, the worst of it by name."""
    waiting = tuple(incidents.worst_first(group for group in groups if group.cause in LACKS))
    if waiting:
        return incidents.verdict(incidents.Board.of(waiting))
    if now.has_worker is None:
        return Verdict(text="Nobody can tell yet whether a worker is at work.", tone=Tone.UNKNOWN, then=SOON_KNOWN)
    if not now.has_worker:
        return Verdict(text="No worker is at work.", tone=Tone.STUCK, then="Whoever runs the installation must act.")
    return Verdict(text="All is well. Each run has workers that can take it up.", tone=None)


def _tables() -> tuple["Shown", ...]:
    """In the order in which somebody looks who wants to know why runs wait."""
    return (
        _table(
            "Workers",
            "By their own heartbeats",
            WORKERS,
            NO_WORKERS,
            lambda now: [_worker(each) for each in now.workers],
        ),
        _table("Queues", "Whoever asked for work in the last minutes", QUEUES, NO_POLLERS, _queues),
        _table(
            "Builds",
            "And the runs that are on them",
            BUILDS,
            NO_BUILDS,
            lambda now: [*map(_build, now.builds), *_rows(now)],
        ),
        _table(
            "Versions of workflows",
            "Runs in flight by patch",
            PATCHES,
            NO_PATCHES,
            lambda now: [*map(_patch, now.patches)],
        ),
    )


@dataclass(kw_only=True, slots=True)
class Shown:
    """A table and the rows that it has by now; an answer that says the same moves nothing."""

    table: LiveTable
    rows: Callable[[Workforce], Rows]
    json: str = ""

    def show(self, now: Workforce) -> None:
        json = to_json(self.rows(now))
        if json != self.json:
            self.json = json
            self.table.reset(json)


def _table(
    title: str, subtitle: str, columns: Sequence[Column], empty: Empty, rows: Callable[[Workforce], Rows]
) -> Shown:
    fixed = [replace(column, hideable=False) for column in columns]
    with Section(title, subtitle=subtitle, flush=True):
        return Shown(table=LiveTable(columns=fixed, caption=title, empty=empty, keyboard=False), rows=rows)


def _worker(worker: WorkerView) -> dict[str, object]:
    return {
        "id": f"{worker.identity} {worker.since.isoformat()}",
        "host": worker.host,
        "identity": worker.identity,
        "state": _state(worker),
        "silent_since": None if worker.silent_since is None else worker.silent_since.isoformat(),
        "build": worker.build,
        "since": worker.since.isoformat(),
        "last_heartbeat_at": worker.last_heartbeat_at.isoformat(),
        "activities": _in_use(worker.activity_slots),
        "workflows": _in_use(worker.workflow_slots),
    }


def _state(worker: WorkerView) -> str:
    """What a worker last said of itself means nothing once it is silent."""
    if worker.silent_since is not None:
        return "silent"
    return "ends" if worker.is_leaving else "works"


def _in_use(slots: Slots) -> str:
    return f"{slots.used} of {slots.used + slots.free}"


def _build(build: Build) -> dict[str, object]:
    return {
        "id": f"build {build.build}",
        "build": build.build,
        "status": build.status.value,
        "new_runs": _new_runs(build),
        "runs": build.runs,
        "advice": "Yes, nothing is left on it" if build.may_be_switched_off else "No",
    }


def _new_runs(build: Build) -> str | None:
    if build.ramp_percent:
        return f"{build.ramp_percent:g} %"
    return "All others" if build.status is BuildStatus.CURRENT else None


def _rows(now: Workforce) -> Rows:
    """Of builds that Temporal does not keep apart, any worker takes up any run."""
    kept_apart = {build.build for build in now.builds}
    return [_row(row, now) for row in now.rows if row.build not in kept_apart]


def _row(row: RowsOfBuild, now: Workforce) -> dict[str, object]:
    has_worker = any(worker.build == row.build and worker.silent_since is None for worker in now.workers)
    lack = "unknown" if now.has_worker is None else "has_no_worker"
    return {
        "id": f"unversioned {row.build}",
        "build": row.build,
        "status": "has_workers" if has_worker else lack if row.build else "no_step_yet",
        "runs": row.runs,
        "advice": "Yes, one after the other: others go on with its runs" if has_worker else "",
    }


def _patch(patch: PatchView) -> dict[str, object]:
    kind = kinds.known().get(patch.workflow_type)
    return {
        "id": f"{patch.workflow_type} {patch.patch}",
        "patch": patch.patch,
        "workflow": patch.workflow_type if kind is None else kind.title,
        "runs_with": patch.runs_with,
        "runs_without": patch.runs_without,
        "advice": "Yes, no run needs the old way" if patch.may_be_deprecated else "No, runs are on the old way",
    }


def _queues(now: Workforce) -> Rows:
    """Who they are, the table of the workers says."""
    pollers: dict[tuple[str, str], list[PollerView]] = {}
    for poller in now.pollers:
        pollers.setdefault((poller.queue, poller.work), []).append(poller)
    return [
        {
            "id": f"{queue} {work}",
            "queue": queue,
            "work": work.capitalize(),
            "pollers": len({poller.identity for poller in asking}),
            "last_poll_at": max(poller.last_poll_at for poller in asking).isoformat(),
        }
        for (queue, work), asking in pollers.items()
    ]


def _schedule(schedule: ScheduleView) -> list[Fact]:
    return [
        Fact(label="Schedule", value=schedule.id, mono=True),
        Fact(label="State", value=f"Paused: {schedule.note}" if schedule.is_paused else "Active"),
        Fact(label="Last start", value=schedule.last_at),
        Fact(label="Next start", value=schedule.next_at),
    ]
