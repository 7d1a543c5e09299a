import os
import socket
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from embedded import data_directory, state
from embedded.errors import AlreadyRunning, DirectoryUnusable


def test_a_directory_has_one_owner_at_a_time(tmp_path: Path) -> None:
    with (
        data_directory.held(tmp_path / "d"),
        pytest.raises(AlreadyRunning, match=str(os.getpid())),
        data_directory.held(tmp_path / "d"),
    ):
        pass

    with data_directory.held(tmp_path / "d") as home:
        assert home.path == tmp_path / "d"


def test_ports_are_remembered_while_they_are_free(tmp_path: Path) -> None:
    home = data_directory.locate(tmp_path)
    first = home.remembered_ports("a", "b")

    assert home.remembered_ports("b", "a") == first[::-1]

    with closing(socket.create_server(("127.0.0.1", first[0]))):
        moved = home.remembered_ports("a", "b")
    assert moved[0] != first[0]
    assert moved[1] == first[1]
    assert home.remembered_ports("a") == moved[:1]


def test_illegible_memories_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text("?")

    (port,) = data_directory.locate(tmp_path).remembered_ports("a")

    assert data_directory.locate(tmp_path).remembered_ports("a") == [port]


def test_secrets_stay_and_are_private(tmp_path: Path) -> None:
    with data_directory.held(tmp_path / "d") as home:
        secret = home.secret_key()

        assert home.secret_key() == secret
        assert (home.path / "secret_key").stat().st_mode & 0o077 == 0
        assert home.path.stat().st_mode & 0o066 == 0
        assert home.empty_temporal_config().read_text() == ""


@pytest.mark.parametrize("below", ["file", "file/deeper"])
def test_a_directory_that_cannot_be_made_is_one_sentence(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(DirectoryUnusable) as refused, data_directory.held(tmp_path / below):
        pass

    assert refused.value.message.startswith(f"The data directory {tmp_path / below} cannot be written: ")
    assert "--data-dir" in refused.value.message


def test_who_did_not_end_in_order_is_known_by_the_state_that_was_left(tmp_path: Path) -> None:
    home = data_directory.locate(tmp_path / "d")
    ours = state.of_this_process(url="http://localhost", environment_file=home.environment_file, processes=())

    assert home.left_by is None
    home.path.mkdir()
    for file, left_by in (("?", None), ("[]", None)):
        home.state_file.write_text(file)
        assert home.left_by is left_by
    ours.write(home.state_file)
    assert home.left_by is None
    replace(ours, started="another time").write(home.state_file)
    assert home.left_by == os.getpid()


def test_the_room_is_known_before_there_is_a_directory(tmp_path: Path) -> None:
    assert data_directory.locate(tmp_path / "not" / "yet").free > 0
