"""Another company's package: its provisioning and its backup run, are seen, tried again, reconciled and replayed."""

import asyncio
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from playwright.async_api import Browser, Page, expect
from temporalio.client import Client

from tests.e2e.acme import EXAMPLE, Service, install
from tests.e2e.visits import Visits, go
from workbench.consoles import ROOT, Console, Servers, run_console, run_worker
from workbench.servers import Databases, environment, eventually

REPLAY = """
import asyncio, sys
from temporalio.client import WorkflowHistory
from tests.replay.histories import judged
history = WorkflowHistory.from_json("replayed", open(sys.argv[1], encoding="utf-8").read())
print(asyncio.run(judged(history)).problem)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Town:
    """An installation with the package of Acme."""

    console: Console
    service: Service
    client: Client
    variables: dict[str, str]

    @asynccontextmanager
    async def api(self) -> AsyncIterator[httpx.AsyncClient]:
        async with self.console.client(token=await self.console.accounts.token()) as client:
            yield client

    async def execution(self, id_: str) -> dict[str, Any]:
        async with self.api() as api:
            answer = (await api.get(f"/api/v1/executions/{id_}")).json()
            return {**answer, **answer["execution"]}

    async def ended(self, id_: str, within: float = 40) -> dict[str, Any]:
        async def look() -> dict[str, Any]:
            return await self.execution(id_)

        return await eventually(look, lambda seen: seen["completed_at"] is not None, within=within)

    async def register(self, slug: str) -> str:
        body = {"slug": slug, "name": slug.title(), "owner_email": f"ada@{slug}.example"}
        async with self.api() as api:
            answer = await api.post("/api/v1/tenants", json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["execution"]["id"])

    async def breaks(self, workflow_id: str, directory: Path) -> str:
        """What a replay says of a run's history, by the code of the package."""
        history = await self.client.get_workflow_handle(workflow_id).fetch_history()
        path = directory / f"{workflow_id}.json"
        path.write_text(history.to_json(), encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            REPLAY,
            str(path),
            cwd=ROOT,
            env=environment(**self.variables),
            stdout=PIPE,
            stderr=STDOUT,
        )
        said, _ = await process.communicate()
        return said.decode().splitlines()[-1]


pytestmark = pytest.mark.long  # a console and a worker of its own


@pytest.fixture(scope="module")
async def town(
    databases: Databases, temporal_address: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Town]:
    directory = tmp_path_factory.mktemp("acme")
    packages = await install(EXAMPLE, directory)
    async with Service().running() as service:
        more = {
            "PYTHONPATH": str(packages),
            "TENANTRY_PROVISIONING": "acme_provisioning",
            "ACME_SERVICE_URL": service.url,
            "TENANTRY_RECONCILE_GRACE": "0.1",
        }
        servers = Servers(
            database_url=databases.create(), temporal_address=temporal_address, task_queue="acme", more=more
        )
        async with run_worker(servers, directory), run_console(servers, directory) as console:
            client = await Client.connect(temporal_address)
            yield Town(console=console, service=service, client=client, variables=more)


@pytest.fixture
async def page(browser: Browser, town: Town) -> AsyncIterator[Page]:
    async with Visits.of(browser, town.console.url) as visits:
        yield await visits.begin(session=await town.console.accounts.session())


