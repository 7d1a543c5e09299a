"""While the watcher is silent, nothing that machines and people read tells the past of what is open."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from psycopg import AsyncConnection

from operations.statuses import Status
from tests import factories
from workbench.consoles import Console, Servers, run_console
from workbench.servers import Databases, eventually

SILENT = """
    UPDATE diagnosis_state SET holder = 'frozen', lease_expires_at = 'infinity', finished_at = now() - interval '5 min'
"""
STUCK = "UPDATE workflow_executions SET health = 'stuck', cause = 'step_retrying', health_since = now() WHERE id = %s"
RUNNING, ENDED = {"status": "running"}, {"status": "completed"}


@pytest.fixture
async def console(databases: Databases, temporal_address: str, logs: Path) -> AsyncIterator[Console]:
    servers = Servers(database_url=databases.create(), temporal_address=temporal_address, task_queue="unwatched")
    async with run_console(servers, logs) as started:
        yield started


async def test_what_is_open_is_unknown_in_rows_numbers_groups_and_filters(console: Console) -> None:
    stuck, well, ended = await rows(console)
    async with console.client(token=await console.accounts.token()) as api:
        ready = await eventually(
            lambda: api.get("/readyz"), lambda answer: "diagnosis" in answer.json()["degraded"], within=30
        )
        listed = {
            each: await listed_as(api, health=each)
            for each in ("unknown", "stuck", "slow", "ok", "ok,unknown", "drift")
        }
        running = {each: await listed_as(api, health=each, **RUNNING) for each in ("unknown", "stuck", "ok")}
        over = {each: await listed_as(api, health=each, **ENDED) for each in ("unknown", "ok")}
        stats = (await api.get("/api/v1/stats")).json()["healths"]
        groups = (await api.get("/api/v1/groups")).json()["items"]

    assert ready.status_code == 200
    unknown, fine = {stuck: "unknown", well: "unknown"}, {ended: "ok"}
    assert listed == {
        "unknown": unknown,
        "stuck": {},
        "slow": {},
        "ok": fine,
        "ok,unknown": unknown | fine,
        "drift": {},
    }
    assert running == {"unknown": unknown, "stuck": {}, "ok": {}}
    assert over == {"unknown": {}, "ok": fine}
    assert [(each["health"], each["cause"], each["count"]) for each in stats] == [
        ("unknown", "step_retrying", 1),
        ("unknown", "unknown", 1),
    ]
    assert [(each["cause"], each["health"]) for each in groups] == [("step_retrying", "unknown")]


async def rows(console: Console) -> tuple[UUID, UUID, UUID]:
    """One that was stuck, one that was well, one that has ended; and nobody looks any more."""
    async with await AsyncConnection.connect(console.accounts.database.dsn) as connection:
        tenants = [await factories.add_tenant(connection) for _ in range(3)]
        stuck, well, ended = [
            await factories.add_execution(connection, status=Status.RUNNING, entity_id=each) for each in tenants
        ]
        await connection.execute(STUCK, (stuck,))
        await factories.set_status(connection, ended, Status.COMPLETED)
        await connection.execute(SILENT)
    return stuck, well, ended


async def listed_as(api: httpx.AsyncClient, **asked: str) -> dict[UUID, str]:
    """With the health that each row says, in every order."""
    answers = [(await api.get("/api/v1/executions", params=asked | {"sort": sort})).json() for sort in SORTS]
    newest, *others = [{UUID(row["id"]): row["health"] for row in answer["items"]} for answer in answers]
    assert all(other == newest for other in others)
    return newest


SORTS = ("-created_at", "attention", "tenant")
