import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from embedded import patience, ports
from embedded.application import says_ok
from tests.integration.embedded.running import DEADLINE, ROOT, Supervisors, passable_directory

TENANTRY = (sys.executable, "-c", "from console.cli import main; main()")
NOTHING_SET = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}


@pytest.fixture
async def supervisors() -> AsyncIterator[Supervisors]:
    with passable_directory() as directory:
        async with Supervisors(directory=directory) as started:
            yield started


async def tenantry(*words: str, **environment: str) -> tuple[int | None, str, str]:
    """Return exit code, stdout and stderr."""
    process = await asyncio.create_subprocess_exec(
        *TENANTRY, *words, env=NOTHING_SET | environment, cwd=ROOT, stdout=PIPE, stderr=PIPE
    )
    stdout, stderr = await process.communicate()
    return process.returncode, stdout.decode(), stderr.decode()


async def test_where_nothing_runs_it_says_so(tmp_path: Path) -> None:
    words = ("--data-dir", str(tmp_path))

    answers = await asyncio.gather(tenantry("env", *words), tenantry("status", *words))

    for code, stdout, stderr in answers:
        assert (code, stdout) == (1, "")
        assert stderr == f"Nothing runs on the data directory {tmp_path}. Start it with `tenantry up`.\n"


async def test_what_runs_can_be_looked_at_and_attached_to(supervisors: Supervisors) -> None:
    supervisor = await supervisors.start()
    url = (await supervisor.says("open")).split()[1]
    directory = str(supervisors.directory)

    (_, table, _), (_, text, _), (_, exports, _) = await asyncio.gather(
        tenantry("status", "--data-dir", directory),
        tenantry("status", "--json", TENANTRY_DATA_DIR=directory),
        tenantry("env", "--data-dir", directory),
    )

    state = json.loads(text)
    assert table.splitlines()[0] == f"{url} (process {supervisor.process.pid})"
    assert [line.split()[0] for line in table.splitlines()[2:]] == ["worker", "console"]
    assert state["url"] == url
    assert state["pid"] == supervisor.process.pid
    assert set(state["processes"][0]) == {"name", "pid", "port", "healthy", "restarts"}
    assert "export TENANTRY_DATABASE_URL=postgresql://127.0.0.1/none\n" in exports
    assert "export TEMPORAL_ADDRESS=127.0.0.1:1\n" in exports
    assert "export PGHOST=127.0.0.1\n" in exports
    for name in ("TEMPORAL_NAMESPACE", "TENANTRY_TASK_QUEUE", "TENANTRY_SECRET_KEY", "TENANTRY_PUBLIC_URL"):
        assert f"export {name}=" in exports


@pytest.mark.parametrize("name", ["worker", "console"])
async def test_a_process_that_was_stopped_is_not_called_healthy(supervisors: Supervisors, name: str) -> None:
    supervisor = await supervisors.start()
    await supervisor.says("open")
    pid = supervisor.child(name).pid
    assert pid

    os.kill(pid, signal.SIGSTOP)
    try:
        assert await patience.until(lambda: not supervisor.child(name).healthy, within=DEADLINE)
        _, table, _ = await tenantry("status", "--data-dir", str(supervisors.directory))
        _, text, _ = await tenantry("status", "--json", TENANTRY_DATA_DIR=str(supervisors.directory))
    finally:
        os.kill(pid, signal.SIGCONT)

    assert f"{name} is stopped (SIGSTOP); `kill -CONT {pid}` lets it go on." in table
    assert [each["name"] for each in json.loads(text)["processes"] if not each["healthy"]] == [name]
    assert await patience.until(lambda: supervisor.child(name).healthy, within=DEADLINE)


async def test_a_second_up_is_refused_with_the_address_of_the_first(supervisors: Supervisors) -> None:
    first = await supervisors.start()
    url = (await first.says("open")).split()[1]

    code, stdout, stderr = await tenantry("up", "--data-dir", str(supervisors.directory))

    assert (code, stdout) == (1, "")
    assert stderr == f"Tenantry already runs on {supervisors.directory}: process {first.process.pid}, {url}.\n"


