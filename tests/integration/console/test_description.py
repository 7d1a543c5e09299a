"""What the description of REST promises holds for thousands of requests made from it, fitting and unfitting ones."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from operations.statuses import Role
from workbench.consoles import Console, Servers, run_console
from workbench.servers import Databases

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
PER_OPERATION = 20  # of one role, besides those that are the same every time
FEWEST = {Role.OPERATOR: 1000, Role.SUPPORT: 1000, Role.VIEWER: 1000, None: 500}  # cases
SEED = 1
LONGEST = 480.0  # seconds


@pytest.fixture(scope="module")
async def spoilt_console(
    databases: Databases, temporal_address: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Console]:
    """One that nobody else looks at: all kinds of things are done in it."""
    url = await asyncio.to_thread(databases.create)
    servers = Servers(database_url=url, temporal_address=temporal_address, task_queue="test-description")
    async with run_console(servers, tmp_path_factory.mktemp("described")) as console:
        yield console
    await asyncio.to_thread(databases.drop, url)


@pytest.mark.long
@pytest.mark.timeout(LONGEST)
@pytest.mark.parametrize("role", FEWEST)
async def test_every_answer_is_as_described(spoilt_console: Console, tmp_path: Path, role: Role | None) -> None:
    description, report = tmp_path / "openapi.json", tmp_path / "report.json"
    async with spoilt_console.client(token=await spoilt_console.accounts.token()) as admin:
        await asyncio.to_thread(description.write_bytes, (await admin.get("/api/openapi.json")).content)
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIGURATION), "run", str(description)]
    command += ["--url", spoilt_console.address, "--continue-on-failure"]
    command += ["--max-examples", str(PER_OPERATION), "--seed", str(SEED)]
    command += ["--report", "json", "--report-json-path", str(report)]
    if role is not None:
        token = await spoilt_console.accounts.token(f"{role}@example.com", role)
        command += ["--header", f"Authorization: Bearer {token}"]

    process = await asyncio.create_subprocess_exec(*command, cwd=tmp_path, stdout=PIPE, stderr=STDOUT)
    output, _ = await process.communicate()

    sys.stdout.buffer.write(output)
    assert process.returncode == 0, output.decode()
    tried = json.loads(await asyncio.to_thread(report.read_text))
    assert tried["test_cases"]["generated"] >= FEWEST[role], tried["test_cases"]
