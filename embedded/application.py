"""One of our own processes, the worker or the console, as a child with the environment it needs."""

import asyncio
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from embedded import ports
from embedded.processes import Program
from embedded.server import Server

HEALTHY = b"200"
#: Where a server is asked that listens everywhere; on `::` asyncio's take no IPv4.
ASKED_AT = {"0.0.0.0": ports.LOOPBACK, "localhost": ports.LOOPBACK, "::": "::1"}  # noqa: S104 - not listened on


class Application(Server):
    """Ready when `http://HOST:PORT/HEALTH_PATH` says 200; without such a path, as soon as it runs."""

    stop_deadline = 15.0

    def __init__(
        self,
        *,
        name: str,
        command: tuple[str, ...],
        environment: Mapping[str, str],
        log: Path,
        record: Path,
        host: str = ports.LOOPBACK,
        port: int | None = None,
        health_path: str | None = None,
    ) -> None:
        super().__init__(name=name, log=log, record=record)
        self.port = port
        self._host = ASKED_AT.get(host, host)
        self.command = command  # taken at the next start
        self._environment = environment
        self._health_path = health_path

    def _program(self) -> Program:
        return Program(command=self.command, environment=self._environment, log=self.log)

    async def _prepare(self) -> None:
        """Nothing: PostgreSQL, its migrations and Temporal are there by now."""

    async def has_said(self, words: str) -> bool:
        """Whether its log has these words since its start."""
        return words.encode() in await asyncio.to_thread(self._logged)

    def _logged(self) -> bytes:
        with self.log.open("rb") as log:
            log.seek(self._child.log_begins if self._child else 0)
            return log.read()

    async def _is_healthy(self) -> bool:
        if self.port is None or self._health_path is None:
            return True
        return await says_ok(self._host, self.port, self._health_path)


async def says_ok(host: str, port: int, path: str) -> bool:
    """Whether a GET of this path is answered with status 200."""
    try:
        reader, writer = await asyncio.open_connection(host, port)
        with closing(writer):
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n".encode())
            words = (await reader.readline()).split()
    except OSError:
        return False
    return len(words) > 1 and words[1] == HEALTHY
