import dataclasses
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from embedded import identity, patience

WAITING = [sys.executable, "-I", "-S", "-c", "import signal; signal.pause()"]

DEAF = [*WAITING[:-1], "import signal; signal.signal(15, signal.SIG_IGN); print('ready', flush=True); signal.pause()"]


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(WAITING) as process:
        yield process
        process.kill()


@pytest.fixture
def stubborn() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(DEAF, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        yield process
        process.kill()


def test_a_process_is_recognised_by_its_start_and_its_command(stranger: subprocess.Popen[bytes]) -> None:
    found = identity.look_up(stranger.pid)

    assert found
    assert found.is_alive()
    assert found.runs(["another name of the executable", *WAITING[1:]])
    assert not found.runs(["python", "-c", "import sig"])


@pytest.mark.parametrize("look", [identity.look_up, identity.with_ps])
async def test_a_process_that_was_stopped_is_alive_and_does_nothing(
    stranger: subprocess.Popen[bytes], look: Callable[[int], identity.Identity | None]
) -> None:
    def is_stopped() -> bool:
        found = look(stranger.pid)
        return found is not None and found.is_stopped

    assert not is_stopped()
    stranger.send_signal(signal.SIGSTOP)
    assert await patience.until(is_stopped, within=5)
    stranger.send_signal(signal.SIGCONT)
    assert await patience.until(lambda: not is_stopped(), within=5)


def test_who_got_the_pid_later_is_somebody_else(stranger: subprocess.Popen[bytes]) -> None:
    found = identity.look_up(stranger.pid)
    assert found
    earlier = dataclasses.replace(found, started="long ago")

    assert not earlier.is_alive()
    assert not identity.send(earlier, signal.SIGKILL)
    assert stranger.poll() is None


async def test_a_dead_process_nobody_has_reaped_is_gone(stranger: subprocess.Popen[bytes]) -> None:
    found = identity.look_up(stranger.pid)
    assert found

    assert identity.send(found, signal.SIGKILL)

    assert await patience.until(lambda: not found.is_alive(), within=5)
    assert identity.look_up(stranger.pid) is None
    assert identity.with_ps(stranger.pid) is None


async def test_one_that_ignores_a_request_is_killed(stubborn: subprocess.Popen[bytes]) -> None:
    found = identity.look_up(stubborn.pid)
    assert found

    await identity.end(found, polite=signal.SIGTERM, within=0.1)

    assert stubborn.wait() == -signal.SIGKILL


def test_both_ways_of_looking_agree() -> None:
    here, with_ps = identity.look_up(os.getpid()), identity.with_ps(os.getpid())

    assert here
    assert with_ps
    assert with_ps.command == here.command


def test_a_pid_nobody_has_is_nobody() -> None:
    with subprocess.Popen(["/bin/true"]) as process:
        process.wait()

    assert identity.look_up(process.pid) is None
    assert identity.with_ps(process.pid) is None
