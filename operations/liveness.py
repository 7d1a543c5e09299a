"""Whether Temporal answers and a worker takes work, by the eyes of one who looks every second; else a banner is due.

Workers of this version send heartbeats, so one that died is missed within seconds. Where the server takes none, or for
workers that send none, there is only when each asked for work last: a long poll lasts a minute, and one that died in
it stays listed. Whose clock is right is nobody's concern: what counts is when a sign was first seen to be another one.

A Temporal that was killed has forgotten who asked it, and lists nobody until they have asked again. That no worker is
there is concluded in `Watch.workers` alone, and only after answers without a break for so long that a worker that lives
would have asked again.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from time import monotonic

from temporalio.api.enums.v1 import TaskQueueType, WorkerStatus
from temporalio.api.taskqueue.v1 import PollerInfo
from temporalio.api.worker.v1 import WorkerHeartbeat
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.service import RPCError, RPCStatusCode

from operations import fleet
from operations.clocks import Clock
from operations.errors import TemporalRefused, TemporalUnavailable
from operations.temporal import Temporal, ask

HEARTBEAT = timedelta(seconds=3)  #: the rhythm of our workers
LATE, LEAST_SILENCE = 1.25, 8.0  #: of its own rhythm, and seconds: then a worker that sends heartbeats is gone
POLLER_SILENCE = 75.0  #: seconds; a long poll lasts a minute
TEMPORAL_SILENCE = 5.0  #: seconds without an answer
#: Seconds in which workers come (back), after this one began to look and after Temporal was away. The SDK asks again
#: after at most 10 s and a fifth of them, and sends heartbeats in its rhythm; the rest is for a busy machine.
SETTLING = 20.0
SEEN_LATE = 1.5  #: seconds after an answer for which what it told is what is; then time alone makes nobody gone
WORKFLOWS, STEPS = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
EVERY = 1.0  #: seconds between two looks
#: A server that lists no workers, or none to us.
NOT_FOR_US = (RPCStatusCode.UNIMPLEMENTED, RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.INVALID_ARGUMENT)


class Part(StrEnum):
    """What an installation needs beside its pages."""

    DATABASE = "database"
    TEMPORAL = "temporal"
    WORKER = "worker"
    DIAGNOSIS = "diagnosis"  #: whoever looks at executions that stand still
    RECONCILIATION = "reconciliation"  #: whoever compares the database with Temporal


@dataclass(frozen=True, kw_only=True, slots=True)
class Outage:
    """A part that is not there."""

    part: Part
    since: datetime  #: the last sign of it, by the clock of the database
    is_since_before: bool = False  #: it was not there when somebody began to look, and may be away for longer


@dataclass(frozen=True, kw_only=True, slots=True)
class Sign:
    """The latest sign of life of a worker."""

    worker: str
    mark: object  #: another one is a newer sign
    age: float  #: seconds, by clocks that may disagree
    lasts: float  #: seconds after which a worker that gave no newer one is gone
    is_farewell: bool = False
    build: str | None = None  #: of its code, where it says so


@dataclass(kw_only=True, slots=True)
class Sightings:
    """When signs were seen, by one clock that never jumps."""

    latest: float | None = None  #: of any worker
    _seen: dict[str, tuple[Sign, float]] = field(default_factory=dict)

    def note(self, signs: Iterable[Sign], now: float) -> None:
        self._seen = {sign.worker: (sign, self._seen_at(sign, now)) for sign in signs}
        self.latest = max([at for _, at in self._seen.values()], default=self.latest)

    def is_any_alive(self, now: float) -> bool:
        return bool(self.alive(now))

    def alive(self, now: float) -> frozenset[str]:
        return frozenset(worker for worker, (sign, at) in self._seen.items() if now - at < sign.lasts)

    def silent(self, now: float) -> frozenset[str]:
        """Those that should have given a sign by now."""
        return frozenset(self._seen) - self.alive(now)

    def builds(self, now: float) -> frozenset[str]:
        """Of those that take work; none as long as one of them does not say what it is."""
        alive = [sign.build for sign, at in self._seen.values() if now - at < sign.lasts and not sign.is_farewell]
        return frozenset(build for build in alive if build) if all(alive) else frozenset()

    def silent_since(self, worker: str, now: float) -> float | None:
        """When one gave its last sign that should have given another by now; None of one that was never seen."""
        if worker not in self._seen:
            return None
        sign, at = self._seen[worker]
        return None if now - at < sign.lasts else at

    def _seen_at(self, sign: Sign, now: float) -> float:
        """One that goes takes no work any more, however often it still says so."""
        if sign.worker not in self._seen:
            return now - max(sign.age, 0.0)
        before, at = self._seen[sign.worker]
        return at if before.mark == sign.mark or before.is_farewell else now


@dataclass(kw_only=True, slots=True)
class Watch:
    """Looks at one queue of one namespace."""

    temporal: Temporal
    task_queue: str
    of_steps: bool = False  #: whether those count that take steps, and not those that run workflows
    every: float = EVERY  #: seconds between two looks, by whoever looks; after a longer gap workers have to come back
    clock: Clock = field(default_factory=Clock)  #: by which it is told since when a part is away
    _sightings: Sightings = field(default_factory=Sightings)
    _begun_at: float = field(default_factory=monotonic)
    _answered_at: float = field(default_factory=monotonic)
    _settling_since: float = field(default_factory=monotonic)
    _is_cut: bool = False  #: a question was not answered since the last answer
    _missed: frozenset[str] = frozenset()  #: workers that were silent before Temporal was away
    _takes_heartbeats: bool | None = None  #: whether the server does; None: to be asked

    @property
    def workers(self) -> bool | None:
        """Whether one is there; None as long as nobody can tell. An empty list alone says nothing."""
        if self._is_silent:
            return None
        if self._sightings.is_any_alive(self._told_at):
            return True
        return None if self._is_settling else False

    @property
    def builds(self) -> frozenset[str]:
        """Of the workers that were seen alive, as of the last look; none where one of them does not say."""
        return self._sightings.builds(self._told_at)

    def silent_since(self, worker: str) -> datetime | None:
        """Since when a worker, by its key in Temporal's list, is missed; None as long as it is not."""
        at = self._sightings.silent_since(worker, self._told_at)
        if at is None or (self._is_settling and worker not in self._missed):
            return None
        return self.clock.at(at)

    @property
    def outages(self) -> tuple[Outage, ...]:
        """Of Temporal; or, as nobody else could tell, of the workers."""
        if self._is_silent:
            return (Outage(part=Part.TEMPORAL, since=self.clock.at(self._answered_at)),)
        if self.workers is not False:
            return ()
        latest = self._sightings.latest
        since = self._begun_at if latest is None else latest
        return (Outage(part=Part.WORKER, since=self.clock.at(since), is_since_before=latest is None),)

    @property
    def _is_silent(self) -> bool:
        return monotonic() - self._answered_at >= TEMPORAL_SILENCE

    @property
    def _is_settling(self) -> bool:
        return monotonic() - self._settling_since < SETTLING

    @property
    def _told_at(self) -> float:
        """The moment that signs are judged by: while Temporal says nothing, nobody can have given another one."""
        return min(monotonic(), self._answered_at + SEEN_LATE)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY)

    async def look(self) -> bool:
        """False: Temporal did not tell, and nothing more is known than before."""
        try:
            signs = await self._signs()
        except (TemporalUnavailable, TemporalRefused):
            self._takes_heartbeats = None
            self._is_cut = True
            return False
        self.hear(signs, monotonic())
        return True

    def know_of_return(self, at: float) -> None:
        """Temporal was away until then, by `monotonic`; between two looks, perhaps."""
        self._is_cut = self._is_cut or at > self._answered_at

    def hear(self, signs: Iterable[Sign], now: float) -> None:
        """What an answer told, by `monotonic`."""
        told, before = list(signs), self._answered_at
        was_away = self._is_cut or now - before >= max(TEMPORAL_SILENCE, 2 * self.every)
        if (was_away or self._is_forgotten(told)) and not self._lacked_workers:
            self._settling_since, self._missed = now, self._sightings.silent(before)
        self._is_cut, self._answered_at = False, now
        self._sightings.note(told, now)

    def _is_forgotten(self, told: Iterable[Sign]) -> bool:
        """Whoever dies stays listed for minutes: if all who lived are gone from the list, Temporal began it anew."""
        alive = self._sightings.alive(self._answered_at)
        return bool(alive) and alive.isdisjoint(sign.worker for sign in told)

    @property
    def _lacked_workers(self) -> bool:
        """When Temporal answered last: then none can come back, and what was known holds."""
        at = self._answered_at
        return at - self._settling_since >= SETTLING and not self._sightings.is_any_alive(at)

    async def _signs(self) -> list[Sign]:
        """Whoever sends heartbeats is judged by them alone; how long ago it polled says less."""
        heartbeats = await self._heartbeats()
        beating = {heartbeat.worker_identity for heartbeat in heartbeats}
        polling = await fleet.pollers(self.temporal, self.task_queue, STEPS if self.of_steps else WORKFLOWS)
        pollers = [poller for poller in polling if poller.identity not in beating]
        return [*map(_of_heartbeat, heartbeats), *map(_of_poller, pollers)]

    async def _heartbeats(self) -> list[WorkerHeartbeat]:
        try:
            if self._takes_heartbeats is None:
                self._takes_heartbeats = await self._ask_for_heartbeats()
            return await fleet.heartbeats(self.temporal, self.task_queue) if self._takes_heartbeats else []
        except (TemporalUnavailable, TemporalRefused) as error:
            cause = error.__cause__
            if not (isinstance(cause, RPCError) and cause.status in NOT_FOR_US):
                raise
            self._takes_heartbeats = False
            return []

    async def _ask_for_heartbeats(self) -> bool:
        client = self.temporal.client
        request = DescribeNamespaceRequest(namespace=client.namespace)
        described = await ask(client.workflow_service.describe_namespace(request), within=fleet.BUDGET)
        return bool(described.namespace_info.capabilities.worker_heartbeats)


def _of_heartbeat(heartbeat: WorkerHeartbeat) -> Sign:
    rhythm = heartbeat.elapsed_since_last_heartbeat.ToTimedelta().total_seconds()  # 0 in the first, which tells none
    return Sign(
        worker=heartbeat.worker_instance_key,
        mark=heartbeat.heartbeat_time.ToNanoseconds(),
        age=_age(heartbeat.heartbeat_time.ToDatetime(UTC)),
        lasts=max(LEAST_SILENCE, LATE * rhythm) if rhythm else POLLER_SILENCE,
        is_farewell=heartbeat.status != WorkerStatus.WORKER_STATUS_RUNNING,
        build=heartbeat.deployment_version.build_id or None,
    )


def _of_poller(poller: PollerInfo) -> Sign:
    polled_at = poller.last_access_time
    return Sign(
        worker=poller.identity,
        mark=polled_at.ToNanoseconds(),
        age=_age(polled_at.ToDatetime(UTC)),
        lasts=POLLER_SILENCE,
    )


def _age(at: datetime) -> float:
    return (datetime.now(UTC) - at).total_seconds()
