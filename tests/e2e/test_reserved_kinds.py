"""A kind whose runs people cannot end: page, REST and command line refuse it alike."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.visits import Visits, go
from workbench.consoles import ROOT, Console, Servers, run_console
from workbench.servers import Databases, environment

SOURCE = """
from operations.kinds import Deed, Kind, Purpose, Step

EXPORT = Kind(
    stored_name="tenant_export",
    temporal_name="TenantExportWorkflow",
    title="Export",
    verb="export",
    purpose=Purpose.WORK,
    lane="export",
    workflow="reserved.workflows:TenantExportWorkflow",
    activities=(),
    steps=(Step(name="reserved_export", title="Export"),),
    completion="Completed; the export is stored.",
    deeds=frozenset({Deed.RETRY}),
)
"""
REFUSAL = "Export is of a kind that knows no {}."


@pytest.fixture
async def servers(databases: Databases, temporal_address: str, tmp_path: Path) -> Servers:
    """With a package that brings the kind, as pip leaves it."""
    described = tmp_path / "reserved-1.dist-info"
    described.mkdir()
    (tmp_path / "reserved.py").write_text(SOURCE)
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: reserved\nVersion: 1\n")
    (described / "entry_points.txt").write_text("[tenantry.workflows]\ntenant_export = reserved:EXPORT\n")
    return Servers(
        database_url=await asyncio.to_thread(databases.create),
        temporal_address=temporal_address,
        task_queue="reserved",
        more={"PYTHONPATH": str(tmp_path)},
    )


@pytest.fixture
async def reserved(servers: Servers, tmp_path: Path) -> AsyncIterator[Console]:
    async with run_console(servers, tmp_path) as console:
        yield console


async def begun(console: Console) -> str:
    """An open run of the kind; there is no worker."""
    slug = f"reserved-{uuid4().hex[:8]}"
    body = {"slug": slug, "name": "Reserved", "owner_email": f"ada@{slug}.example"}
    async with console.client(token=await console.accounts.token()) as api:
        await api.post("/api/v1/tenants", json=body)
        await console.accounts.execute(f"UPDATE tenants SET status = 'active' WHERE slug = '{slug}'")
        export = {"type": "tenant_export", "reason": "every night"}
        answer = await api.post(f"/api/v1/tenants/{slug}/executions", json=export)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["execution"]["id"])


@pytest.mark.long
async def test_what_a_kind_does_not_know_is_refused_at_every_door(
    browser: Browser, servers: Servers, reserved: Console
) -> None:
    id_ = await begun(reserved)

    async with reserved.client(token=await reserved.accounts.token()) as api:
        for deed in ("cancel", "terminate", "approve", "reject"):
            answer = await api.post(f"/api/v1/executions/{id_}/{deed}", json={"reason": "no more of it"})

            assert answer.status_code == 409, answer.text
            assert answer.json()["detail"] == f"{REFUSAL.format(deed)} Nothing was changed."

    for deed in ("cancel", "terminate"):
        code, said = await tenantry(servers, "executions", deed, id_, "--reason", "no more of it")

        assert code == 1
        assert REFUSAL.format(deed) in " ".join(said.split())

    async with Visits.of(browser, reserved.url) as visits:
        page = await visits.begin(session=await reserved.accounts.session())
        await go(page, f"/executions/{id_}")
        await page.get_by_role("button", name="More actions").click()

        for label in ("Cancel", "Terminate"):
            item = page.get_by_role("menuitem", name=label)
            await expect(item).to_be_disabled()
            await expect(item).to_contain_text(REFUSAL.format(label.lower()))


async def tenantry(servers: Servers, *words: str) -> tuple[int | None, str]:
    """Exit code and stderr."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from console.cli import main; main()", *words, cwd=ROOT,
        env=environment(**servers.variables()), stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    _, said = await process.communicate()
    return process.returncode, said.decode()
