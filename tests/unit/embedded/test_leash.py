import os
import signal
import subprocess
import sys

from embedded.processes import LEASH

PYTHON = [sys.executable, "-I", "-S"]


def leashed(*command: str, parent: int | None = None) -> subprocess.CompletedProcess[str]:
    head = [*PYTHON, str(LEASH), str(int(signal.SIGKILL)), str(parent or os.getpid()), ""]
    return subprocess.run([*head, *command], capture_output=True, text=True, check=False)


def test_it_becomes_the_command() -> None:
    assert leashed("/bin/sh", "-c", "echo $0 $1", "a b", "c").stdout == "a b c\n"


def test_it_runs_nothing_for_a_parent_that_is_gone() -> None:
    done = leashed("/bin/echo", "ran", parent=1 if os.getpid() != 1 else 2)

    assert done.stdout == ""
    assert done.returncode == 1


def test_a_broken_pipe_ends_the_command_as_usual() -> None:
    """Python ignores SIGPIPE; a program started from it must not inherit that."""
    done = leashed("/bin/sh", "-c", "kill -PIPE $$; echo survived")

    assert done.returncode == -signal.SIGPIPE
    assert done.stdout == ""
