"""A worker that cannot begin says why in one line, and keeps trying without filling its log."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from workbench.consoles import TO_START, Servers, run_worker
from workbench.servers import Databases, eventually


@pytest.fixture
def servers(database_url: str, temporal_address: str, task_queue: str) -> Servers:
    return Servers(database_url=database_url, temporal_address=temporal_address, task_queue=task_queue)


def lines_of(log: Path) -> list[str]:
    return log.read_text().splitlines()


async def test_with_a_wrong_password_of_the_database_it_is_not_ready_and_says_so(
    database_url: str, temporal_address: str, task_queue: str, tmp_path: Path
) -> None:
    parts = urlsplit(database_url)
    assert parts.password is not None
    wrong = database_url.replace(f":{parts.password}@", ":wr0ng-s3cret@")
    servers = Servers(database_url=wrong, temporal_address=temporal_address, task_queue=task_queue)

    async with run_worker(servers, tmp_path):
        said = await eventually(
            lambda: told(tmp_path / "worker.log", "PostgreSQL cannot be reached yet"), bool, within=TO_START
        )

    log = (tmp_path / "worker.log").read_text()
    assert "it does not accept the user name or the password" in said
    for unwanted in ("worker ready", "Traceback", "wr0ng-s3cret"):
        assert unwanted not in log


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("TEMPORAL_NAMESPACE", "nowhere", "The namespace is not there"),
        ("TEMPORAL_ADDRESS", "127.0.0.1:1", "the connection is refused"),
        pytest.param("TEMPORAL_ADDRESS", "nonsense.invalid:7233", "its name ", marks=pytest.mark.long),
        pytest.param("TEMPORAL_TLS", "true", "it does not speak TLS", marks=pytest.mark.long),
    ],
)
async def test_what_keeps_it_from_temporal_is_said_once(
    servers: Servers, tmp_path: Path, variable: str, value: str, why: str
) -> None:
    async with run_worker(servers, tmp_path, **{variable: value}):
        said = await eventually(
            lambda: told(tmp_path / "worker.log", "Temporal cannot be reached yet"), bool, within=TO_START
        )

    assert why in said
    lines = [line for line in lines_of(tmp_path / "worker.log") if "[warning" in line or "[error" in line]
    assert lines == [said]


async def test_an_unmigrated_database_ends_it_with_one_sentence(
    databases: Databases, temporal_address: str, task_queue: str, tmp_path: Path
) -> None:
    empty = databases.create(empty=True)
    servers = Servers(database_url=empty, temporal_address=temporal_address, task_queue=task_queue)

    async with run_worker(servers, tmp_path) as process:
        assert await process.wait() == 1

    databases.drop(empty)
    assert lines_of(tmp_path / "worker.log") == [
        "The database lacks migrations of this version. Run `tenantry migrate`."
    ]


async def told(log: Path, part: str) -> str:
    """The first line with `part`, once there is one."""
    return next((line for line in lines_of(log) if part in line), "")
