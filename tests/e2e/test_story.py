"""The story of a first evening: from nothing to an active tenant, through an end and a crash, with nothing lost."""

import asyncio
import shlex
import signal
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from uuid import UUID

import psycopg
import pytest
from playwright.async_api import Browser, Page, expect
from temporalio.client import Client, WorkflowExecutionStatus

from embedded import ports
from operations.temporal import OPERATION_UUID
from tests.e2e.visits import Visits, go, settled
from tests.integration.embedded.running import ROOT, Supervisors, is_gone, mentioning, passable_directory
from workbench.servers import eventually

TENANTRY = (sys.executable, "-c", "from console.cli import main; main()")
AGAIN = 20.0  # seconds in which a later start is ready: twice what is promised, for machines that do other work too
TABLES = {"accounts", "documents", "projects", "schema_migrations", "settings"}
STEPS = (
    "Load tenant",
    "Create schema",
    "Migrate schema",
    "Verify schema",
    "Add owner",
    "Seed defaults",
    "Activate tenant",
)


@pytest.fixture
async def supervisors() -> AsyncIterator[Supervisors]:
    with passable_directory() as directory:
        async with Supervisors(directory=directory) as started:
            yield started


@pytest.mark.long
@pytest.mark.timeout(180)
async def test_from_nothing_to_an_active_tenant_and_through_a_crash(
    supervisors: Supervisors, browser: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    port = ports.any_free()
    up = (*TENANTRY, "up", "--data-dir", str(supervisors.directory), "--port", str(port))
    address = f"http://localhost:{port}"

    began = time.monotonic()
    first = await supervisors.run(*up)
    assert (await first.says("Open")).split() == ["Open", address]
    email = (await first.says("Log in as")).split()[-1]
    password = (await first.says("Password")).split()[1]
    took = [time.monotonic() - began]

    async with Visits.of(browser, address) as visits:
        page = await visits.begin()
        await page.goto("/")
        await log_in(page, email, password)
        execution_id = await register_acme(page)
        await expect(page.locator(".page-header .badge").first).to_have_text("Completed", timeout=30_000)
        for step in STEPS:
            await expect(page.locator(".card", has_text="Steps").get_by_text(step, exact=True)).to_be_visible()
        await is_provisioned(supervisors, execution_id)
        await page.get_by_role("button", name="Account of").click()
        await page.get_by_role("button", name="Log out").click()
        await page.wait_for_url("**/login")

        processes = [first.process.pid, *(process.pid for process in first.state.processes)]
        first.process.send_signal(signal.SIGINT)
        assert await first.exit_code() == 0
        assert all(pid is not None and is_gone(pid) for pid in processes)
        assert mentioning(supervisors.directory) == []

        began = time.monotonic()
        second = await supervisors.run(*up)
        await second.says("End with")
        took.append(time.monotonic() - began)
        assert "as before" in "\n".join(second.said)
        await log_in(page, email, password)
        await go(page, "/tenants")
        await shows_acme(page)
        await page.evaluate("window.beforeTheCrash = true")

        second.process.send_signal(signal.SIGKILL)
        await second.process.wait()
        began = time.monotonic()
        third = await supervisors.run(*up)
        await third.says("End with")
        took.append(time.monotonic() - began)
        await page.wait_for_function("window.beforeTheCrash === undefined")  # it came back by itself
        await settled(page)
        await shows_acme(page)
        visits.complaints.clear()  # of the tab, that it had lost its server
        await is_provisioned(supervisors, execution_id)
        await page.goto("about:blank")
        third.process.send_signal(signal.SIGINT)
        assert await third.exit_code() == 0

    with capsys.disabled():
        sys.stdout.write(
            f"\n`up` was ready after {took[0]:.1f} s, again {took[1]:.1f} s, after a crash {took[2]:.1f} s\n"
        )
    assert took[1] < AGAIN


async def log_in(page: Page, email: str, password: str) -> None:
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Log in").click()
    await settled(page)


async def register_acme(page: Page) -> str:
    """Return the id of the execution that the browser was led to."""
    await page.get_by_role("button", name="Register tenant").first.click()
    await page.get_by_label("Slug").fill("acme")
    await page.get_by_label("Name", exact=True).fill("Acme Inc.")
    await page.get_by_label("Owner's e-mail").fill("ada@acme.example")
    await page.get_by_role("button", name="Register", exact=True).click()
    await page.wait_for_url("**/executions/*")
    return page.url.rpartition("/")[2]


async def shows_acme(page: Page) -> None:
    row = page.locator("tr[data-id='acme']")
    await expect(row).to_contain_text("Acme Inc.")
    await expect(row.locator(".badge").first).to_have_text("Active")


async def is_provisioned(supervisors: Supervisors, execution_id: str) -> None:
    """Look past the console, with what `tenantry env` says."""
    variables = await attached(supervisors)
    async with await psycopg.AsyncConnection.connect(variables["TENANTRY_DATABASE_URL"]) as connection:
        tenant = await connection.execute("SELECT id, status, schema_name FROM tenants WHERE slug = 'acme'")
        rows = await tenant.fetchall()
        assert [(status, schema) for _, status, schema in rows] == [("active", f"tenant_{rows[0][0].hex}")]
        tables = await connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (rows[0][2],)
        )
        assert {name for (name,) in await tables.fetchall()} >= TABLES
        execution = await connection.execute(
            "SELECT id, workflow_id, status, steps_done FROM workflow_executions WHERE entity_id = %s", (rows[0][0],)
        )
        assert await execution.fetchall() == [(UUID(execution_id), "tenant-provision-acme", "completed", 7)]
    client = await Client.connect(variables["TEMPORAL_ADDRESS"], namespace=variables["TEMPORAL_NAMESPACE"])
    handle = client.get_workflow_handle("tenant-provision-acme")
    run = await eventually(handle.describe, lambda run: run.close_time is not None)  # a moment after its row
    assert run.status is WorkflowExecutionStatus.COMPLETED
    assert run.typed_search_attributes.get(OPERATION_UUID) == execution_id


async def attached(supervisors: Supervisors) -> dict[str, str]:
    process = await asyncio.create_subprocess_exec(
        *TENANTRY, "env", "--data-dir", str(supervisors.directory), cwd=ROOT, stdout=PIPE
    )
    exports, _ = await process.communicate()
    assert process.returncode == 0
    words = (shlex.split(line) for line in exports.decode().splitlines())
    return dict(assignment.split("=", 1) for _, assignment in words)
