"""docs/extending.md, done as it is written: each file made, each command run."""

import asyncio
import os
import re
from asyncio.subprocess import PIPE, STDOUT, Process
from pathlib import Path

import pytest

from embedded import ports
from workbench.consoles import ROOT
from workbench.servers import environment, eventually

GUIDE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
FILES = re.findall(r"^`(hello/\S+)`.*?\n\n```\w+\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
COMMANDS = [
    line for block in re.findall(r"^```sh\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL) for line in block.splitlines()
]
UP = next(command for command in COMMANDS if command.endswith("tenantry up"))


async def run(command: str, directory: Path, variables: dict[str, str]) -> str:
    process = await begin(command, directory, variables)
    said, _ = await process.communicate()
    assert process.returncode == 0, f"{command}: {said.decode()}"
    return said.decode()


async def begin(command: str, directory: Path, variables: dict[str, str]) -> Process:
    return await asyncio.create_subprocess_shell(
        command.replace("TENANTRY_", "exec env TENANTRY_", 1)
        if command == UP
        else command,  # so that it gets the signal
        cwd=directory,
        env=environment(**variables),
        stdout=PIPE,
        stderr=STDOUT,
    )


@pytest.mark.long
async def test_the_guide_leads_from_nothing_to_a_step_of_ones_own(tmp_path: Path) -> None:
    """The package goes into a directory of its own, so that no other test meets it."""
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    packages = tmp_path / "packages"
    variables = {
        "PIP_TARGET": str(packages),
        "PYTHONPATH": f"{packages}{os.pathsep}{ROOT}",
        "TENANTRY_PORT": str(ports.any_free()),
    }
    before, after = COMMANDS[: COMMANDS.index(UP)], COMMANDS[COMMANDS.index(UP) + 1 :]
    await run(before[0], tmp_path, variables)
    for name, content in FILES:
        (tmp_path / name).write_text(content, encoding="utf-8")
    for command in before[1:]:
        await run(command, tmp_path, variables)

    up = await begin(UP, tmp_path, variables)
    try:
        async with asyncio.timeout(60):
            assert up.stdout is not None
            while b"http://" not in (line := await up.stdout.readline()):
                assert line, "it ended before it said where it is"
        variables["PYTHONPATH"] = str(ROOT)  # the command line knows from `up` where the packages are
        said = [await run(command, tmp_path, variables) for command in after]
        assert "initech is registered" in said[0]
        listed = await eventually(
            lambda: run(f"{after[1]} --json", tmp_path, variables), lambda text: '"completed"' in text, within=40
        )
        assert "hello_provisioning" in listed
        assert "hello_greet" in await run(
            f".venv/bin/tenantry executions show {_id(listed)} --json", tmp_path, variables
        )
    finally:
        up.terminate()
        await up.wait()


def _id(listed: str) -> str:
    found = re.search(r'"id": "([0-9a-f-]{36})"', listed)
    assert found is not None
    return found[1]
