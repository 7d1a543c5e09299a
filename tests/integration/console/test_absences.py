"""Workers and Temporal that are gone: every open page is told soon and since when, and of no restart."""

import asyncio
import re
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from temporalio.api.workflowservice.v1 import ListWorkersRequest
from temporalio.client import Client

from tests.integration.console.sockets import OpenedPage, Socket, open_page, open_socket, shake_hands
from tests.proxies import Proxy, proxy_to
from workbench.consoles import Console, Servers, run_console, run_worker
from workbench.servers import Databases, eventually

PROMISED = 10.0  #: seconds until the pages say so
#: Temporal by what its banner alone says: lists also name causes, to narrow by them.
NO_WORKER, NO_TEMPORAL = "No worker answers", "and delivered when it is back"
SINCE = re.compile(r'"since":"([^"]+)"')


@pytest.fixture
async def way_to_temporal(temporal_address: str) -> AsyncIterator[Proxy]:
    """The way that the console alone takes."""
    async with proxy_to(temporal_address) as proxy:
        yield proxy


@pytest.fixture
async def servers(databases: Databases, temporal_address: str) -> Servers:
    return Servers(database_url=databases.create(), temporal_address=temporal_address, task_queue="it's absent")


@pytest.fixture
async def lonely_console(servers: Servers, way_to_temporal: Proxy, logs: Path) -> AsyncIterator[Console]:
    from_here = Servers(
        database_url=servers.database_url,
        temporal_address=way_to_temporal.address,
        task_queue=servers.task_queue,
    )
    async with run_console(from_here, logs) as console:
        yield console


@pytest.fixture
async def client(lonely_console: Console) -> AsyncIterator[httpx.AsyncClient]:
    async with lonely_console.client(session=await lonely_console.accounts.session()) as opened:
        yield opened


async def until_worker(client: httpx.AsyncClient, *, is_there: bool) -> None:
    async def look() -> list[str]:
        degraded: list[str] = (await client.get("/readyz")).json()["degraded"]
        return degraded

    lacks = {"worker", "worker_unknown"}
    await eventually(look, lambda degraded: lacks.isdisjoint(degraded) == is_there)


async def until_beating(servers: Servers, workers: int) -> None:
    """So many workers have told their rhythm."""
    client = await Client.connect(servers.temporal_address)

    async def look() -> int:
        listed = await client.workflow_service.list_workers(ListWorkersRequest(namespace=client.namespace))
        ours = [each.worker_heartbeat for each in listed.workers_info]
        return sum(
            each.task_queue == servers.task_queue and bool(each.elapsed_since_last_heartbeat.ToNanoseconds())
            for each in ours
        )

    await eventually(look, lambda beating: beating == workers)


async def text_of(client: httpx.AsyncClient, path: str) -> str:
    return (await client.get(path, headers={"Accept": "text/html"})).text


async def killed(worker: Process) -> float:
    worker.send_signal(signal.SIGKILL)
    await worker.wait()
    return asyncio.get_running_loop().time()


async def told_in(socket: Socket, text: str, since: float) -> float:
    """Seconds from `since` until the page is told."""
    await socket.hears(text, within=PROMISED)
    return asyncio.get_running_loop().time() - since


@pytest.mark.long
async def test_workers_that_are_replaced_are_no_outage_and_the_last_one_gone_is(
    lonely_console: Console, client: httpx.AsyncClient, servers: Servers, logs: Path
) -> None:
    async with AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(run_worker(servers, logs)) for _ in range(2)]
        await until_worker(client, is_there=True)
        await until_beating(servers, 2)
        page = await open_page(client, "/tenants")
        cookie = client.headers["Cookie"].partition("=")[2]
        socket = await stack.enter_async_context(open_socket(lonely_console, page.client_id, session=cookie))
        assert await shake_hands(socket, page.client_id)

        begun = await killed(first)
        second.send_signal(signal.SIGTERM)
        third = await stack.enter_async_context(run_worker(servers, logs))
        with pytest.raises(TimeoutError):
            await socket.hears(NO_WORKER, within=PROMISED + 2 - (asyncio.get_running_loop().time() - begun))
        await until_beating(servers, 3)
        before = datetime.now(UTC)
        took = await told_in(socket, NO_WORKER, await killed(third))
        newcomer = await text_of(client, "/executions")
        await stack.enter_async_context(run_worker(servers, logs))
        await until_worker(client, is_there=True)

    assert took < PROMISED
    assert NO_WORKER in newcomer
    assert abs((datetime.fromisoformat(SINCE.findall(socket.received[-1])[0]) - before).total_seconds()) < PROMISED


async def test_temporal_that_answers_nothing_is_told_and_passes(
    lonely_console: Console, client: httpx.AsyncClient, way_to_temporal: Proxy
) -> None:
    page = await open_page(client, "/")
    cookie = client.headers["Cookie"].partition("=")[2]
    async with open_socket(lonely_console, page.client_id, session=cookie) as socket:
        assert await shake_hands(socket, page.client_id)

        way_to_temporal.freeze()
        try:
            took = await told_in(socket, NO_TEMPORAL, asyncio.get_running_loop().time())
            newcomer = await text_of(client, "/executions")
        finally:
            way_to_temporal.thaw()
        after = await eventually(lambda: text_of(client, "/executions"), lambda text: NO_TEMPORAL not in text)

    assert took < PROMISED
    assert NO_TEMPORAL in newcomer
    assert OpenedPage.read(after)
