import os
import signal
import socket
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from embedded import patience, ports
from tests.integration.embedded.running import DEADLINE, Supervisor, Supervisors, is_gone

#: Says since when it is ready, and when it was asked to end, by the clock of the machine.
READY_WORKER = """worker=
import signal, sys, time
def end(*_):
    print('asked', time.monotonic(), flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, end)
print('worker ready', time.monotonic(), flush=True)
signal.pause()
"""
DEAF_WORKER = "worker=import signal; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"


def all_pids(supervisor: Supervisor) -> list[int]:
    return [process.pid for process in supervisor.state.processes if process.pid]


def moments(supervisor: Supervisor, name: str, said: str) -> list[float]:
    """When a child said this, by its log."""
    lines = (supervisor.directory / "logs" / f"{name}.log").read_text().splitlines()
    return [float(line.rpartition(" ")[2]) for line in lines if line.startswith(said)]


async def end_in_order(supervisor: Supervisor) -> list[str]:
    """Interrupt it and return the titles in the order of their ends."""
    pids = all_pids(supervisor)
    supervisor.process.send_signal(signal.SIGINT)
    assert await supervisor.exit_code() == 0
    assert all(is_gone(pid) for pid in pids)
    assert not (supervisor.directory / "state.json").exists()
    return [line.split()[0] for line in supervisor.said if " ended  " in line]


async def test_everything_survives_a_killed_supervisor_and_nothing_is_left_serving(
    supervisors_with_cluster: Supervisors,
) -> None:
    first = await supervisors_with_cluster.start(external=False, PGSERVICE="none", TEMPORAL_PROFILE="none")
    url = (await first.says("database postgresql:")).split()[1]
    await first.says("open http://localhost:")
    places = [process.port for process in first.state.processes]
    pids = all_pids(first)
    assert len(pids) == 4
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept ()")

    first.process.kill()
    assert await patience.until(lambda: all(is_gone(pid) for pid in pids), within=DEADLINE)

    second = await supervisors_with_cluster.start(external=False)
    await second.says("open http://localhost:")
    assert [process.port for process in second.state.processes] == places
    with psycopg.connect(url) as connection:
        connection.execute("SELECT FROM kept")
    assert await end_in_order(second) == ["console", "worker", "Temporal", "PostgreSQL"]


async def test_a_killed_database_comes_back_where_it_was(supervisors_with_cluster: Supervisors) -> None:
    supervisor = await supervisors_with_cluster.start(external=False, TEMPORAL_ADDRESS="127.0.0.1:1")
    url = (await supervisor.says("database postgresql:")).split()[1]
    await supervisor.says("open")
    before = supervisor.child("postgresql")
    assert before.pid

    os.kill(before.pid, signal.SIGKILL)
    while not (await supervisor.says("runs again")).startswith("PostgreSQL"):
        pass  # whoever depends on it may have been quicker

    assert await patience.until(lambda: supervisor.child("postgresql").healthy, within=DEADLINE)
    after = supervisor.child("postgresql")
    assert (after.restarts, after.port) == (1, before.port)
    assert after.pid != before.pid
    psycopg.connect(url).close()


async def test_a_child_that_ends_is_started_again_more_patiently_each_time(supervisors: Supervisors) -> None:
    supervisor = await supervisors.start("pause=0.05")
    await supervisor.says("open")

    for restarts, pause in ((1, "0.05"), (2, "0.1"), (3, "0.2")):
        pid = supervisor.child("worker").pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        assert pause in await supervisor.says("ended by SIGKILL; starting it again")
        await supervisor.says("worker runs again")
        assert supervisor.child("worker").restarts == restarts
    assert supervisor.child("console").restarts == 0
    assert await end_in_order(supervisor) == ["console", "worker"]


async def test_while_a_child_waits_for_its_next_start_the_state_says_so(supervisors: Supervisors) -> None:
    supervisor = await supervisors.start("pause=30")
    await supervisor.says("open")
    pid = supervisor.child("console").pid
    assert pid

    os.kill(pid, signal.SIGTERM)
    await supervisor.says("console it was ended by SIGTERM; starting it again in 30 s")

    down = supervisor.child("console")
    assert (down.pid, down.healthy, down.restarts) == (None, False, 0)
    assert await end_in_order(supervisor) == ["worker"]


