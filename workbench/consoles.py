"""Consoles and workers in processes of their own, as production runs them, and the accounts to use them with."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx
from argon2 import PasswordHasher
from psycopg import AsyncConnection
from sqlalchemy import text

from embedded import ports
from operations.access import Actor
from operations.actions.passwords import Passwords
from operations.actions.staff import Staff
from operations.database import Database
from operations.errors import AlreadyTaken
from operations.statuses import Role
from workbench import watched_console
from workbench.servers import environment, eventually

ROOT = Path(__file__).parents[1]
ADMIN_EMAIL = "ada@example.com"
PASSWORD = "correct horse battery staple"
TO_END = 15.0  # seconds
TO_START = 90.0  # seconds: two, but for machines with much else to do
SYSTEM = Actor.system("test")
#: Where it does not matter what a password costs to try; whoever compares it reads in the hash how it was made.
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
SECRET_KEY = "a key for consoles under test, long enough"  # shared with the accounts made past them


@dataclass(frozen=True, kw_only=True, slots=True)
class Servers:
    """What a console and its worker need."""

    database_url: str
    temporal_address: str
    task_queue: str
    more: Mapping[str, str] = field(default_factory=dict)  #: variables of both

    def variables(self) -> dict[str, str]:
        return {
            "TENANTRY_DATABASE_URL": self.database_url,
            "TEMPORAL_ADDRESS": self.temporal_address,
            "TENANTRY_TASK_QUEUE": self.task_queue,
            "TENANTRY_SECRET_KEY": SECRET_KEY,
            "TENANTRY_ADMIN_EMAIL": ADMIN_EMAIL,
            "TENANTRY_ADMIN_PASSWORD": PASSWORD,
            **self.more,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Console:
    """A running console; `url` is its public address, `accounts` reach its database past it."""

    url: str
    port: int
    accounts: "Accounts"
    process: Process
    log: Path

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def cookie(self) -> str:
        return "__Host-tenantry" if self.url.startswith("https://") else "tenantry"

    def client(self, *, session: str | None = None, token: str | None = None) -> httpx.AsyncClient:
        """As a browser with a session would ask, or a script with a token."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        if session is not None:
            headers = {"Cookie": f"{self.cookie}={session}", "Origin": self.url}
        return httpx.AsyncClient(base_url=self.address, headers=headers, timeout=20)


@dataclass(frozen=True, kw_only=True, slots=True)
class Accounts:
    """Makes accounts, sessions and tokens without the forms, which allow only so many log-ins a minute."""

    database: Database
    _known: set[str] = field(default_factory=set)

    async def session(self, email: str = ADMIN_EMAIL, role: Role = Role.ADMIN) -> str:
        """The secret of a new session, for the cookie."""
        staff = await self._with_account(email, role)
        return await staff.log_in(email, PASSWORD, address="test")

    async def token(self, email: str = ADMIN_EMAIL, role: Role = Role.ADMIN) -> str:
        staff = await self._with_account(email, role)
        return await staff.create_token(SYSTEM, email, "test")

    async def number(self) -> int:
        async with self.database.reading() as connection:
            return await connection.scalar(text("SELECT count(*) FROM staff")) or 0

    async def execute(self, statement: str) -> None:
        """Change rows as somebody with psql would."""
        async with await AsyncConnection.connect(self.database.dsn, autocommit=True) as connection:
            await connection.execute(statement.encode())

    async def _with_account(self, email: str, role: Role) -> Staff:
        staff = Staff(database=self.database, secret_key=SECRET_KEY, passwords=Passwords(hasher=QUICK))
        if email not in self._known:
            with suppress(AlreadyTaken):
                await staff.add(SYSTEM, email, role, PASSWORD)
            self._known.add(email)
        return staff

    @classmethod
    @asynccontextmanager
    async def at(cls, database_url: str) -> AsyncIterator[Self]:
        database = Database.at(database_url, name="test accounts", pool_size=2)
        try:
            yield cls(database=database)
        finally:
            await database.close()


@asynccontextmanager
async def run_console(
    servers: Servers,
    logs: Path,
    *,
    database_behind: str | None = None,
    public_url: str | None = None,
    slow_callbacks: Path | None = None,
    port: int | None = None,
    clock: Mapping[str, str] | None = None,
) -> AsyncIterator[Console]:
    """`database_behind` is the database itself when the console's way to it is a proxy; `clock` comes of `parts`.

    With `slow_callbacks` a watchdog writes what holds up its event loop to this file.
    """
    port = port or ports.any_free()
    url = public_url or f"http://localhost:{port}"
    log = logs / f"console-{port}.log"
    variables = servers.variables() | {"TENANTRY_PORT": str(port), "TENANTRY_PUBLIC_URL": url} | dict(clock or {})
    module = "console"
    if slow_callbacks is not None:
        module, variables = "workbench.watched_console", variables | {watched_console.REPORT: str(slow_callbacks)}
    async with AsyncExitStack() as stack:
        accounts = await stack.enter_async_context(Accounts.at(database_behind or servers.database_url))
        process = await stack.enter_async_context(_process(module, log, variables))
        console = Console(url=url, port=port, accounts=accounts, process=process, log=log)
        await _until_ready(process, console, log)
        await eventually(accounts.number, bool, within=TO_START)  # the console makes the first one itself
        yield console


@asynccontextmanager
async def run_worker(servers: Servers, logs: Path, **variables: str) -> AsyncIterator[Process]:
    """It says in its log when it is ready; whoever needs it waits for what it does."""
    async with _process("workers", logs / "worker.log", servers.variables() | variables) as process:
        yield process


@asynccontextmanager
async def _process(module: str, log: Path, variables: dict[str, str]) -> AsyncIterator[Process]:
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            cwd=ROOT,
            env=environment(**variables),
            stdin=DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(TO_END):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise AssertionError(f"{module} did not end within {TO_END:g} s of SIGTERM") from None


async def _until_ready(process: Process, console: Console, log: Path) -> None:
    async with console.client() as client:

        async def look() -> int | str:
            if process.returncode is not None:
                raise AssertionError(f"the console ended; see {log}")
            try:
                return (await client.get("/readyz")).status_code
            except httpx.TransportError as error:
                return str(error)

        await eventually(look, lambda seen: seen == 200, within=TO_START)