async def test_a_registration_in_the_browser_goes_the_way_of_the_package(
    page: Page, town: Town, tmp_path: Path
) -> None:
    town.service.failures["/subdomains/initech"] = [503, 503]
    await go(page, "/tenants/new")
    await page.get_by_label("Slug").fill("initech")
    await page.get_by_label("Name", exact=True).fill("Initech")
    await page.get_by_label("Owner's e-mail").fill("bill@initech.example")
    await page.get_by_role("button", name="Register").click()
    await page.wait_for_url("**/executions/*")

    await expect(page.get_by_text("Acme provisioning, attempt 1")).to_be_visible()
    await expect(page.get_by_text("Point subdomain")).to_be_visible()
    await expect(page.get_by_text("Completed; the tenant is active under its subdomain.")).to_be_visible(timeout=40_000)

    run = await town.execution(page.url.rpartition("/")[2])
    steps = {step["name"]: step["attempts"] for step in run["steps"]}
    assert run["workflow_type"] == "acme_provisioning"
    assert run["workflow_id"] == "tenant-acmeprovision-initech"
    assert (run["steps_done"], run["steps_total"]) == (8, 8)
    assert steps["acme_reserve_subdomain"] == 3
    assert town.service.subdomains["initech"] == run["entity_id"]
    assert await town.breaks(str(run["workflow_id"]), tmp_path) == "None"


async def test_what_the_package_made_is_taken_back_and_a_new_attempt_makes_it_again(town: Town) -> None:
    slug = f"hooli-{uuid4().hex[:6]}"
    town.service.failures[f"/subdomains/{slug}/target"] = [409]
    first = await town.ended(await town.register(slug))
    assert (first["status"], first["close_reason"]) == ("failed", "error")
    assert "The service refused" in str(first["error_message"])
    assert slug not in town.service.subdomains

    async with town.api() as api:
        again = await api.post(f"/api/v1/executions/{first['id']}/retry", json={"reason": "the limit was raised"})
    second = await town.ended(again.json()["execution"]["id"])

    assert (second["status"], second["workflow_id"]) == ("completed", f"tenant-acmeprovision-{slug}--2")
    assert slug in town.service.subdomains


async def test_a_backup_is_started_from_the_page_of_a_tenant(page: Page, town: Town, tmp_path: Path) -> None:
    slug = f"umbrella-{uuid4().hex[:6]}"
    await town.ended(await town.register(slug))
    await go(page, f"/tenants/{slug}")

    await page.get_by_role("button", name="Start backup").click()
    await page.get_by_label("Reason").fill("before the move")
    await page.get_by_role("dialog").get_by_role("button", name="Start backup").click()
    await page.wait_for_url("**/executions/*")

    await expect(page.get_by_text("Completed; the backup is stored and was read back.")).to_be_visible(timeout=40_000)
    await expect(page.get_by_text("Store backup")).to_be_visible()
    assert b"accounts" in town.service.backups[slug]
    assert await town.breaks(f"tenant-backup-{slug}", tmp_path) == "None"


async def test_a_backup_that_was_ended_from_outside_is_reconciled_and_leaves_the_tenant_active(town: Town) -> None:
    slug = f"cyberdyne-{uuid4().hex[:6]}"
    await town.ended(await town.register(slug))
    town.service.failures[f"/backups/{slug}"] = [503] * 200
    async with town.api() as api:
        body = {"type": "tenant_backup", "reason": "every night"}
        begun = (await api.post(f"/api/v1/tenants/{slug}/executions", json=body)).json()["execution"]
        second = await api.post(f"/api/v1/tenants/{slug}/executions", json=body)
    assert second.status_code == 409, second.text
    await eventually(lambda: town.execution(begun["id"]), lambda seen: seen["cause"] == "step_retrying")

    await town.client.get_workflow_handle(begun["workflow_id"]).terminate("somebody else")

    async def reconciled() -> dict[str, Any]:
        """A pass that comes too early, before lists know of the end, sees nothing; one is refused beside another."""
        async with town.api() as api:
            await api.post("/api/v1/reconciliations")
        return await town.execution(begun["id"])

    ended = await eventually(reconciled, lambda seen: seen["completed_at"] is not None)
    assert (ended["status"], ended["close_reason"]) == ("failed", "terminated")
    async with town.api() as api:
        tenant = (await api.get(f"/api/v1/tenants/{slug}")).json()["tenant"]
    assert (tenant["status"], UUID(tenant["id"])) == ("active", UUID(str(ended["entity_id"])))
