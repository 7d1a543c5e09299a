"""The first seconds after Temporal is back: nobody is called gone, and what was held up goes on at once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from time import monotonic
from uuid import UUID

import pytest
from temporalio.client import Client, WorkflowExecutionDescription

from embedded.temporal import EmbeddedTemporal
from operations.bootstrap import Services
from operations.database import Database
from operations.diagnosis.facts import Patience
from operations.diagnosis.watcher import INTERVAL, Watcher
from operations.liveness import SETTLING, Watch
from operations.queries.execution_views import ExecutionView
from operations.statuses import Status
from operations.temporal import Temporal
from tests.conftest import SECRET_KEY
from tests.integration.diagnosis.still_runs import Stage, working
from tests.proxies import Proxy, proxy_to
from workbench.processes import ServerProcess
from workbench.servers import beating, eventually


def address(part: ServerProcess) -> str:
    assert isinstance(part.server, EmbeddedTemporal)
    return part.server.address


@pytest.fixture
async def own_stage(own_temporal: ServerProcess, database: Database, task_queue: str) -> Stage:
    """On the Temporal that is maltreated."""
    temporal = await Temporal.at(address(own_temporal))
    services = Services.assemble(database, temporal, name="test", task_queue=task_queue, secret_key=SECRET_KEY)
    watcher = Watcher.of(database, temporal, name="test", patience=Patience())
    client = await Client.connect(address(own_temporal))
    return Stage(services=services, client=client, watcher=watcher, task_queue=task_queue)


async def begun_anew(part: ServerProcess, way: Proxy) -> None:
    """Temporal, on its old port and database, before any worker has asked again."""
    await way.cut()
    await part.kill()
    await part.start()


def has_looked_for_long(*watches: Watch) -> None:
    for watch in watches:
        watch._settling_since -= SETTLING


async def test_a_worker_that_lives_is_never_called_gone_when_temporal_has_begun_anew(
    own_stage: Stage, own_temporal: ServerProcess
) -> None:
    watch = Watch(temporal=own_stage.services.temporal, task_queue=own_stage.task_queue)
    said: list[bool | None] = []

    async def look() -> bool | None:
        await watch.look()
        said.append(watch.workers)
        return watch.workers

    async with proxy_to(address(own_temporal)) as way:
        client = await Client.connect(way.address, runtime=beating())
        async with working(own_stage, client=client):
            id_, _ = await own_stage.start("failing")
            await eventually(look, bool)
            before = await eventually(lambda: own_stage.named(id_), lambda row: row.cause == "step_retrying")
            has_looked_for_long(watch, *own_stage.watcher.looker._queues._watches.values())

            await begun_anew(own_temporal, way)
            said.clear()
            for _ in range(3):
                await look()
            after = await own_stage.named(id_)
            outages = watch.outages
            await way.restore()
            await eventually(look, bool)

    assert False not in said
    assert said[0] is None
    assert outages == ()
    assert (before.cause, after.cause) == ("step_retrying", "step_retrying")


@asynccontextmanager
async def doing(*work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def queued_start(stage: Stage, *, error: str, is_unanswered: bool) -> UUID:
    """One whose next try is far away."""
    id_ = await stage.add_row(status=Status.PENDING, idle=0)
    await stage.sql(QUEUED_START, id_, error, is_unanswered)
    return id_


def has_failed(run: WorkflowExecutionDescription) -> bool:
    return any(each.HasField("last_failure") for each in run.raw_description.pending_activities)


async def seconds_until(stage: Stage, id_: UUID, is_so: Callable[[ExecutionView], bool]) -> float:
    began = monotonic()
    await eventually(lambda: stage.seen(id_), is_so)
    return monotonic() - began


@pytest.mark.long
@pytest.mark.timeout(120)
@pytest.mark.parametrize("fault", ["frozen", "killed"])
async def test_soon_after_temporal_answers_again_rows_are_healed_and_what_it_did_not_take_is_started(
    own_stage: Stage, own_temporal: ServerProcess, fault: str
) -> None:
    """Sooner than the watcher's next round, and than the next try of a start that was tried again and again."""
    services, lookout = own_stage.services, own_stage.services.lookout
    async with working(own_stage):
        still, handle = await own_stage.start("failing")
        await eventually(handle.describe, has_failed)
    async with doing(lookout.watcher.run(), lookout.returns.run(), services.deliverer.run()):
        await eventually(lambda: own_stage.seen(still), lambda row: row.cause == "step_retrying")
        await (own_temporal.freeze() if fault == "frozen" else own_temporal.kill())
        unanswered = await queued_start(own_stage, error="Temporal did not answer.", is_unanswered=True)
        otherwise = await queued_start(own_stage, error="It waits for something else.", is_unanswered=False)
        await eventually(lambda: own_stage.seen(still), lambda row: row.cause == "temporal_unreachable")

        await (own_temporal.thaw() if fault == "frozen" else own_temporal.start())
        await eventually(services.temporal.answers, bool)
        healed, started = await asyncio.gather(
            seconds_until(own_stage, still, lambda row: row.cause == "step_retrying"),
            seconds_until(own_stage, unanswered, lambda row: row.status is not Status.PENDING),
        )
        left = await own_stage.seen(otherwise)

    print("seconds until healed, until started:", round(healed, 1), round(started, 1))  # noqa: T201 - for who asks
    assert max(healed, started) < INTERVAL / 2
    assert left.status is Status.PENDING


QUEUED_START = """
    INSERT INTO commands (kind, execution_id, requested_by, tries, error, is_unanswered, due_at)
    VALUES ('start', %s, 'test', 7, %s, %s, clock_timestamp() + interval '1 hour')
"""
