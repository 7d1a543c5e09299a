import os
import signal
import sys
from pathlib import Path

import pytest

from embedded import processes
from embedded.errors import DidNotStart
from embedded.patience import until
from embedded.processes import Child, Program, run_to_end, spawn

PYTHON = (sys.executable, "-I", "-S", "-c")
WAITING = "import signal; signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); signal.pause()"


def program(code: str, log: Path, **environment: str) -> Program:
    return Program(command=(*PYTHON, code), environment=environment, log=log)


async def spawned(code: str, log: Path) -> Child:
    return await spawn(program(code, log))


async def test_a_child_gets_exactly_the_given_environment(tmp_path: Path) -> None:
    log = tmp_path / "log"

    child = await spawn(program("import os; print(os.environ.get('A'), os.environ.get('HOME'))", log, A="1"))

    assert await child.exited() == 0
    assert log.read_text() == "1 None\n"


async def test_a_child_is_out_of_reach_of_our_terminal(tmp_path: Path) -> None:
    child = await spawned(WAITING, tmp_path / "log")

    assert os.getpgid(child.pid) == child.pid != os.getpgid(0)

    await child.stop(polite=signal.SIGTERM, within=5)


async def test_one_that_ignores_the_polite_signal_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = await spawned(STUBBORN, log)
    assert await until(lambda: "ready" in log.read_text(), within=5)

    await child.stop(polite=signal.SIGTERM, within=0.1)

    assert child.exit_code == -signal.SIGKILL


async def test_stopping_twice_is_harmless(tmp_path: Path) -> None:
    child = await spawned(WAITING, tmp_path / "log")

    await child.stop(polite=signal.SIGTERM, within=5)
    await child.stop(polite=signal.SIGTERM, within=5)

    assert child.exit_code is not None


async def test_a_failing_run_is_told_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(DidNotStart, match=r"it exited with code 3(.|\n)*table missing"):
        await run_to_end(
            "migrations", program("print('table missing'); raise SystemExit(3)", tmp_path / "log"), within=5
        )


async def test_a_run_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    log = tmp_path / "log"

    with pytest.raises(DidNotStart, match="it took more than"):
        await run_to_end(
            "migrations", program(f"import os; print(os.getpid(), flush=True); {WAITING}", log), within=0.6
        )

    with pytest.raises(ProcessLookupError):
        os.kill(int(log.read_text()), 0)


async def test_a_missing_executable_is_a_failed_run(tmp_path: Path) -> None:
    missing = Program(command=("/no/such/program",), environment={}, log=tmp_path / "log")

    with pytest.raises(DidNotStart, match="No such file"):
        await run_to_end("migrations", missing, within=5)


def test_a_large_log_makes_room(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    log.write_text("old")
    os.truncate(log, processes.LARGEST_LOG + 1)

    with processes.open_log(log) as file:
        file.write(b"new")

    assert log.read_text() == "new"
    kept = tmp_path / "worker.log.1"
    assert kept.stat().st_size == processes.LARGEST_LOG + 1
    assert kept.read_bytes().startswith(b"old")
