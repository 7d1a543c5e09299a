"""What keeps a process from starting is one sentence, whichever process it is."""

import asyncio
import os
import shutil
import socket
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from embedded import ports
from operations import poolers
from tests.poolers import pooler_to
from workbench.consoles import SECRET_KEY
from workbench.servers import environment

ROOT = Path(__file__).parents[2]
TENANTRY = (sys.executable, "-c", "from console.cli import main; main()")
LONGEST = 60.0  #: seconds; what hangs would hang for longer
NOWHERE = {
    "TENANTRY_DATABASE_URL": "postgresql://127.0.0.1:1/none",
    "TEMPORAL_ADDRESS": "127.0.0.1:1",
    "TENANTRY_SECRET_KEY": SECRET_KEY,
    "TENANTRY_PUBLIC_URL": "http://localhost:8080",
}
FIRST_UNPRIVILEGED = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")


async def outcome(*words: str, without: str | None = None, **variables: str) -> tuple[int | None, str]:
    """The exit code, and what was said on stderr. Root can do `without` a capability, as other accounts do."""
    process = await asyncio.create_subprocess_exec(
        *_restricted(without), *TENANTRY, *words, cwd=ROOT, env=environment(**variables), stdout=PIPE, stderr=PIPE
    )
    try:
        async with asyncio.timeout(LONGEST):
            _, stderr = await process.communicate()
    except TimeoutError:
        process.kill()
        _, stderr = await process.communicate()
        raise AssertionError(f"it did not end within {LONGEST:g} s, and said {stderr.decode()!r}") from None
    return process.returncode, stderr.decode()


def first_for_everybody() -> int:
    """The lowest port on which every account may listen."""
    return int(FIRST_UNPRIVILEGED.read_text()) if FIRST_UNPRIVILEGED.exists() else 1024


@pytest.fixture
def unwritable(tmp_path: Path) -> Iterator[Path]:
    tmp_path.chmod(0o500)
    yield tmp_path
    tmp_path.chmod(0o700)


def _restricted(capability: str | None) -> tuple[str, ...]:
    if capability is None or os.geteuid() != 0:
        return ()
    if (program := shutil.which("setpriv")) is None:
        pytest.skip("setpriv is not installed, so root cannot be without a right of its")
    return (program, f"--bounding-set=-{capability}")


@pytest.fixture
async def unsuitable(database_url: str, temporal_address: str) -> AsyncIterator[dict[str, str]]:
    """Variables that lead to the database by way of a pooler that keeps no sessions."""
    async with pooler_to(database_url, mode="transaction", ignore_startup_parameters="options") as pooler:
        yield {
            "TENANTRY_DATABASE_URL": pooler.url(database_url),
            "TEMPORAL_ADDRESS": temporal_address,
            "TENANTRY_SECRET_KEY": SECRET_KEY,
            "TENANTRY_PUBLIC_URL": "http://localhost:8080",
            "TENANTRY_PORT": str(ports.any_free()),
        }


async def test_a_pooler_that_keeps_no_sessions_is_one_sentence_also_before_anything_is_started(
    unsuitable: dict[str, str], tmp_path: Path
) -> None:
    doors = (("up", "--data-dir", str(tmp_path / "data")), ("token", "create", "ada@example.com", "--name", "deploys"))

    ends = await asyncio.gather(*(outcome(*words, **unsuitable) for words in doors))

    assert ends == [(1, f"{poolers.FOUND}\n")] * 2
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("door", "host"), [("up", "192.0.2.1"), ("up", "[::]"), ("console", "::nonsense"), ("console", "no such host")]
)
async def test_a_host_that_is_no_address_here_is_one_sentence(tmp_path: Path, door: str, host: str) -> None:
    ended = await outcome(
        door, TENANTRY_HOST=host, TENANTRY_DATA_DIR=str(tmp_path), **(NOWHERE if door == "console" else {})
    )

    assert ended == (1, f"TENANTRY_HOST “{host}” is not an address of this machine. Choose another.\n")


@pytest.mark.parametrize("door", ["up", "console"])
async def test_a_port_that_this_account_may_not_have_is_one_sentence(tmp_path: Path, door: str) -> None:
    if first_for_everybody() <= 80:
        pytest.skip("net.ipv4.ip_unprivileged_port_start lets every account here listen on port 80")
    variables = NOWHERE if door == "console" else {}

    code, said = await outcome(
        door, without="net_bind_service", TENANTRY_PORT="80", TENANTRY_DATA_DIR=str(tmp_path), **variables
    )

    assert code == 1
    assert said.startswith("This account may not listen on port 80;")
    assert said.count("\n") == 1


async def test_a_port_in_use_ends_the_console_with_one_sentence() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]

        ended = await outcome("console", TENANTRY_PORT=str(port), **NOWHERE)

    assert ended == (1, f"Port {port} is in use by another program. Choose another: TENANTRY_PORT.\n")


@pytest.mark.parametrize("below", ["", "deeper/still"])
async def test_a_data_directory_that_cannot_be_written_is_one_sentence(unwritable: Path, below: str) -> None:
    ended = await outcome("up", without="dac_override", TENANTRY_DATA_DIR=str(unwritable / below))

    said = (
        f"The data directory {unwritable / below} cannot be written: permission denied. Choose another with --data-dir."
    )
    assert ended == (1, f"{said}\n")


async def test_several_hosts_none_of_which_answers_are_one_sentence(tmp_path: Path) -> None:
    several = {**NOWHERE, "TENANTRY_DATABASE_URL": "postgresql://u:topsecret@127.0.0.1:1,127.0.0.2:1/none"}
    doors = {"migrate": ("migrate",), "cli": ("executions", "list"), "up": ("up", "--data-dir", str(tmp_path / "data"))}

    ends = await asyncio.gather(*(outcome(*words, **several) for words in doors.values()))

    for name, (code, said) in zip(doors, ends, strict=True):
        assert code == 1, name
        assert said.count("\n") == 1, f"{name}: {said}"
        assert "the connection is refused" in said
        assert "topsecret" not in said
