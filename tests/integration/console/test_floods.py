"""What one client does to the console is not felt by another: whatever is poured in, a change is seen in time.

Prints a table: how much later the other user sees a change, and what the flood costs the console. How late a change may
be is a bar for a machine that does nothing else, so a line over it says so; here it has to come while the flood lasts.
"""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import monotonic

import httpx
import nicegui
import pytest
from _pytest.capture import CaptureManager
from psycopg import AsyncConnection

from console.bounds import TABS
from operations.statuses import Role
from tests.hostile import DeafSocket, connection_to, deaf_socket, send_body
from tests.integration.console.sockets import open_page
from workbench.consoles import Console, Servers, run_console
from workbench.servers import Databases

LASTING = 20.0  # seconds, in which one change follows the other
CALM = 5.0  # seconds before it, in which nothing is poured in
#: Seconds from commit to sight, for most and for nearly all: the bar of two hundred viewers.
USUAL, LATEST = 0.150, 0.500
STILL = 20.0  # seconds after which nobody would wait any longer
MOST_MEMORY = 250_000  # kB that a flood may add for as long as it goes on
MOST_LOGGED = 100_000  # bytes
ROWS = 10_000
FILL = """
    WITH made AS (
        INSERT INTO tenants (id, slug, name, plan, status, registered_by)
        SELECT gen_random_uuid(), 'filler-' || n, 'Filler ' || n, 'starter', 'active', 'test'
        FROM generate_series(1, %d) n RETURNING id, slug
    ) INSERT INTO workflow_executions
        (id, workflow_id, workflow_type, entity_type, entity_id, task_queue, input, requested_by, attempt)
    SELECT gen_random_uuid(), 'fill-' || slug, 'tenant_provisioning', 'tenant', id, 'nowhere', '{}', 'test', 1 FROM made
"""
WATCHED = """
    INSERT INTO tenants (id, slug, name, plan, status, registered_by)
    VALUES (gen_random_uuid(), 'watched', 'Watched', 'starter', 'active', 'test')
"""
CHANGE = "UPDATE tenants SET name = %s WHERE slug = 'watched'"
ENDS = {
    "log-out": None,
    "disabled": "UPDATE staff SET disabled_at = now() WHERE email = '{email}'",
    "lowered role": "UPDATE staff SET role = 'viewer' WHERE email = '{email}'",
}
Flood = Callable[[Console], Awaitable[None]]


@pytest.fixture(scope="module")
async def flooded(
    databases: Databases, temporal_address: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Console]:
    url = await asyncio.to_thread(databases.create)
    servers = Servers(database_url=url, temporal_address=temporal_address, task_queue="test-floods")
    async with run_console(servers, tmp_path_factory.mktemp("floods")) as console:
        await console.accounts.execute(FILL % ROWS)
        await console.accounts.execute(WATCHED)
        await console.accounts.execute("ANALYZE")
        yield console
    await asyncio.to_thread(databases.drop, url)


async def nothing(_: Console) -> None:
    """To compare with."""
    await asyncio.Event().wait()


async def tabs(console: Console) -> None:
    """A hundred and fifty of three people, each with a search of its own, that stay open."""
    async with AsyncExitStack() as held:
        for person in range(3):
            session = await console.accounts.session(f"tabs-{person}@example.com", Role.VIEWER)
            client = await held.enter_async_context(console.client(session=session))
            for number in range(TABS):
                page = await open_page(client, f"/executions?q=filler-{person}{number}")
                await held.enter_async_context(deaf_socket(console, page.client_id, session=session))
        await asyncio.Event().wait()


async def exports(console: Console) -> None:
    """Twelve people export all there is, again and again."""
    sessions = [await console.accounts.session(f"exports-{each}@example.com", Role.VIEWER) for each in range(12)]

    async def export(session: str) -> None:
        async with console.client(session=session) as client:
            while True:
                answer = await client.get("/api/v1/exports/executions.csv", timeout=120)
                assert answer.status_code == 200

    async with asyncio.TaskGroup() as group:
        for session in sessions:
            group.create_task(export(session))


async def half_sent_requests(console: Console) -> None:
    """Six hundred at a time, begun again as they are hung up on."""
    while True:
        async with AsyncExitStack() as held:
            for _ in range(600):
                with suppress(ConnectionError):
                    _, writer = await held.enter_async_context(connection_to(console))
                    writer.write(b"GET /executions HTTP/1.1\r\nHost: loc")
            await asyncio.sleep(1)


async def strange_addresses(console: Console) -> None:
    """Sixty-five a second, of nobody, where NiceGUI would make a page of each."""
    begun, number = monotonic(), 0
    async with httpx.AsyncClient(base_url=console.address) as stranger, asyncio.TaskGroup() as group:
        while True:
            path = f"/_nicegui/{nicegui.__version__}/nothing-{number}"
            group.create_task(_refused(stranger.get(path, headers={"Accept": "text/html"}), 404))
            number += 1
            await asyncio.sleep(max(0.0, begun + number / 65 - monotonic()))


