"""Passes through REST and the command line, against a real console."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from operations.statuses import Role
from tests.consoles import ROOT, Console, Servers, run_console
from tests.integration.reconciliation.runs import World
from tests.servers import environment


@pytest.fixture
def servers(database_url: str, temporal_address: str, task_queue: str) -> Servers:
    return Servers(database_url=database_url, temporal_address=temporal_address, task_queue=task_queue)


@pytest.fixture
async def console(servers: Servers, tmp_path: Path) -> AsyncIterator[Console]:
    async with run_console(servers, tmp_path) as running:
        yield running


async def test_a_pass_is_run_and_read_through_rest(console: Console, world: World) -> None:
    started = await world.start()
    await started.handle.terminate(reason="by hand")
    await world.sql(  # old enough to be looked at, past the trigger that keeps the time
        "DO $$ BEGIN PERFORM set_config('session_replication_role', 'replica', true); "
        "UPDATE workflow_executions SET updated_at = now() - interval '1 minute'; END $$"
    )
    async with console.client(token=await console.accounts.token()) as api:
        answer = await api.post("/api/v1/reconciliations")
        made = answer.json()["reconciliation"]
        listed = (await api.get("/api/v1/reconciliations")).json()
        shown = (await api.get(f"/api/v1/reconciliations/{made['id']}")).json()
        missing = await api.get(f"/api/v1/reconciliations/{started.id}")
        ready = (await api.get("/readyz")).json()
        metrics = (await api.get("/metrics")).text

    assert (answer.status_code, made["outcome"], made["healed"]) == (200, "completed", 1)
    assert [each["id"] for each in listed["items"]] == [made["id"]]
    assert listed["state"]["is_silent"] is False
    [finding] = shown["findings"]
    assert (finding["kind"], finding["done"]) == ("ended", "running → failed (terminated)")
    assert finding["temporal_said"]["reason"] == "by hand"
    assert missing.status_code == 404
    assert "reconciler" not in ready["degraded"]
    assert "tenantry_reconciliation_age_seconds" in metrics


async def test_who_may_not_run_a_pass_is_refused(console: Console) -> None:
    token = await console.accounts.token("sue@example.com", Role.SUPPORT)
    async with console.client(token=token) as api, httpx.AsyncClient(base_url=console.address) as stranger:
        assert (await api.post("/api/v1/reconciliations")).status_code == 403
        assert (await api.get("/api/v1/reconciliations")).status_code == 200
        assert (await api.post("/api/v1/reconciliations", json={"force": True})).status_code == 422
        assert (await stranger.get("/api/v1/reconciliations")).status_code == 401


async def test_a_pass_is_run_from_the_command_line(servers: Servers) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from console.cli import main; main()", "reconcile", "--json", cwd=ROOT,
        env=environment(**servers.variables()), stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()

    assert process.returncode == 0
    assert json.loads(output)["reconciliation"]["outcome"] == "completed"
