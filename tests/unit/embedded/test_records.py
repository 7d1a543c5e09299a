import dataclasses
import signal
import sys
from pathlib import Path

import pytest

from embedded.processes import Child, Program, spawn
from embedded.records import Record, end_orphans

COMMAND = (sys.executable, "-I", "-S", "-c", "import signal; signal.pause()")


async def waiting_child(directory: Path) -> tuple[Child, Record]:
    child = await spawn(Program(command=COMMAND, environment={}, log=directory / "log"))
    assert child.identity
    started = child.identity.started
    return child, Record(pid=child.pid, started=started, command=list(COMMAND), polite=signal.SIGTERM)


async def test_an_orphan_is_ended_and_forgotten(tmp_path: Path) -> None:
    child, record = await waiting_child(tmp_path)
    record.write(tmp_path / "worker.json")

    await end_orphans([tmp_path / "worker.json"])

    assert await child.exited() == -signal.SIGTERM
    assert not (tmp_path / "worker.json").exists()


@pytest.mark.parametrize("difference", ["start", "command"])
async def test_a_stranger_with_a_recycled_pid_is_left_alone(tmp_path: Path, difference: str) -> None:
    child, record = await waiting_child(tmp_path)
    if difference == "start":
        record = dataclasses.replace(record, started="another boot")
    else:
        record = dataclasses.replace(record, command=["postgres", "-D", "/elsewhere"])
    record.write(tmp_path / "worker.json")

    await end_orphans([tmp_path / "worker.json"])

    assert child.exit_code is None
    assert child.identity
    assert child.identity.is_alive()
    assert not (tmp_path / "worker.json").exists()
    await child.stop(polite=signal.SIGTERM, within=5)


async def test_an_illegible_record_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text('{"pid": 1}')

    await end_orphans(tmp_path / name for name in ("a.json", "b.json", "none.json"))

    assert not (tmp_path / "a.json").exists()
    assert not (tmp_path / "b.json").exists()
