"""What an installation needs of PostgreSQL's connections is known, kept to, and enough for any number of customers."""

import asyncio
import re
from collections import Counter
from pathlib import Path

import httpx
import pytest
from psycopg import AsyncConnection

from embedded.postgres import EmbeddedPostgres
from operations import bootstrap
from workbench.consoles import ROOT, Console, Servers, run_console
from workbench.processes import running, worker_process
from workbench.servers import Databases, eventually, passable_directory
from workers.activities import sessions

CONNECTIONS = 30
AT_ONCE = 200
OPEN = 80  # of them: the console gives up requests that have not arrived when one address has a hundred of those
COMPLETED = "SELECT count(*) FROM workflow_executions WHERE status = 'completed'"
USED = """
    SELECT CASE WHEN application_name ~ 'worker|steps|statuses' THEN 'worker' ELSE 'console' END, count(*)
    FROM pg_stat_activity
    WHERE application_name ~ '^tenantry' AND application_name !~ 'test|embedded' AND datname = current_database()
    GROUP BY 1
"""


def documented() -> dict[str, int]:
    """The table of docs/deploying.md."""
    lines = re.findall(r"^\| ([a-z ]+) \| (\d+) \|", (ROOT / "docs" / "deploying.md").read_text(), re.MULTILINE)
    return {name: int(number) for name, number in lines}


def test_the_documented_numbers_are_those_of_the_pools() -> None:
    feed, upkeep, bookkeeping, look_at_sessions = 1, 2, 2, 1

    assert documented() == {
        "console": bootstrap.POOLS["console"] + feed + upkeep,
        "worker": sessions.CONNECTIONS + bootstrap.POOLS["worker"] + bookkeeping,
        "command line": bootstrap.FEW,
        "migrate": 1 + look_at_sessions,
    }


async def register(client: httpx.AsyncClient, number: int) -> int:
    wanted = {"slug": f"many-{number}", "name": "Many", "owner_email": f"owner-{number}@example.com"}
    return (await client.post("/api/v1/tenants", json=wanted)).status_code


async def look(console: Console, token: str, beside: AsyncConnection, peak: Counter[str]) -> int:
    """How many have completed, seen while the console is used; notes the most connections that were open."""
    async with console.client(token=token) as client:
        answer = await client.get("/api/v1/executions", params={"limit": 50})
    assert answer.status_code == 200, answer.text
    peak |= Counter(dict(await (await beside.execute(USED)).fetchall()))
    row = await (await beside.execute(COMPLETED)).fetchone()
    return 0 if row is None else int(row[0])


@pytest.mark.long
@pytest.mark.timeout(240)
async def test_two_hundred_registrations_at_once_are_provisioned_with_few_connections(
    temporal_address: str, task_queue: str, tmp_path: Path
) -> None:
    settings = {"fsync": "off", "max_connections": str(CONNECTIONS)}
    peak: Counter[str] = Counter()
    with passable_directory() as directory:
        async with EmbeddedPostgres(directory=directory, settings=settings) as postgres:
            databases = Databases(postgres.url)
            await asyncio.to_thread(databases.make_template)
            url = await asyncio.to_thread(databases.create)
            servers = Servers(database_url=url, temporal_address=temporal_address, task_queue=task_queue)
            async with (
                running(worker_process(servers, tmp_path / "worker.log")),
                run_console(servers, tmp_path) as console,
                await AsyncConnection.connect(url, autocommit=True, application_name="test") as beside,
            ):
                token = await console.accounts.token()
                await console.accounts.database.close()  # its connections are for the product
                async with httpx.AsyncClient(
                    base_url=console.address,
                    headers={"Authorization": f"Bearer {token}"},
                    timeout=httpx.Timeout(20, pool=60),
                    limits=httpx.Limits(max_connections=OPEN),
                ) as client:
                    registering = asyncio.gather(*(register(client, number) for number in range(AT_ONCE)))
                    while not registering.done():
                        await look(console, token, beside, peak)
                    assert Counter(await registering) == {202: AT_ONCE}
                    completed = await eventually(
                        lambda: look(console, token, beside, peak), lambda count: count == AT_ONCE, within=180
                    )

    assert completed == AT_ONCE
    assert {name: number for name, number in peak.items() if number > documented()[name]} == {}
