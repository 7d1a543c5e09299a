"""The services from a terminal: sentences for people, JSON for programs, one sentence and an exit code for a no."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import text

from embedded import environment as exported
from embedded import state
from operations.bootstrap import Services
from workbench.consoles import Servers
from workbench.servers import environment

ROOT = Path(__file__).parents[3]


@pytest.fixture
def servers(database_url: str, temporal_address: str, task_queue: str) -> Servers:
    return Servers(database_url=database_url, temporal_address=temporal_address, task_queue=task_queue)


async def tenantry(servers: Servers | Mapping[str, str], *words: str) -> tuple[int | None, str, str]:
    """Exit code, stdout and stderr."""
    variables = servers.variables() if isinstance(servers, Servers) else servers
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from console.cli import main; main()", *words, cwd=ROOT,
        env=environment(**variables), stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    stdout, stderr = await process.communicate()
    return process.returncode, stdout.decode(), stderr.decode()


async def test_a_run_is_registered_cancelled_and_retried_by_a_program(servers: Servers, services: Services) -> None:
    words = ("tenants", "register", "acme", "--name", "Acme", "--owner-email", "ada@acme.example", "--json")
    tenant = json.loads((await tenantry(servers, *words))[1])

    _, cancelled, _ = await tenantry(
        servers, "executions", "cancel", tenant["execution_id"], "--reason", "wrong plan", "--json"
    )
    await services.deliverer.deliver_due()
    _, shown, _ = await tenantry(servers, "executions", "show", tenant["execution_id"])
    retry_it = ("executions", "retry", tenant["execution_id"], "--reason", "right plan")
    code, _, refused = await tenantry(servers, *retry_it, "--kind", "replace")
    _, retried, _ = await tenantry(servers, *retry_it, "--kind", "attempt", "--json")

    assert "retry: attempt. Starts attempt 2 from the beginning" in shown
    assert (code, "Retry would do something else by now" in refused) == (1, True)
    command, retry = json.loads(cancelled)["command"], json.loads(retried)
    assert (command["kind"], command["reason"], command["execution_id"]) == (
        "cancel",
        "wrong plan",
        tenant["execution_id"],
    )
    assert (retry["kind"], retry["execution"]["attempt"], retry["execution"]["retry_of"]) == (
        "attempt",
        2,
        tenant["execution_id"],
    )


async def test_what_is_not_possible_is_one_sentence_and_changes_nothing(servers: Servers) -> None:
    words = ("tenants", "register", "acme", "--name", "Acme", "--owner-email", "ada@acme.example", "--json")
    tenant = json.loads((await tenantry(servers, *words))[1])

    answers = [
        await tenantry(servers, "executions", action, tenant["execution_id"], "--reason", "because", "--json")
        for action in ("retry", "approve")
    ]

    for code, stdout, stderr in answers:
        assert (code, stdout) == (1, "")
        assert len(stderr.splitlines()) == 1, stderr
    _, shown, _ = await tenantry(servers, "executions", "show", tenant["execution_id"], "--json")
    assert json.loads(shown)["execution"]["status"] == "pending"


async def test_beside_an_up_its_servers_are_used_whatever_else_the_shell_says(
    servers: Servers, services: Services, tmp_path: Path
) -> None:
    (tmp_path / "environment").write_text(exported.exports(servers.variables()))
    state.of_this_process(url="http://localhost:1", environment_file=tmp_path / "environment", processes=()).write(
        tmp_path / "state.json"
    )
    shell = {
        "TENANTRY_DATABASE_URL": " ",
        "TENANTRY_TASK_QUEUE": "elsewhere",
        "TEMPORAL_PROFILE": "production",
        "TENANTRY_DATA_DIR": str(tmp_path),
    }

    words = ("tenants", "register", "acme", "--name", "Acme", "--owner-email", "ada@acme.example", "--json")
    code, _, stderr = await tenantry(shell, *words)

    assert (code, stderr) == (0, "")
    async with services.database.reading() as connection:
        queues = (await connection.scalars(text("SELECT task_queue FROM workflow_executions"))).all()
    assert list(queues) == [servers.task_queue]
