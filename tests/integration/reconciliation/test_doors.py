"""Passes through REST and the command line, against a real console."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.reconciliation.runs import World
from workbench.consoles import ROOT, Console, Servers, run_console
from workbench.servers import environment, eventually, insisting


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
    await world.until_listed()
    await world.sql(  # old enough to be looked at, past the trigger that keeps the time
        "DO $$ BEGIN PERFORM set_config('session_replication_role', 'replica', true); "
        "UPDATE workflow_executions SET updated_at = now() - interval '1 minute'; END $$"
    )
    async with console.client(token=await console.accounts.token()) as api:
        answer = await eventually(
            lambda: api.post("/api/v1/reconciliations"),  # refused while the console's own first pass runs
            lambda answer: answer.status_code != 409,
        )
        made = answer.json()["reconciliation"]
        listed = (await api.get("/api/v1/reconciliations")).json()
        passes = [(await api.get(f"/api/v1/reconciliations/{each['id']}")).json() for each in listed["items"]]
        missing = await api.get(f"/api/v1/reconciliations/{started.id}")
        ready = await eventually(  # what was seen a moment ago is told for a second
            lambda: api.get("/readyz"), lambda answer: "reconciler" not in answer.json()["degraded"], within=10
        )
        metrics = (await api.get("/metrics")).text

    assert (answer.status_code, made["outcome"]) == (200, "completed")
    assert made["id"] in [each["id"] for each in listed["items"]]
    assert sum(each["healed"] for each in listed["items"]) == 1, "healed once, by whichever pass came first"
    assert listed["state"]["is_silent"] is False
    [finding] = [finding for each in passes for finding in each["findings"]]
    assert (finding["kind"], finding["done"]) == ("ended", "running → failed (terminated)")
    assert finding["temporal_said"]["reason"] == "by hand"
    assert missing.status_code == 404
    assert ready.status_code == 200
    assert "tenantry_reconciliation_age_seconds" in metrics
    assert 'tenantry_reconciliation_last_outcome{outcome="tripped"} 0.0' in metrics


async def test_a_finding_is_listed_settled_and_exported(console: Console, world: World) -> None:
    await world.sql("INSERT INTO tenants (slug, name, plan, registered_by) VALUES ('gap', 'Gap', 'starter', 'test')")
    await insisting(world.run_pass)  # the console's own first pass may be under way
    async with console.client(token=await console.accounts.token()) as api:
        [finding] = (await api.get("/api/v1/findings?standing=open&kind=tenant_without_execution")).json()["items"]
        unreasoned = await api.post(f"/api/v1/findings/{finding['id']}/ignore", json={"reason": ""})
        impossible = await api.post(f"/api/v1/findings/{finding['id']}/adopt", json={"reason": "mine"})
        provisioned = await api.post(f"/api/v1/findings/{finding['id']}/provision", json={"reason": "forgotten"})
        again = await api.post(f"/api/v1/findings/{finding['id']}/ignore", json={"reason": "forgotten"})
        file = (await api.get("/api/v1/exports/findings.csv?standing=settled")).text
        nonsense = await api.get("/api/v1/findings?standing=lying")

    assert (finding["tenant_slug"], finding["workflow_id"]) == ("gap", "tenant-provision-gap")
    assert [unreasoned.status_code, impossible.status_code, again.status_code, nonsense.status_code] == [
        422,
        409,
        409,
        422,
    ]
    assert provisioned.json()["finding"]["done"] == "Attempt 1 was started."
    assert (await world.row(provisioned.json()["execution_id"])).attempt == 1
    assert file.splitlines()[1].startswith("tenant_without_execution,settled,gap,tenant-provision-gap,provisioning,")


async def test_a_pass_is_run_from_the_command_line(servers: Servers) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from console.cli import main; main()", "reconcile", "--json", cwd=ROOT,
        env=environment(**servers.variables()), stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()

    assert process.returncode == 0
    assert json.loads(output)["reconciliation"]["outcome"] == "completed"
