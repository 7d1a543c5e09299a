import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from embedded import accounts, patience, ports
from embedded.errors import DidNotStart
from embedded.postgres import EmbeddedPostgres
from tests.integration.embedded.running import is_gone


def ask(server: EmbeddedPostgres, question: str) -> list[tuple[object, ...]]:
    with psycopg.connect(server.url, autocommit=True) as connection:
        cursor = connection.execute(question.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


async def test_data_survives_a_restart_and_a_killed_postmaster(cluster: Path) -> None:
    async with EmbeddedPostgres(directory=cluster) as server:
        url, pid = server.url, server.pid
        ask(server, "CREATE TABLE kept AS SELECT 1 AS number")
    assert pid is not None
    assert is_gone(pid)

    async with EmbeddedPostgres(directory=cluster, port=server.port) as again:
        assert again.url == url
        ask(again, "INSERT INTO kept VALUES (2)")
        assert again.pid is not None
        os.kill(again.pid, signal.SIGKILL)
        await again.exited()
        assert not await again.answers()

        await again.start()

        assert ask(again, "SELECT number FROM kept ORDER BY 1") == [(1,), (2,)]
        assert await again.answers()


async def test_it_is_made_as_promised(cluster: Path) -> None:
    async with EmbeddedPostgres(directory=cluster, settings={"work_mem": "5MB"}) as server:
        database = ask(
            server,
            "SELECT pg_encoding_to_char(encoding), datlocprovider, datlocale FROM pg_database "
            "WHERE datname = current_database()",
        )
        settings = {str(name): value for name, value in ask(server, "SELECT name, setting FROM pg_settings")}

    assert database == [("UTF8", "b", "C.UTF-8")]
    assert settings["listen_addresses"] == "127.0.0.1"
    assert settings["unix_socket_directories"] == ""
    assert settings["max_connections"] == "200"
    assert settings["work_mem"] == "5120"
    assert server.title.startswith("PostgreSQL 18")
    assert (cluster / "password").stat().st_mode & 0o777 == 0o600
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url)


async def test_a_password_is_required(cluster: Path) -> None:
    async with EmbeddedPostgres(directory=cluster) as server:
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(server.url, password="wrong")


async def test_variables_of_the_user_do_not_matter(cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PGHOST": "/nowhere",
        "PGPORT": "1",
        "PGSSLMODE": "require",
        "PGOPTIONS": "-c no_such_setting=1",
        "PGDATABASE": "none",
        "PGDATA": "/nowhere",
        "PGREQUIREAUTH": "none",
        "PGCLIENTENCODING": "LATIN1",
        "LC_ALL": "xx_XX.none",
    }.items():
        monkeypatch.setenv(name, value)

    async with EmbeddedPostgres(directory=cluster) as server:
        assert await server.answers()


async def test_an_interrupted_first_start_is_made_good(directory: Path) -> None:
    server = EmbeddedPostgres(directory=directory)
    starting = asyncio.ensure_future(server.start())
    assert await patience.until((directory / "data.new" / "base").exists, within=10, every=0.005)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not (directory / "data").exists()
    assert not (directory / "password.once").exists()

    async with EmbeddedPostgres(directory=directory) as again:
        assert ask(again, "SELECT 1") == [(1,)]


async def test_files_that_are_no_cluster_are_set_aside(directory: Path) -> None:
    (directory / "data" / "base").mkdir(parents=True)
    (directory / "data" / "PG_VERSION").write_text("18\n")
    (directory / "data").chmod(0o700)
    reports: list[str] = []

    async with EmbeddedPostgres(directory=directory, report=reports.append) as server:
        assert ask(server, "SELECT 1") == [(1,)]

    assert (directory / "data.incomplete.1" / "PG_VERSION").exists()
    assert any("data.incomplete.1" in report for report in reports)


async def test_a_strangers_process_named_by_a_stale_note_is_left_alone(
    cluster: Path, stranger: subprocess.Popen[bytes]
) -> None:
    async with EmbeddedPostgres(directory=cluster) as server:
        lines = (cluster / "data" / "postmaster.pid").read_text().split("\n")
        server.hurry()
        await server.exited()
    note = cluster / "data" / "postmaster.pid"
    note.write_text("\n".join([str(stranger.pid), *lines[1:]]))
    accounts.hand_over(accounts.unprivileged(), note)
    (cluster / "postgresql.json").write_text(
        f'{{"pid": {stranger.pid}, "started": "then", "command": ["a"], "polite": 9}}'
    )

    async with EmbeddedPostgres(directory=cluster) as again:
        assert ask(again, "SELECT 1") == [(1,)]

    assert stranger.poll() is None


@pytest.mark.parametrize("forgotten", ["postgresql.json", "nothing"])
async def test_a_predecessor_that_still_runs_is_ended_first(cluster: Path, forgotten: str) -> None:
    first = EmbeddedPostgres(directory=cluster)
    await first.start()
    ask(first, "CREATE TABLE kept ()")
    (cluster / forgotten).unlink(missing_ok=True)

    async with EmbeddedPostgres(directory=cluster) as second:
        assert ask(second, "SELECT 1 FROM pg_class WHERE relname = 'kept'") == [(1,)]
        assert await first.exited() == 0
        assert second.pid != first.pid


async def test_a_taken_port_is_a_clear_failure(cluster: Path) -> None:
    with closing(socket.socket()) as taken:
        taken.bind((ports.LOOPBACK, 0))
        server = EmbeddedPostgres(directory=cluster, port=taken.getsockname()[1])

        with pytest.raises(DidNotStart, match="Address already in use"):
            await server.start()

    assert server.pid is None
    assert not (cluster / "postgresql.json").exists()
