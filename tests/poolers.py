"""PgBouncer between us and PostgreSQL, in the mode and with the settings that a test asks for."""

import asyncio
import os
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit

from embedded import ports
from tests.parts import PGBOUNCER
from workbench.servers import eventually, passable_directory

UNPRIVILEGED = "nobody"  # it refuses to run as root


@dataclass(frozen=True, kw_only=True, slots=True)
class Pooler:
    """A running one; it lets everybody in and knows every database of its server."""

    port: int

    def url(self, database_url: str) -> str:
        """The same database, by way of the pooler."""
        parts = urlsplit(database_url)
        credentials, _, _ = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{credentials}@127.0.0.1:{self.port}"))


@asynccontextmanager
async def pooler_to(server_url: str, *, mode: str, **settings: str) -> AsyncIterator[Pooler]:
    """`settings` are PgBouncer's own; the test is skipped where it is not installed."""
    program, port = PGBOUNCER.wanted(), ports.any_free()
    with passable_directory() as directory:
        configuration = directory / "pgbouncer.ini"
        configuration.write_text(_configuration(server_url, port, {"pool_mode": mode} | settings))
        account = ["-u", UNPRIVILEGED] if os.geteuid() == 0 else []
        with (directory / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                program, *account, str(configuration), stdin=DEVNULL, stdout=log, stderr=log
            )
        try:
            await eventually(lambda: _listens(port), bool, within=20)
            yield Pooler(port=port)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _configuration(server_url: str, port: int, settings: dict[str, str]) -> str:
    server = urlsplit(server_url)
    way = f"host={server.hostname} port={server.port} user={server.username} password={unquote(server.password or '')}"
    lines = [f"{name} = {value}" for name, value in settings.items()]
    ours = ["listen_addr = 127.0.0.1", f"listen_port = {port}", "unix_socket_dir =", "auth_type = any", *lines]
    return "\n".join(["[databases]", f"* = {way}", "[pgbouncer]", *ours, ""])


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
