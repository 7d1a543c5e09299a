"""What strangers can make us write: no line of their own, no control characters, and not without end."""

import json
import subprocess
import sys

import pytest

from operations.logs import LINES_OF_EACH_TRY, LONGEST_TRACEBACK

WRITE = """
import logging, sys
from operations import logs
logs.configure(sys.argv[1])
evil = "x\\n2026-01-01T00:00:00Z [info] forged\\r\\x1b[31mred\\x7f\\x9b\\u2028end"
logs.logger("ours").warning("met " + evil, path=evil, many=[evil])
logging.getLogger("theirs").warning("%s not found", evil)
try:
    raise ValueError(evil + "y" * 50_000)
except ValueError:
    logs.logger("ours").exception("failed")
    logging.getLogger("theirs").exception(evil)
"""


@pytest.fixture(params=["console", "json"])
def written(request: pytest.FixtureRequest) -> str:
    command = [sys.executable, "-c", WRITE, request.param]
    return subprocess.run(command, check=True, capture_output=True, text=True).stderr


def test_nobody_else_writes_a_line(written: str) -> None:
    lines = written.rstrip("\n").split("\n")

    assert sum("forged" in line and line.startswith("2026-01-01") for line in lines) == 0
    own = [line for line in lines if not line.startswith("  | ")]
    assert len(own) == 4
    assert all(character.isprintable() for line in lines for character in line)


def test_a_traceback_has_an_end(written: str) -> None:
    assert len(written) < 6 * LONGEST_TRACEBACK
    assert "characters left out" in written


def test_json_stays_json() -> None:
    command = [sys.executable, "-c", WRITE, "json"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stderr.splitlines()

    records = [json.loads(line) for line in lines]
    assert [record["level"] for record in records] == ["warning", "warning", "error", "error"]
    assert records[0]["path"].startswith("x\\n2026")


DEEP = """
import logging, sys
from operations import logs
logs.configure("console")
def fall(depth):
    if depth:
        return deeper(depth - 1)
    raise OSError("the first words and the last: no space left")
def deeper(depth):
    return fall(depth)
for name in ("temporalio.activity", "ours"):
    try:
        fall(20)
    except OSError as error:
        try:
            raise RuntimeError("could not be written") from error
        except RuntimeError:
            logging.getLogger(name).exception("%s fails", name)
"""


def test_what_is_written_for_each_try_of_a_step_has_few_lines() -> None:
    said = subprocess.run([sys.executable, "-c", DEEP], check=True, capture_output=True, text=True).stderr
    of_each_try, ours = said.split("ours fails")

    assert len(of_each_try.splitlines()) <= LINES_OF_EACH_TRY + 3
    assert "could not be written" in of_each_try
    assert "lines left out" in of_each_try
    assert "lines left out" not in ours
