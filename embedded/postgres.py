"""PostgreSQL from its wheel, as our own child on a loopback port."""

import asyncio
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.conninfo import make_conninfo

from embedded import identity, ports
from embedded.cluster import NAME, OWNER, Cluster
from embedded.errors import DidNotStart, MadeForAnother
from embedded.processes import Program
from embedded.server import Server
from operations.contracts import DEMO_MARK

DATABASE = "tenantry"
MAINTENANCE_DATABASE = "postgres"  # connections to `tenantry` itself would disturb copies made of it
STILL_ATTACHED = "pre-existing shared memory block"
ATTACHED_DEADLINE = 15.0  # seconds until the backends of a killed postmaster have noticed

SETTINGS = {
    "listen_addresses": ports.LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
} | ({"recovery_init_sync_method": "syncfs"} if sys.platform == "linux" else {})

# Given explicitly because libpq fills whatever is left out from the user's PG* variables.
CONNECTION = {
    "host": ports.LOOPBACK,
    "hostaddr": ports.LOOPBACK,
    "user": OWNER,
    "sslmode": "disable",
    "gssencmode": "disable",
    "channel_binding": "disable",
    "require_auth": "scram-sha-256",
    "target_session_attrs": "any",
    "options": "",
    "client_encoding": "UTF8",
    "application_name": "tenantry embedded",
}

MARK_OF = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"


def _say_nothing(line: str) -> None: ...


class EmbeddedPostgres(Server):
    """A cluster in `directory`, whose caller must be its only user; `url` names its database `tenantry`."""

    polite = signal.SIGINT  # "fast": sessions are ended, a checkpoint is written
    urgent = signal.SIGQUIT  # "immediate": the next start recovers from the log
    start_deadline = 120.0  # a recovery may read far
    stop_deadline = 30.0

    def __init__(
        self,
        *,
        directory: Path,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
        log: Path | None = None,
        record: Path | None = None,
        report: Callable[[str], None] = _say_nothing,
        is_demo: bool = False,
    ) -> None:
        """`is_demo` marks the database when it is made, and never afterwards; one made otherwise is refused."""
        log = log or directory / f"{NAME}.log"
        super().__init__(name=NAME, log=log, record=record or directory / f"{NAME}.json")
        self.title = "PostgreSQL"
        self.port = port
        self._settings = {**SETTINGS, **(settings or {})}
        self._is_demo = is_demo
        self._cluster = Cluster(directory=directory, log=log, report=report)

    @property
    def url(self) -> str:
        return f"postgresql://{OWNER}:{quote(self._cluster.password)}@{ports.LOOPBACK}:{self.port}/{DATABASE}"

    def _program(self) -> Program:
        words = ["-D", str(self._cluster.data), "-p", str(self.port)]
        for name, value in self._settings.items():
            words += ["-c", f"{name}={value}"]
        return self._cluster.program(*words)

    async def _prepare(self) -> None:
        await self._cluster.ensure()
        await self._end_predecessor()
        self.port = self.port or ports.any_free()

    async def _run(self) -> None:
        deadline = asyncio.get_running_loop().time() + ATTACHED_DEADLINE
        while True:
            try:
                await super()._run()
                break
            except DidNotStart as failure:
                in_use = STILL_ATTACHED in failure.message
                if not in_use or asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(0.1)
        await self._ensure_database()

    async def _is_healthy(self) -> bool:
        """Whether the server that answers is the one on our directory."""
        try:
            async with await self._connect() as connection:
                cursor = await connection.execute("SHOW data_directory")
                answer = await cursor.fetchone()
                version = connection.info.parameter_status("server_version")
        except psycopg.OperationalError:
            return False
        self.title = f"PostgreSQL {version}"
        return answer is not None and Path(answer[0]) == self._cluster.data

    async def _ensure_database(self) -> None:
        """Make the database unless it is there; raises `MadeForAnother` when that one is a demo's and should not be."""
        mark = DEMO_MARK if self._is_demo else None
        try:
            async with await self._connect() as connection:
                there = await (await connection.execute(MARK_OF, [DATABASE])).fetchone()
                if there is None:
                    await self._make_database(connection, mark)
        except psycopg.Error as error:
            raise self.did_not_start(f"its database could not be made: {error}") from None
        if there is not None and (there[0] == DEMO_MARK) != self._is_demo:
            raise MadeForAnother(self._cluster.directory.parent, is_demo=self._is_demo)

    async def _make_database(self, connection: AsyncConnection[tuple[str, ...]], mark: str | None) -> None:
        """Only a marked one ever carries the final name: it could not be marked afterwards."""
        draft, name = sql.Identifier(f"{DATABASE}_new"), sql.Identifier(DATABASE)
        await connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(draft))
        await connection.execute(sql.SQL("CREATE DATABASE {}").format(draft))
        if mark is not None:
            await connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(draft, sql.Literal(mark)))
        await connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(draft, name))

    async def _connect(self) -> AsyncConnection[tuple[str, ...]]:
        where = make_conninfo(
            port=self.port,
            password=self._cluster.password,
            dbname=MAINTENANCE_DATABASE,
            connect_timeout=5,
            **CONNECTION,
        )
        return await AsyncConnection.connect(where, autocommit=True)

    async def _end_predecessor(self) -> None:
        """End a postmaster that a crash of its supervisor left behind; a note about anybody else is only removed."""
        note = self._cluster.data / "postmaster.pid"
        with suppress(OSError, ValueError):
            found = identity.look_up(int(note.read_text().split("\n", 1)[0]))
            if found is None:
                return  # PostgreSQL deals with a dead one itself
            if found.runs(["postgres", "-D", str(self._cluster.data)]):
                await identity.end(found, polite=self.polite, within=self.stop_deadline)
            else:
                note.unlink()
