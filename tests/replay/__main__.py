"""`python -m tests.replay NAME…`: record histories by the code as it is; without a name, list what can be recorded."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from temporalio.client import Client

from embedded.postgres import EmbeddedPostgres
from embedded.temporal import EmbeddedTemporal
from operations import contracts
from operations.bootstrap import Services
from operations.database import Database
from operations.temporal import Temporal
from tests.integration.durability.gates import Gates
from tests.replay import histories
from tests.replay.scenarios import SCENARIOS, Stage
from workbench.servers import Databases, beating, eventually, passable_directory
from workers.main import build

QUEUE = "tenantry"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.replay", description="Record histories for the tests.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"all, or some of: {', '.join(SCENARIOS)}")
    names: list[str] = parser.parse_args().names
    wanted = list(SCENARIOS) if names == ["all"] else names
    if not wanted or (unknown := set(wanted) - set(SCENARIOS)):
        parser.error(f"choose of: all, {', '.join(SCENARIOS)}" if not wanted else f"no such scenario: {unknown}")
    asyncio.run(record(wanted))
    return 0


async def record(names: Sequence[str]) -> None:
    async with _stage() as stage:
        for name in names:
            path = histories.write(name, await SCENARIOS[name](stage))
            sys.stdout.write(f"recorded {path.relative_to(histories.DIRECTORY.parents[2])}\n")


@asynccontextmanager
async def _stage() -> AsyncIterator[Stage]:
    """The product on new servers; whoever takes part calls himself `histories.RECORDER`."""
    async with AsyncExitStack() as stack:
        directory = stack.enter_context(passable_directory())
        postgres = await stack.enter_async_context(
            EmbeddedPostgres(directory=directory / "postgresql", settings={"fsync": "off"})
        )
        server = await stack.enter_async_context(EmbeddedTemporal(directory=directory / "temporal"))
        databases = Databases(postgres.url)
        await asyncio.to_thread(databases.make_template)
        database = Database.at(await asyncio.to_thread(databases.create), name="recorder")
        stack.push_async_callback(database.close)
        client = await Client.connect(server.address, identity=histories.RECORDER, runtime=beating())
        services = Services.assemble(
            database, Temporal(client=client), name="recorder", task_queue=QUEUE, secret_key="not used here"
        )
        await stack.enter_async_context(build(services, client, QUEUE))
        fleet = services.deliverer.fleet
        await eventually(lambda: fleet.all_know(QUEUE, contracts.TRACKING_2), bool)  # else runs begin in the old way
        delivering = asyncio.ensure_future(services.deliverer.run())
        stack.push_async_callback(_cancelled, delivering)
        yield Stage(services=services, gates=await stack.enter_async_context(Gates.at(database.dsn)))


async def _cancelled(task: "asyncio.Future[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    sys.exit(main())
