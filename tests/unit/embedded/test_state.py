import dataclasses
from pathlib import Path

import pytest

from embedded import state
from embedded.errors import NotRunning
from embedded.state import ProcessState, State

WORKER = ProcessState(name="worker", pid=7, port=None, healthy=True, restarts=2)


def mine(directory: Path) -> State:
    return state.of_this_process(url="http://x", environment_file=directory / "environment", processes=(WORKER,))


def test_what_a_running_supervisor_wrote_can_be_read(tmp_path: Path) -> None:
    written = mine(tmp_path)

    written.write(tmp_path / "state.json")

    assert State.read(tmp_path / "state.json") == written


def test_what_a_killed_supervisor_left_says_nothing(tmp_path: Path) -> None:
    dataclasses.replace(mine(tmp_path), started="before the crash").write(tmp_path / "state.json")

    assert State.read(tmp_path / "state.json") is None
    with pytest.raises(NotRunning, match="tenantry up"):
        state.of_running(tmp_path / "state.json")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"processes": [{"name": "x"}]}'])
def test_an_illegible_file_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "state.json").write_text(text)

    assert State.read(tmp_path / "state.json") is None
