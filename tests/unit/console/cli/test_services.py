"""What the command line prints."""

import pytest

from console.cli.services import say


def test_what_strangers_have_written_forges_no_line_and_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    say("tenant-\x1b[2J\x1b[Hall is well\nrun\u202e  running")

    assert capsys.readouterr().out == "tenant-\\x1b[2J\\x1b[Hall is well\\nrun\\u202e  running\n"
