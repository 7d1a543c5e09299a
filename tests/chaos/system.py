"""The whole product in processes of its own, with a breakable way from each part to each server."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from embedded import ports
from embedded.postgres import EmbeddedPostgres
from embedded.temporal import EmbeddedTemporal
from operations.statuses import Role
from operations.temporal import Temporal
from tests.chaos.proxy import FaultProxy, proxy_to
from tests.proxies import address_in
from workbench.consoles import Accounts, Servers
from workbench.processes import Module, Part, ServerProcess, running, worker_process
from workbench.servers import Databases

TASK_QUEUE = "chaos"
RECONCILE_INTERVAL = 5  # seconds
DEPROVISION_WAIT = 3.0  # seconds
STUCK_AFTER = 4  # seconds
OPERATOR = "operator@example.com"


@dataclass(frozen=True, kw_only=True, slots=True)
class System:
    """What is maltreated. `database_url` and `temporal` are the direct ways, which are never broken."""

    postgres: ServerProcess
    temporal_server: ServerProcess
    console: Module
    worker: Module
    beside: Module  #: another worker, which runs only while workers are replaced
    ways: dict[str, FaultProxy]
    console_url: str
    database_url: str
    temporal: Temporal
    token: str
    ended_by_themselves: list[str] = field(default_factory=list)

    @property
    def parts(self) -> dict[str, Part]:
        return {
            "PostgreSQL": self.postgres,
            "Temporal": self.temporal_server,
            "console": self.console,
            "worker": self.worker,
        }

    async def begin_again(self) -> None:
        """What a supervisor does: start whatever does not run. Who was not killed has no business to end."""
        for name, part in self.parts.items():
            if part.pid is None:
                self.ended_by_themselves.append(name)
                await begin(part)


async def begin(part: Part) -> None:
    """Start a part without waiting until it is ready: the next fault may hit it before."""
    if isinstance(part, Module):
        await part.begin()
    else:
        await part.start()


@asynccontextmanager
async def running_system(directory: Path) -> AsyncIterator[System]:
    """Everything up and ready; all of it ended afterwards, with its files left in `directory`."""
    postgres = EmbeddedPostgres(directory=directory / "postgresql", log=directory / "postgresql.log")
    temporal = EmbeddedTemporal(directory=directory / "temporal", log=directory / "temporal.log")
    servers = (ServerProcess(server=postgres), ServerProcess(server=temporal))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(*servers))
        databases = Databases(postgres.url)
        databases.make_template()
        url = databases.create()
        ways = {}
        for part in ("console", "worker"):
            ways[f"{part} to PostgreSQL"] = await stack.enter_async_context(proxy_to(address_in(url)))
            ways[f"{part} to Temporal"] = await stack.enter_async_context(proxy_to(temporal.address))
        console, console_url = _console(ways, url, directory)
        worker = worker_process(_servers(ways, "worker", url), directory / "worker.log")
        beside = worker_process(_servers(ways, "worker", url), directory / "worker-beside.log")
        for each in (worker, beside):
            each.variables = {**each.variables, **_patience()}
        accounts = await stack.enter_async_context(Accounts.at(url))
        token = await accounts.token(OPERATOR, Role.OPERATOR)
        await stack.enter_async_context(running(worker, console))
        yield System(
            postgres=servers[0],
            temporal_server=servers[1],
            console=console,
            worker=worker,
            beside=beside,
            ways=ways,
            console_url=console_url,
            database_url=url,
            temporal=await Temporal.at(temporal.address),
            token=token,
        )


def _servers(ways: dict[str, FaultProxy], part: str, url: str) -> Servers:
    return Servers(
        database_url=ways[f"{part} to PostgreSQL"].url(url),
        temporal_address=ways[f"{part} to Temporal"].address,
        task_queue=TASK_QUEUE,
    )


def _patience() -> dict[str, str]:
    """What takes minutes and days in production takes seconds here."""
    return {
        "TENANTRY_RECONCILE_INTERVAL": str(RECONCILE_INTERVAL),
        "TENANTRY_DEPROVISION_WAIT": str(DEPROVISION_WAIT),
        "TENANTRY_STUCK_AFTER": str(STUCK_AFTER),
    }


def _console(ways: dict[str, FaultProxy], url: str, directory: Path) -> tuple[Module, str]:
    port = ports.any_free()
    address = f"http://127.0.0.1:{port}"

    async def is_ready(_: str) -> bool:
        try:
            async with httpx.AsyncClient() as client:
                return (await client.get(f"{address}/readyz")).status_code == 200
        except httpx.TransportError:
            return False

    variables = (
        _servers(ways, "console", url).variables()
        | {
            "TENANTRY_PORT": str(port),
            "TENANTRY_PUBLIC_URL": f"http://localhost:{port}",
        }
        | _patience()
    )
    return Module(name="console", variables=variables, log=directory / "console.log", is_ready=is_ready), address
