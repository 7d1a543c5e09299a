"""The first seconds after Temporal is back: what nobody can tell yet is not called a lack of workers."""

import pytest
from temporalio.client import Client

from embedded.temporal import EmbeddedTemporal
from operations.bootstrap import Services
from operations.database import Database
from operations.diagnosis.facts import Patience
from operations.diagnosis.watcher import Watcher
from operations.liveness import SETTLING, Watch
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
