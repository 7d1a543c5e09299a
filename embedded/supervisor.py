"""Everything `tenantry up` runs: started in order of need, kept running, ended in reverse."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Never

from embedded import data_directory, environment, patience, ports, processes, state
from embedded.application import Application
from embedded.data_directory import DataDirectory
from embedded.environment import DATABASE_URL, TEMPORAL_ADDRESS, Addresses
from embedded.errors import PortTaken
from embedded.files import write_private
from embedded.interrupts import Interrupts, caught
from embedded.keeper import Keeper
from embedded.plan import Plan
from embedded.postgres import EmbeddedPostgres
from embedded.processes import Program
from embedded.records import end_orphans
from embedded.server import Server
from embedded.stage import Stage, all_resting
from embedded.temporal import EmbeddedTemporal, TemporalPorts

USUAL_PORT = 8080
HEALTH_PATH = "/healthz"
MIGRATIONS_DEADLINE = 600.0  # seconds
RENEW = signal.SIGUSR1  #: asks a running `up` to replace its workers
READY = "worker ready"  #: what a worker logs when it takes work
READY_DEADLINE = 60.0  # seconds
FILLING_DEADLINE = 600.0  # seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Listeners:
    """Who wants to know: progress as title and text, the migrated database, the address once all is ready."""

    progress: Callable[[str, str], None]
    database_ready: Callable[[Mapping[str, str]], Awaitable[None]]
    ready: Callable[[str], None]


class Supervisor:
    """Runs one plan once."""

    def __init__(self, plan: Plan, listeners: Listeners) -> None:
        self._plan = plan
        self._listeners = listeners
        self._keepers: list[Keeper] = []
        self._starting: Server | None = None
        self._port = plan.port or USUAL_PORT
        self._environment: dict[str, str] = {}
        self._workers: list[Application] = []
        self._renewal = asyncio.Event()

    async def run(self) -> None:
        """Return after an orderly end; raises what kept anything from starting, when all the rest has ended."""
        interrupts = Interrupts(hurry=self._hurry)
        with data_directory.held(self._plan.directory) as home, interrupts.caught(), caught(RENEW, self._renewal.set):
            try:
                await interrupts.unless_asked(self._start_and_keep(home))
            finally:
                await self._end(home)

    async def _start_and_keep(self, home: DataDirectory) -> None:
        await end_orphans(home.records.glob("*.json"))
        self._port = self._choose_port()
        postgres, temporal = self._own_servers(home)
        addresses = self._addresses(postgres, temporal)
        self._environment = environment.for_children(self._plan.user, home, addresses, is_demo=self._plan.is_demo)
        write_private(home.environment_file, environment.exports(self._environment))
        if postgres:
            await self._bring_up(postgres, home)
        await self._migrate(home)
        await self._listeners.database_ready(self._environment)
        if self._plan.is_demo:
            await self._fill(home)
        if temporal:
            await self._bring_up(temporal, home)
        await self._bring_up_applications(home)
        self._listeners.ready(self._environment["TENANTRY_PUBLIC_URL"])
        async with asyncio.TaskGroup() as group:
            for keeper in self._keepers:
                group.create_task(keeper.keep())
            group.create_task(self._renew_when_asked())
            if self._plan.is_demo and temporal:
                group.create_task(self._stage(home, temporal).run())

    async def _renew_when_asked(self) -> Never:
        """Replace the workers one after the other: the next one ends when the one before takes work again."""
        while True:
            await self._renewal.wait()
            self._renewal.clear()
            await self._renew_all()

    async def _renew_all(self) -> None:
        for keeper in self._keepers:
            if isinstance(keeper.server, Application) and keeper.server in self._workers:
                await self._renew(keeper, keeper.server)

    async def _renew(self, keeper: Keeper, worker: Application) -> None:
        since = time.monotonic()
        await keeper.renew()
        takes_work = await patience.until_answered(lambda: worker.has_said(READY), within=READY_DEADLINE, every=0.2)
        self._say(worker.title, "renewed" if takes_work else "renewed, and not ready yet", since)

    def _choose_port(self) -> int:
        ports.check(self._port, self._plan.host)
        if ports.is_free(self._port, self._plan.host):
            return self._port
        if self._plan.port:
            raise PortTaken(f"Port {self._port} is in use by another program. Choose another with --port.")
        free = ports.any_free(self._plan.host)
        self._say("console", f"port {self._port} is in use by another program; taking {free}")
        return free

    def _own_servers(self, home: DataDirectory) -> tuple[EmbeddedPostgres | None, EmbeddedTemporal | None]:
        user = self._plan.user
        postgres, temporal = None, None
        names = ["postgresql", "temporal", "temporal_ui", "temporal_http", "temporal_metrics"]
        database_port, frontend, ui, http, metrics = home.remembered_ports(*names)
        if environment.given(user, DATABASE_URL) is None:
            environment.forget_libpq()
            postgres = EmbeddedPostgres(
                directory=home.postgres,
                port=database_port,
                log=home.log("postgresql"),
                record=home.record("postgresql"),
                report=lambda line: self._say("PostgreSQL", line),
                is_demo=self._plan.is_demo,
            )
        if environment.given(user, TEMPORAL_ADDRESS) is None:
            temporal = EmbeddedTemporal(
                directory=home.temporal,
                namespace=environment.given(user, "TEMPORAL_NAMESPACE") or "default",
                wanted=TemporalPorts(frontend=frontend, ui=ui, http=http, metrics=metrics),
                with_ui=self._plan.with_temporal_ui,
                log=home.log("temporal"),
                record=home.record("temporal"),
            )
        return postgres, temporal

    def _addresses(self, postgres: EmbeddedPostgres | None, temporal: EmbeddedTemporal | None) -> Addresses:
        user = self._plan.user
        return Addresses(
            database_url=postgres.url if postgres else user[DATABASE_URL].strip(),
            temporal_address=temporal.address if temporal else user[TEMPORAL_ADDRESS].strip(),
            ui_url=temporal.ui_url if temporal else None,
            port=self._port,
        )

    async def _migrate(self, home: DataDirectory) -> None:
        since = time.monotonic()
        log = home.log("migrations")
        program = Program(command=self._plan.commands.migrations, environment=self._environment, log=log)
        await processes.run_to_end("migrations", program, within=MIGRATIONS_DEADLINE)
        self._say("migrations", "applied", since)

    async def _fill(self, home: DataDirectory, *words: str) -> None:
        """Before any worker is there: what it registers waits for one."""
        since = time.monotonic()
        command = (*self._plan.commands.demo, *words)
        program = Program(command=command, environment=self._environment, log=home.log("demo"))
        await processes.run_to_end("demo", program, within=FILLING_DEADLINE)
        self._say("demo", "filled", since)

    def _stage(self, home: DataDirectory, temporal: EmbeddedTemporal) -> Stage:
        others = {keeper.server.name: keeper for keeper in self._keepers}
        workers = [others.pop(worker.name) for worker in self._workers]

        async def begin_anew() -> None:
            async with all_resting(*workers, others[temporal.name]):
                await self._fill(home, "reset")
                temporal.forget()  # its runs would be strangers

        async def deploy(*, bad: bool) -> None:
            commands = self._plan.commands
            for worker in self._workers:
                worker.command = commands.bad_worker if bad else commands.worker
            await self._renew_all()

        return Stage(
            dsn=self._environment[DATABASE_URL],
            workers=workers,
            servers=others,
            begin_anew=begin_anew,
            deploy=deploy,
            report=self._listeners.progress,
        )

    async def _bring_up_applications(self, home: DataDirectory) -> None:
        commands = self._plan.commands
        names = ["worker", *(f"worker-{number}" for number in range(2, self._plan.workers + 1))]
        self._workers = [self._application(name, commands.worker, home) for name in names]
        console = self._application("console", commands.console, home, port=self._port, health_path=HEALTH_PATH)
        for worker in self._workers:
            await self._bring_up(worker, home)
        await self._bring_up(console, home)
        for worker in self._workers:
            if worker.pid is None:
                # It says nothing when it is ready, but one that cannot run has ended by the time the console answers.
                raise worker.did_not_start(processes.exit_as_words(await worker.exited()))

    def _application(
        self,
        name: str,
        command: tuple[str, ...],
        home: DataDirectory,
        port: int | None = None,
        health_path: str | None = None,
    ) -> Application:
        return Application(
            name=name,
            command=command,
            environment=self._environment,
            log=home.log(name),
            record=home.record(name),
            host=self._plan.host,
            port=port,
            health_path=health_path,
        )

    async def _bring_up(self, server: Server, home: DataDirectory) -> None:
        since = time.monotonic()
        self._starting = server
        await server.start()
        self._starting = None
        where = f"ready on {ports.LOOPBACK}:{server.port}" if server.port else "running"
        self._say(server.title, where, since)
        keeper = Keeper(
            server=server, pace=self._plan.pace, report=self._listeners.progress, changed=lambda: self._note(home)
        )
        self._keepers.append(keeper)
        self._note(home)

    async def _end(self, home: DataDirectory) -> None:
        """Console, worker, Temporal, PostgreSQL: nobody loses what it still needs to end well."""
        for keeper in reversed(self._keepers):
            since, was_running = time.monotonic(), keeper.server.pid is not None
            try:
                await keeper.server.stop()
            except TimeoutError:
                self._say(keeper.server.title, f"does not end, not even killed: process {keeper.server.pid}")
            else:
                if was_running:
                    self._say(keeper.server.title, "ended", since)
        with suppress(FileNotFoundError):
            home.state_file.unlink()

    def _hurry(self) -> None:
        for server in [self._starting, *(keeper.server for keeper in self._keepers)]:
            if server:
                server.hurry()

    def _note(self, home: DataDirectory) -> None:
        state.of_this_process(
            url=self._environment["TENANTRY_PUBLIC_URL"],
            environment_file=home.environment_file,
            processes=tuple(keeper.state for keeper in self._keepers),
        ).write(home.state_file)

    def _say(self, title: str, text: str, since: float | None = None) -> None:
        took = f"{time.monotonic() - since:6.1f} s" if since is not None else ""
        self._listeners.progress(title, f"{text:<26}{took}".rstrip())
