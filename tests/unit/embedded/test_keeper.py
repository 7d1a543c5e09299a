import asyncio
import itertools
import os
import sys
from pathlib import Path

from embedded import identity, processes
from embedded.application import Application
from embedded.keeper import Backoff, Keeper, Pace
from embedded.patience import until, until_answered
from workbench.servers import sleeper

CHATTY = "import sys\nwhile True: print('x' * 999, flush=True)"


def test_pauses_double_up_to_the_longest() -> None:
    backoff = Backoff(pace=Pace())

    pauses = [backoff.after(1) for _ in range(8)]

    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_a_long_run_forgives_the_past() -> None:
    backoff = Backoff(pace=Pace())
    for _ in range(5):
        backoff.after(1)

    assert backoff.after(60) == 0.5
    assert backoff.after(59) == 1


def test_a_thousand_failures_are_no_overflow() -> None:
    backoff = Backoff(pace=Pace())

    assert [backoff.after(0) for _ in range(2000)][-1] == 30


async def test_a_log_that_grows_while_its_writer_runs_is_bounded(tmp_path: Path) -> None:
    log = tmp_path / "chatty.log"
    log.touch()
    os.truncate(log, processes.LARGEST_LOG)
    command = (sys.executable, "-I", "-S", "-c", CHATTY)
    server = Application(name="chatty", command=command, environment={}, log=log, record=tmp_path / "chatty.json")
    sizes: list[int] = []

    async def was_shortened() -> bool:
        sizes.append(log.stat().st_size)
        return any(after < before for before, after in itertools.pairwise(sizes))

    async with server:
        keeper = Keeper(server=server, pace=Pace(poll=0.05), report=lambda *_: None, changed=lambda: None)
        keeping = asyncio.ensure_future(keeper.keep())
        await until_answered(was_shortened, within=20)
        keeping.cancel()

    assert (tmp_path / "chatty.log.1").stat().st_size > processes.LARGEST_LOG
    assert (tmp_path / "chatty.log.1").stat().st_mode & 0o777 == 0o600
    assert log.read_bytes()[:1] != b"\0"


async def test_a_resting_server_is_begun_again_when_nobody_keeps_it_back_any_more() -> None:
    async with sleeper() as server:
        keeper = Keeper(server=server, pace=Pace(poll=0.05), report=lambda *_: None, changed=lambda: None)
        keeping = asyncio.ensure_future(keeper.keep())

        async with keeper.resting():
            async with keeper.resting():
                assert server.pid is None
            assert not await until(lambda: server.pid is not None, within=1.0)
            assert not keeper.healthy

        assert await until(lambda: server.pid is not None, within=20)
        assert keeper.restarts == 1
        keeping.cancel()


async def test_a_frozen_server_does_not_answer_and_goes_on_afterwards() -> None:
    async with sleeper() as server:
        keeper = Keeper(server=server, pace=Pace(), report=lambda *_: None, changed=lambda: None)
        pid = server.pid

        async with keeper.frozen():
            assert await until_answered(lambda: _is_stopped(server), within=5)
            assert not await server.answers()

        assert await until_answered(server.answers, within=5)
        assert server.pid == pid


async def _is_stopped(server: Application) -> bool:
    found = None if server.pid is None else identity.look_up(server.pid)
    return found is not None and found.is_stopped