async def large_bodies(console: Console) -> None:
    """Four senders of 80 MB each, announced and in chunks."""
    parts = [b"[" * 65_536] * (80_000_000 // 65_536)
    session = await console.accounts.session("bodies@example.com", Role.OPERATOR)
    headers = {"Origin": console.url, "Cookie": f"{console.cookie}={session}"}

    async def send(more: dict[str, str]) -> None:
        while True:
            answer = await send_body(console, "POST", "/api/v1/tenants", headers | more, parts, within=60)
            assert answer.status == 413
            assert answer.sent < 20_000_000

    async with asyncio.TaskGroup() as group:
        for more in ({}, {}, {"Content-Length": "80000000"}, {"Content-Length": "80000000"}):
            group.create_task(send(more))


async def log_ins(console: Console) -> None:
    """Twenty at a time with wrong passwords."""

    async def guess(number: int) -> None:
        async with console.client() as client:
            while True:
                form = {"email": f"nobody-{number}@example.com", "password": "wrong"}
                answer = await client.post("/login", data=form, headers={"Origin": console.url}, timeout=60)
                assert answer.status_code in (401, 429, 503)

    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(guess(number))


FLOODS: dict[str, Flood] = {
    "nothing": nothing,
    "150 tabs of distinct searches": tabs,
    "12 exports at once": exports,
    "600 half-sent requests": half_sent_requests,
    "65 strange addresses a second": strange_addresses,
    "80 MB bodies": large_bodies,
    "log-ins": log_ins,
}


@dataclass(kw_only=True, slots=True)
class Table:
    """What is printed when all has been seen."""

    lines: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def table(pytestconfig: pytest.Config) -> Iterator[Table]:
    made = Table()
    yield made
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    assert isinstance(capture, CaptureManager)
    with capture.global_and_fixture_disabled():
        sys.stdout.write("\n" + "\n".join(made.lines) + "\n")


@pytest.mark.long
@pytest.mark.alone
@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", FLOODS)
async def test_another_user_sees_changes_in_time(flooded: Console, table: Table, name: str) -> None:
    async with _watching(flooded) as watcher:
        calm = median(await watcher.watches(f"{name}: before", CALM))
        memory, logged = Memory.of(flooded), flooded.log.stat().st_size
        flood = asyncio.ensure_future(FLOODS[name](flooded))

        delays = await watcher.watches(f"{name}: during", LASTING)

        is_on = not flood.done()
        flood.cancel()
        with suppress(asyncio.CancelledError):
            await flood
    peak, log = Memory.of(flooded).peak, flooded.log.stat().st_size - logged
    is_over = median(delays) > USUAL or late(delays) > LATEST
    table.lines.append(
        f"{name:32} calm {calm * 1000:4.0f} ms  p50 {median(delays) * 1000:4.0f} ms  p95 {late(delays) * 1000:4.0f} ms"
        f"  memory {memory.now // 1000} → {peak // 1000} MB  log {log // 1000} kB{'  OVER THE BAR' if is_over else ''}"
    )
    assert is_on
    assert peak - memory.now <= MOST_MEMORY
    assert log <= MOST_LOGGED


@pytest.mark.long
@pytest.mark.alone
@pytest.mark.parametrize("how", ENDS)
async def test_a_deaf_client_soon_hears_nothing(flooded: Console, table: Table, how: str) -> None:
    email = f"deaf-{how.replace(' ', '-')}@example.com"
    session, statement = await flooded.accounts.session(email, Role.OPERATOR), ENDS[how]
    async with flooded.client(session=session) as client:
        page = await open_page(client, "/tenants?q=watched")
        async with deaf_socket(flooded, page.client_id, session=session) as socket:
            if statement is None:
                await client.post("/logout")
            else:
                await flooded.accounts.execute(statement.format(email=email))
            since = monotonic()

            hung_up = await socket.until_hung_up(within=5)

    table.lines.append(f"silence after {how:18} {hung_up - since:5.2f} s")


def late(delays: list[float]) -> float:
    """Of twenty, nineteen came sooner."""
    return sorted(delays)[int(len(delays) * 0.95)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """Resident, in kB."""

    now: int
    peak: int

    @classmethod
    def of(cls, console: Console) -> "Memory":
        """Where it stands; the peak is counted anew from here on."""
        process = Path(f"/proc/{console.process.pid}")
        fields = dict(re.findall(r"^(\w+):\s*(\d+) kB$", (process / "status").read_text(), re.MULTILINE))
        (process / "clear_refs").write_text("5")
        return cls(now=int(fields["VmRSS"]), peak=int(fields["VmHWM"]))


@dataclass(frozen=True, kw_only=True, slots=True)
class Watcher:
    """Somebody else, who looks at a page, and somebody who changes what is on it."""

    socket: DeafSocket
    database: AsyncConnection

    async def watches(self, name: str, seconds: float) -> list[float]:
        """One change after the other."""
        until, delays = monotonic() + seconds, list[float]()
        while monotonic() < until:
            delays.append(await self.sees(f"{name} {len(delays)}"))
        return delays

    async def sees(self, name: str) -> float:
        """Seconds from the commit of a change until it is told."""
        await self.database.execute(CHANGE, (f"{name}.",))
        since = monotonic()
        heard = await self.socket.hears(f"{name}.", within=STILL)
        return heard.at - since


@asynccontextmanager
async def _watching(console: Console) -> AsyncIterator[Watcher]:
    session = await console.accounts.session("watcher@example.com", Role.VIEWER)
    async with console.client(session=session) as client:
        page = await open_page(client, "/tenants?q=watched")
        async with (
            await AsyncConnection.connect(console.accounts.database.dsn, autocommit=True) as database,
            deaf_socket(console, page.client_id, session=session) as socket,
        ):
            yield Watcher(socket=socket, database=database)


async def _refused(answer: Awaitable[httpx.Response], status: int) -> None:
    assert (await answer).status_code == status