@pytest.mark.parametrize(
    ("variable", "value"),
    [("TENANTRY_RECONCILE_INTERVAL", "soon"), ("TENANTRY_PROVISIONING", "tenant_deprovisioning")],
)
async def test_a_senseless_setting_stops_it_at_once(tmp_path: Path, variable: str, value: str) -> None:
    code, stdout, stderr = await tenantry("up", "--data-dir", str(tmp_path / "d"), **{variable: value})

    assert (code, stdout) == (1, "")
    assert stderr.startswith(f"{variable} ")
    assert stderr.count("\n") == 1
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize(
    "external",
    [
        {"TENANTRY_DATABASE_URL": "postgresql://prod.example.com/tenantry"},
        {"TEMPORAL_ADDRESS": "prod.example.com:7233"},
        {
            "TENANTRY_DATABASE_URL": "postgresql://prod.example.com/tenantry",
            "TEMPORAL_ADDRESS": "prod.example.com:7233",
        },
    ],
)
async def test_a_demo_takes_nobody_elses_servers(tmp_path: Path, external: dict[str, str]) -> None:
    code, stdout, stderr = await tenantry("up", "--demo", "--data-dir", str(tmp_path / "d"), **external)

    assert (code, stdout) == (1, "")
    assert stderr.startswith(" and ".join(external))
    assert stderr.endswith("it takes none but its own. Unset it; nothing was started.\n")
    assert not (tmp_path / "d").exists()


async def test_a_demo_takes_no_server_that_a_file_names(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://prod.example.com/tenantry")

    code, _, stderr = await tenantry(
        "up", "--demo", "--data-dir", str(tmp_path / "d"), TENANTRY_DATABASE_URL_FILE=str(tmp_path / "url")
    )

    assert code == 1
    assert stderr.startswith("TENANTRY_DATABASE_URL is set, and a demo breaks the servers it runs on")
    assert not (tmp_path / "d").exists()


async def test_a_single_process_refuses_to_run_without_its_settings() -> None:
    database = {"TENANTRY_DATABASE_URL": "postgresql://127.0.0.1/none"}

    answers = await asyncio.gather(
        tenantry("migrate"), tenantry("worker", **database), tenantry("console", TEMPORAL_ADDRESS="t:1", **database)
    )

    for (code, _, stderr), variable in zip(
        answers, ("TENANTRY_DATABASE_URL", "TEMPORAL_ADDRESS", "TENANTRY_SECRET_KEY"), strict=True
    ):
        assert code == 1
        assert stderr.startswith(f"{variable} is not set. ")
        assert stderr.count("\n") == 1


async def test_the_command_line_loads_no_pages_and_no_servers() -> None:
    code = "import sys, console.cli.app; print({'nicegui', 'fastapi', 'embedded'} & sys.modules.keys())"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=ROOT, stdout=PIPE)

    stdout, _ = await process.communicate()

    assert stdout == b"set()\n"


@pytest.mark.long
@pytest.mark.skipif(find_spec("console.__main__") is None, reason="the console cannot be run yet")
async def test_up_from_nothing_and_once_more(supervisors: Supervisors) -> None:
    port = ports.any_free()
    command = (*TENANTRY, "up", "--data-dir", str(supervisors.directory), "--port", str(port))

    first = await supervisors.run(*command, TENANTRY_ADMIN_EMAIL="ada@example.com")
    assert await first.says(f"http://localhost:{port}")
    assert not any(line.startswith("Note") for line in first.said)
    assert "ada@example.com" in await first.says("Log in as")
    assert "shown only this once" in await first.says("Password")
    assert await says_ok(ports.LOOPBACK, port, "/healthz")
    assert [process.name for process in first.state.processes] == ["postgresql", "temporal", "worker", "console"]
    first.process.send_signal(signal.SIGINT)
    assert await first.exit_code() == 0
    assert ports.is_free(port)

    odd = {"TENANTRY_SECRETKEY": "misspelt", "TENANTRY_HOST": "::"}
    second = await supervisors.run(*command, TENANTRY_ADMIN_EMAIL="ada@example.com", **odd)
    assert "did you mean TENANTRY_SECRET_KEY?" in await second.says("Note")
    assert "set TENANTRY_PUBLIC_URL to the address that staff type" in await second.says("Note")
    assert "tenantry staff password ada@example.com" in await second.says("Password")
    second.process.send_signal(signal.SIGTERM)
    assert await second.exit_code() == 0


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_a_demo_runs_beside_an_installation_and_leaves_it_alone(supervisors: Supervisors) -> None:
    with passable_directory() as directory:
        async with Supervisors(directory=directory) as demos:
            installation = await supervisors.run(*TENANTRY, "up", "--data-dir", str(supervisors.directory))
            at_home = (await installation.says("Open")).split()[1]
            before = installation.state.processes
            demo = await demos.run(*TENANTRY, "up", "--demo", "--data-dir", str(directory))
            for part in ("PostgreSQL", "migrations", "demo", "console"):  # each has its time
                await demo.says(part)
            shown = (await demo.says("Open")).split()[1]

            assert at_home != shown
            assert not {each.port for each in before if each.port} & {each.port for each in demo.state.processes}
            demo.process.send_signal(signal.SIGINT)
            assert await demo.exit_code() == 0

            assert await says_ok(ports.LOOPBACK, installation.child("console").port or 0, "/readyz")
            # What answers late beside so much else is called unhealthy until it is asked again.
            assert await patience.until(lambda: installation.state.processes == before, within=DEADLINE)
