"""Two thousand rows by a filter while parts fail and others act: each has one effect, and one result, which is true."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from psycopg.rows import tuple_row

from embedded import ports
from operations.queries.bulk_views import BulkRowView, BulkView
from operations.statuses import BulkResult, BulkState, RetryKind, Role, Status
from tests import factories
from tests.integration.bulk.many_runs import OTTO, Many
from tests.proxies import proxy_to
from workbench.consoles import Accounts, Servers
from workbench.processes import Module, running
from workbench.servers import eventually

FAILED, CLOSING = 1_900, 100  #: to get another attempt; open ones, that end before their turn
BY_OTHERS = 60  #: that somebody else retries meanwhile
RATE = 400  #: rows per second
WITHDRAWN = 20  #: of those, that are ended again
LONG = 150.0  # seconds, on a busy machine

Commands = Counter[tuple[UUID, bool]]  #: of each row, those of a bulk operation, and those of others


@dataclass(kw_only=True, slots=True)
class Watch:
    """What is seen of a bulk operation from outside, past whatever fails."""

    many: Many
    id: UUID
    seen: list[BulkView] = field(default_factory=list)

    async def look(self) -> BulkView:
        self.seen.append(await self.many.bulk(self.id))
        return self.seen[-1]

    async def until(self, settled: int) -> BulkView:
        return await eventually(self.look, lambda bulk: over(bulk) >= settled, within=LONG)

    async def stands(self) -> BulkView:
        """While Temporal is away: so much is on its way that nothing more is sent."""
        return await eventually(self.look, lambda bulk: bulk.sent >= 64, within=LONG)


def over(bulk: BulkView) -> int:
    return bulk.done + bulk.failed + bulk.skipped


@asynccontextmanager
async def killable_console(servers: Servers, log: Path) -> AsyncIterator[tuple[Module, str]]:
    port = ports.any_free()
    url = f"http://127.0.0.1:{port}"

    async def is_ready(_: str) -> bool:
        try:
            async with httpx.AsyncClient() as client:
                return (await client.get(f"{url}/readyz")).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    variables = {"TENANTRY_PORT": str(port), "TENANTRY_PUBLIC_URL": url, "TENANTRY_BULK_RATE": str(RATE)}
    console = Module(name="console", variables=servers.variables() | variables, log=log, is_ready=is_ready)
    async with running(console):
        yield console, url


@pytest.mark.long
@pytest.mark.alone
@pytest.mark.timeout(300)
async def test_each_of_two_thousand_rows_has_one_effect_and_one_true_result_whatever_fails_meanwhile(
    many: Many, database_url: str, temporal_address: str, task_queue: str, tmp_path: Path
) -> None:
    # The newest have their turn last.
    failed = await many.failed(FAILED)
    closing = await many.stuck_in_a_step(CLOSING)
    async with proxy_to(temporal_address) as way:
        servers = Servers(database_url=database_url, temporal_address=way.address, task_queue=task_queue)
        async with (
            killable_console(servers, tmp_path / "console.log") as (console, url),
            Accounts.at(database_url) as accounts,
        ):
            headers = {"Authorization": f"Bearer {await accounts.token('otto@example.com', Role.OPERATOR)}"}
            async with httpx.AsyncClient(base_url=f"{url}/api/v1", headers=headers, timeout=60) as client:
                body = {"action": "retry", "reason": "quota raised", "filter": {"status": "failed,running"}}
                answer = await client.post("/executions/bulk", json=body | {"count": FAILED + CLOSING})
            assert answer.status_code == httpx.codes.ACCEPTED, answer.text
            watch = Watch(many=many, id=UUID(answer.json()["bulk"]["id"]))
            async with asyncio.TaskGroup() as others:
                others.create_task(act_beside(many, Watch(many=many, id=watch.id)))

                await watch.until(300)
                await way.cut()
                standing = await watch.stands()
                await way.restore()
                await watch.until(900)
                await console.kill()
                killed = await watch.look()
                await console.start()
            bulk = await eventually(watch.look, lambda seen: seen.finished_at is not None, within=LONG)
            await eventually(many.queued, lambda number: number == 0)
    rows = await many.rows(watch.id)
    commands = await commands_of(many, rows)

    assert standing.left > 0
    assert killed.left > 0
    assert (bulk.total, bulk.left, bulk.sent, bulk.state) == (FAILED + CLOSING, 0, 0, BulkState.FINISHED)
    assert bulk.done + bulk.failed + bulk.skipped == FAILED + CLOSING == sum(bulk.results.values())
    assert [over(each) for each in watch.seen] == sorted(over(each) for each in watch.seen)
    assert [each.left for each in watch.seen] == sorted((each.left for each in watch.seen), reverse=True)
    assert {row.execution_id for row in rows} == {*failed, *closing}
    assert len(rows) == FAILED + CLOSING
    assert [id_ for id_ in failed if commands[id_, True] + commands[id_, False] != 1] == []
    assert untrue(rows, commands, await runs_of(many)) == {}


async def act_beside(many: Many, watch: Watch) -> None:
    """Others retry what has not had its turn, and end some of that again; open runs end by themselves."""
    await watch.until(100)
    rows = [row for row in await many.rows(watch.id) if row.result is BulkResult.LEFT]
    failed = [row.execution_id for row in rows if row.retry_kind is RetryKind.ATTEMPT]
    open_ = [row.execution_id for row in rows if row.retry_kind is RetryKind.STEP]
    for index, id_ in enumerate(failed[-BY_OTHERS:]):
        attempt = (await many.services.executions.retry(OTTO, id_, "the customer waits")).attempt
        if index < WITHDRAWN:
            await many.services.executions.terminate(OTTO, attempt, "not this one")
    for id_ in open_:
        await factories.set_status(many.connection, id_, Status.COMPLETED)


def untrue(rows: list[BulkRowView], commands: Commands, runs: Counter[UUID]) -> dict[UUID, str]:
    """Rows of which not exactly that is true which they say, by their commands and by Temporal."""
    complaints: dict[UUID, str] = {}
    for row in rows:
        mine, theirs = commands[row.execution_id, True], commands[row.execution_id, False]
        started = 0 if row.successor_id is None else runs[row.successor_id]
        told = (row.result, mine, started, theirs, row.why)
        match row.result:
            case BulkResult.SKIPPED:
                is_true = mine == 0 and started == 0 and bool(row.why) and (theirs == 1 or "completed" in str(row.why))
            case BulkResult.FAILED | BulkResult.WENT_ON:  # its command reached an end, and began nothing
                is_true = mine == 1 and started == 0 and bool(row.why)
            case _:
                is_true = (mine, started) == (1, 1)
        if not is_true:
            complaints[row.execution_id] = str(told)
    return complaints


async def commands_of(many: Many, rows: list[BulkRowView]) -> Commands:
    """How many retries each has had: of a bulk operation, and of others. A withdrawal of a retry is none."""
    counted: Commands = Counter()
    found = await many.connection.cursor(row_factory=tuple_row).execute(
        "SELECT coalesce(e.retry_of, e.id), c.bulk_id IS NOT NULL, count(*)"
        " FROM commands c JOIN workflow_executions e ON e.id = c.execution_id WHERE c.kind <> 'terminate'"
        " AND coalesce(e.retry_of, e.id) = ANY(%s) GROUP BY 1, 2",
        ([row.execution_id for row in rows],),
    )
    for id_, of_bulk, number in await found.fetchall():
        counted[id_, of_bulk] = number
    return counted


async def runs_of(many: Many) -> Counter[UUID]:
    """How many runs Temporal has of each execution; its list lags behind what it has started."""
    (wanted,) = await (
        await many.connection.execute("SELECT count(*) FROM workflow_executions WHERE attempt > 1 AND run_id <> ''")
    ).fetchone() or (0,)
    client, query = many.services.temporal.client, f"TaskQueue = '{many.task_queue}'"

    async def listed() -> list[str]:
        found = client.list_workflows(query, page_size=1_000)
        return [str(each.search_attributes["OperationUUID"][0]) async for each in found]

    seen: list[str] = await eventually(listed, lambda seen: len(seen) >= int(wanted))
    return Counter(map(UUID, seen))
