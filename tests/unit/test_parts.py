"""Programs of others that some tests need: found wherever they are, and said to be missing."""

import pytest

from tests.parts import Part


def test_a_program_that_is_there_is_found() -> None:
    path = Part(name="sh", why="a shell").wanted()

    assert path.endswith("/sh")


def test_what_is_missing_is_skipped_with_a_sentence() -> None:
    missing = Part(name="no-such-program", why="nothing")

    with pytest.raises(pytest.skip.Exception, match="not installed, so nothing was not tried: apt-get install no-such"):
        missing.wanted()


def test_a_program_in_a_directory_of_root_is_found_without_it_in_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    assert Part(name="chroot", why="a program of every system").path() == "/usr/sbin/chroot"
