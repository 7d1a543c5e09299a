"""The single processes, for production: each command checks its settings and then becomes the process."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from console.cli.services import AsJson, borrow_environment
from operations.settings import Requirement, Settings

commands = typer.Typer()


@commands.command()
def console() -> None:
    """Run the console: pages, REST and live updates."""
    from embedded import ports  # noqa: PLC0415 - only this command pays for loading it

    settings = Settings.load(*Requirement)
    ports.require(settings.port, settings.host)
    _become("console", *Requirement)


@commands.command()
def worker() -> None:
    """Run a worker: it carries out workflows and activities."""
    _become("workers", Requirement.DATABASE_URL, Requirement.TEMPORAL_ADDRESS, Requirement.SECRET_KEY)


@commands.command()
def migrate() -> None:
    """Bring the database to the schema of this version."""
    _become("migrations", Requirement.DATABASE_URL)


@commands.command()
def replay(
    open_runs: Annotated[bool, typer.Option("--open", help="The runs in flight, as Temporal has them.")] = False,
    history: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="A history in JSON.")] = None,
    more: Annotated[list[Path] | None, typer.Argument(metavar="FILE", help="More histories in JSON.")] = None,
    as_json: AsJson = False,
) -> None:
    """Replay runs against this version's workflows: exit code 1 when one would break, 2 when it could not look."""
    files = [str(path) for path in [*(history or []), *(more or [])]]
    which = (["--open"] if open_runs else []) + (["--history", *files] if files else [])
    if open_runs:
        borrow_environment()
    _become("workers.replay", arguments=[*(["--json"] if as_json else []), *which])


def _become(package: str, *required: Requirement, arguments: Sequence[str] = ()) -> None:
    if required:
        Settings.load(*required)
    # The same process id: whoever supervises this command sees and signals the process itself.
    os.execv(sys.executable, [sys.executable, "-m", package, *arguments])  # noqa: S606
