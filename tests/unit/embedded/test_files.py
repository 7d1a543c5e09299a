from pathlib import Path

import pytest

from embedded.files import kept_secret, write_private


def test_a_private_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "secret"

    write_private(path, "text")

    assert path.read_text() == "text"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_failed_write_leaves_the_old_text_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "state"
    write_private(path, "old")

    with pytest.raises(UnicodeEncodeError):
        write_private(path, "new \ud800")

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    first = kept_secret(tmp_path / "key")

    assert len(first) >= 32
    assert kept_secret(tmp_path / "key") == first
    assert kept_secret(tmp_path / "other") != first
