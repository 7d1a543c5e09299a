"""`tenantry up`: everything on this machine; `env` and `status` look at what it runs."""

import asyncio
import os
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from operations.errors import ConfigurationError
from operations.settings import Settings

if TYPE_CHECKING:
    from embedded.oddities import External

USUAL_EMAIL = "admin@example.com"
DEMO_DIRECTORY = Path(".tenantry-demo")
TITLE_WIDTH = 18

DataDir = Annotated[
    Path | None,
    typer.Option(help="Where everything is kept; TENANTRY_DATA_DIR or .tenantry when left out.", show_default=False),
]
Port = Annotated[
    int | None,
    typer.Option(
        min=1, max=65535, help="Where the console listens; TENANTRY_PORT or 8080 when left out.", show_default=False
    ),
]
TemporalUi = Annotated[
    bool, typer.Option("--temporal-ui", help="Also serve Temporal's own pages; they let anybody on this machine act.")
]
Workers = Annotated[int, typer.Option(min=1, max=16, help="How many workers to run beside each other.")]
Demo = Annotated[
    bool,
    typer.Option("--demo", help="With made-up customers and trouble to look at, in a directory of its own."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

commands = typer.Typer()


@commands.command()
def up(
    data_dir: DataDir = None,
    port: Port = None,
    temporal_ui: TemporalUi = False,
    workers: Workers = 1,
    demo: Demo = False,
) -> None:
    """Start everything on this machine and keep it running until Ctrl-C."""
    from embedded.plan import Plan  # noqa: PLC0415 - only this command pays for loading it
    from embedded.supervisor import Listeners, Supervisor  # noqa: PLC0415
    from operations.bootstrap import Chosen  # noqa: PLC0415

    settings = Settings.load()
    Chosen.of(settings)  # a worker or a console that refused it would do so after everything else had started
    directory = data_dir or (DEMO_DIRECTORY if demo else settings.data_dir)
    plan = Plan(
        directory=directory,
        user=dict(os.environ),
        host=settings.host,
        port=port or (settings.port if "port" in settings.model_fields_set else None),
        with_temporal_ui=temporal_ui,
        workers=workers,
        is_demo=demo,
    )
    for sentence in asyncio.run(_oddities(settings, directory)):
        _progress("Note", sentence)
    welcome = Welcome(settings=settings, directory=directory if demo else None)
    listeners = Listeners(progress=_progress, database_ready=welcome.make_first_admin, ready=welcome.print)
    asyncio.run(Supervisor(plan, listeners).run())


@commands.command()
def restart(data_dir: DataDir = None) -> None:
    """Replace the workers of a running `up` one after the other; each finishes or hands back what it is doing."""
    from embedded import state  # noqa: PLC0415
    from embedded.supervisor import RENEW  # noqa: PLC0415

    running = state.of_running(_state_file(data_dir))
    os.kill(running.pid, RENEW)
    typer.echo("The workers are replaced one after the other; the terminal of `tenantry up` says when each takes work.")


@commands.command()
def env(data_dir: DataDir = None) -> None:
    """Print shell exports that attach psql, temporal or a worker."""
    from embedded import state  # noqa: PLC0415

    running = state.of_running(_state_file(data_dir))
    typer.echo(Path(running.environment_file).read_text(), nl=False)


@commands.command()
def status(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show the running processes, their health and their restarts."""
    import json  # noqa: PLC0415

    from embedded import state  # noqa: PLC0415

    running = state.of_running(_state_file(data_dir))
    if as_json:
        typer.echo(json.dumps(asdict(running), indent=2))
        return
    typer.echo(f"{running.url} (process {running.pid})")
    typer.echo(f"{'name':<12}{'pid':>8}{'port':>8}  {'healthy':<9}{'restarts':>8}")
    for process in running.processes:
        healthy = "yes" if process.healthy else "no"
        typer.echo(
            f"{process.name:<12}{process.pid or '-':>8}{process.port or '-':>8}  {healthy:<9}{process.restarts:>8}"
        )
    for process in running.processes:
        if process.is_stopped:
            typer.echo(f"{process.name} is stopped (SIGSTOP); `kill -CONT {process.pid}` lets it go on.")


async def _oddities(settings: Settings, data_dir: Path) -> list[str]:
    """Raises `ConfigurationError` for a database with which nothing could start."""
    from embedded import data_directory, oddities  # noqa: PLC0415

    home = data_directory.locate(data_dir)
    return oddities.told(
        oddities.Facts(
            variables=dict(os.environ),
            host=settings.host,
            directory=str(data_dir),
            free=home.free,
            left_by=home.left_by,
            database=await _look_at(settings.database_dsn) if settings.database_url else None,
        )
    )


async def _look_at(dsn: str) -> "External":
    import psycopg  # noqa: PLC0415

    from embedded.oddities import External  # noqa: PLC0415
    from operations import outages, poolers  # noqa: PLC0415
    from operations.connections import connect_directly  # noqa: PLC0415

    try:
        await poolers.check(dsn)
        async with await connect_directly(dsn, name="up") as connection:
            cursor = await connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
            ((now,),) = await cursor.fetchall()
            return External(
                host=connection.info.host,
                is_encrypted=connection.pgconn.ssl_in_use,
                clock_ahead=time.time() - now,
            )
    except (psycopg.Error, OSError) as error:
        why = outages.reason(error) or str(error).split("\n", 1)[0]
        raise ConfigurationError(
            f"PostgreSQL at TENANTRY_DATABASE_URL does not answer: {why}. Nothing was started."
        ) from None


@dataclass(kw_only=True, slots=True)
class Welcome:
    """The first administrator, and the lines that tell how to log in."""

    settings: Settings
    directory: Path | None = None  #: of a demo, which keeps the password: whoever presents has to find it every time
    made_password: str | None = None
    given: bool = False  #: the account was made now, with the password of the environment

    @property
    def email(self) -> str:
        return self.settings.admin_email or USUAL_EMAIL

    async def make_first_admin(self, environment: Mapping[str, str]) -> None:
        from operations.actions.first_admin import create_first_admin  # noqa: PLC0415

        given = self.settings.admin_password
        password = given.get_secret_value() if given else self._make_password()
        created = await create_first_admin(environment["TENANTRY_DATABASE_URL"], self.email, password)
        self.made_password = password if (created or self.directory) and not given else None
        self.given = created and given is not None

    def _make_password(self) -> str:
        if self.directory is None:
            return secrets.token_urlsafe(12)
        from embedded import data_directory  # noqa: PLC0415

        return data_directory.locate(self.directory).presenters_password()

    def print(self, url: str) -> None:
        _progress("", "")
        _progress("Open", url)
        _progress("Log in as", self.email)
        if self.made_password and self.directory:
            _progress("Password", self.made_password)
        elif self.made_password:
            _progress("Password", f"{self.made_password}   (shown only this once)")
        elif self.given:
            _progress("Password", "the one in TENANTRY_ADMIN_PASSWORD")
        else:
            _progress("Password", f"as before; `tenantry staff password {self.email}` sets a new one")
        _progress("End with", "Ctrl-C; everything is kept")


def _progress(title: str, text: str) -> None:
    # A terminal that was closed must not keep the servers from being ended in order.
    with suppress(OSError):
        print(f"{title:<{TITLE_WIDTH}} {text}".rstrip(), flush=True)  # noqa: T201


def _state_file(data_dir: Path | None) -> Path:
    from embedded import data_directory  # noqa: PLC0415

    return data_directory.locate(data_dir or Settings.load().data_dir).state_file