async def test_a_child_that_hangs_is_seen_as_unhealthy(supervisors: Supervisors) -> None:
    supervisor = await supervisors.start()
    await supervisor.says("open")
    pid = supervisor.child("console").pid
    assert pid

    os.kill(pid, signal.SIGSTOP)
    assert await patience.until(lambda: not supervisor.child("console").healthy, within=DEADLINE)
    os.kill(pid, signal.SIGCONT)

    assert await patience.until(lambda: supervisor.child("console").healthy, within=DEADLINE)


async def test_workers_are_renewed_one_after_the_other_when_asked(supervisors: Supervisors) -> None:
    supervisor = await supervisors.start(READY_WORKER, "workers=2", "pause=30")
    await supervisor.says("open")
    before = {name: supervisor.child(name).pid for name in ("worker", "worker-2", "console")}

    supervisor.process.send_signal(signal.SIGUSR1)
    await supervisor.says("worker renewed")
    await supervisor.says("worker-2 renewed")

    after = {name: supervisor.child(name) for name in before}
    assert moments(supervisor, "worker", "worker ready")[-1] < moments(supervisor, "worker-2", "asked")[0]
    assert after["console"].pid == before["console"]
    for name in ("worker", "worker-2"):
        assert after[name].pid not in (None, before[name])
        assert after[name].healthy
    assert await end_in_order(supervisor) == ["console", "worker-2", "worker"]


async def test_a_second_start_on_the_same_directory_is_refused(supervisors: Supervisors) -> None:
    first = await supervisors.start()
    url = (await first.says("open")).split()[1]

    second = await supervisors.start()

    assert await second.exit_code() == 1
    assert f"process {first.process.pid}, {url}" in "\n".join(second.said)
    assert len(all_pids(first)) == 2


async def test_the_usual_port_gives_way_and_an_explicit_one_insists(supervisors: Supervisors) -> None:
    with closing(socket.create_server((ports.LOOPBACK, 0))) as taken:
        port = taken.getsockname()[1]
        insisting = await supervisors.start(f"port={port}")
        assert await insisting.exit_code() == 1
        assert f"Port {port} is in use" in "\n".join(insisting.said)

    with closing(socket.socket()) as usual:
        usual.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if ports.is_free(8080):
            usual.bind((ports.LOOPBACK, 8080))
            usual.listen()
        giving_way = await supervisors.start(usual_port=True)
        said = await giving_way.says("port 8080 is in use")
        url = await giving_way.says("open")

    assert url.endswith(said.rpartition(" ")[2])
    assert not url.endswith(":8080")


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("migrations=print('no such table'); raise SystemExit(4)", "migrations did not start: it exited with code 4"),
        ("worker=print('no such table'); raise SystemExit(5)", "worker did not start: it exited with code 5"),
        ("console=print('no such table'); raise SystemExit(6)", "console did not start: it exited with code 6"),
    ],
)
async def test_what_fails_to_start_is_named_with_its_last_words(
    supervisors: Supervisors, option: str, says: str
) -> None:
    log = supervisors.directory / "logs" / f"{option.partition('=')[0]}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("of an earlier start\n")

    supervisor = await supervisors.start(option)

    assert await supervisor.exit_code() == 1
    told = "\n".join(supervisor.said)
    assert says in told
    assert told.endswith("  no such table")
    assert "of an earlier start" not in told
    assert not (supervisor.directory / "state.json").exists()


async def test_a_second_interrupt_hurries(supervisors: Supervisors, directory: Path) -> None:
    supervisor = await supervisors.start(DEAF_WORKER)
    await supervisor.says("open")
    log = directory / "logs" / "worker.log"
    assert await patience.until(lambda: "deaf" in log.read_text(), within=DEADLINE)

    supervisor.process.send_signal(signal.SIGINT)
    await supervisor.says("console ended")
    supervisor.process.send_signal(signal.SIGINT)

    assert await supervisor.exit_code() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_an_interrupt_while_starting_ends_what_was_started(
    supervisors: Supervisors, number: signal.Signals
) -> None:
    supervisor = await supervisors.start("console=import signal; signal.pause()")
    await supervisor.says("worker running")

    supervisor.process.send_signal(number)

    assert await supervisor.exit_code() == 0
    assert "worker ended" in "\n".join(supervisor.said)


async def test_with_nohup_a_closed_terminal_ends_nothing(supervisors: Supervisors) -> None:
    supervisor = await supervisors.start(with_nohup=True)
    await supervisor.says("open")
    pid = supervisor.child("worker").pid
    assert pid

    supervisor.process.send_signal(signal.SIGHUP)
    os.kill(pid, signal.SIGKILL)

    await supervisor.says("worker runs again")  # so it lives on, and looks after its children
    assert await end_in_order(supervisor) == ["console", "worker"]
