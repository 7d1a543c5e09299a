"""Who works, on which code: by REST, for a worker that lives and for one that was killed."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from operations.liveness import HEARTBEAT
from operations.tenant_kinds import PROVISIONING_V2
from workbench.consoles import Console, Servers, run_console
from workbench.processes import running, worker_process
from workbench.servers import Databases, eventually

MISSED = 20.0  # seconds until a worker that was killed is told to be silent; ten are promised
Answer = dict[str, Any]


@pytest.fixture
async def servers(databases: Databases, temporal_address: str, task_queue: str) -> Servers:
    url = await asyncio.to_thread(databases.create)
    return Servers(database_url=url, temporal_address=temporal_address, task_queue=task_queue)


async def workforce(console: Console, session: str) -> Answer:
    async with console.client(session=session) as client:
        answer = await client.get("/api/v1/workers")
    assert answer.status_code == 200
    found: Answer = answer.json()
    return found


def is_idle(workers: list[Answer]) -> bool:
    """Between two passes of the schedule, which take a slot like any other work."""
    return all(worker["activity_slots"]["used"] == 0 for worker in workers)


def has_told_its_rhythm(workers: list[Answer]) -> bool:
    """Its heartbeats say how long ago the one before was, from the third on; without that, it is missed much later."""
    return any(
        datetime.fromisoformat(worker["last_heartbeat_at"]) - datetime.fromisoformat(worker["since"]) > HEARTBEAT * 1.5
        for worker in workers
    )


@pytest.mark.long
async def test_a_worker_is_listed_with_its_build_and_one_that_was_killed_as_silent(
    servers: Servers, tmp_path: Path
) -> None:
    worker = worker_process(servers, tmp_path / "worker.log")
    async with run_console(servers, tmp_path) as console, running(worker):
        session = await console.accounts.session()

        async def look() -> Answer:
            return await workforce(console, session)

        def is_at_rest(now: Answer) -> bool:
            return bool(now["schedules"]) and has_told_its_rhythm(now["items"]) and is_idle(now["items"])

        alive = await eventually(look, is_at_rest)
        await worker.kill()
        killed = await eventually(look, lambda now: now["items"][0]["silent_since"] is not None, within=MISSED)

    (seen,) = alive["items"]
    assert seen["silent_since"] is None
    assert seen["queue"] == servers.task_queue
    assert seen["host"]
    assert seen["build"]
    assert seen["activity_slots"] == {"used": 0, "free": 40}
    assert {poller["work"] for poller in alive["pollers"]} == {"workflows", "activities"}
    assert PROVISIONING_V2 in [patch["patch"] for patch in alive["patches"]]
    assert alive["schedules"][0]["is_paused"] is False
    assert killed["items"][0]["silent_since"] > seen["since"]


async def test_without_a_login_nobody_is_told(console: Console) -> None:
    async with console.client() as client:
        answer = await client.get("/api/v1/workers")

    assert answer.status_code == 401
