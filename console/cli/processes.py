"""The single processes, for production: each command checks its settings and then becomes the process."""

import os
import sys

import typer

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


def _become(package: str, *required: Requirement) -> None:
    Settings.load(*required)
    # The same process id: whoever supervises this command sees and signals the process itself.
    os.execv(sys.executable, [sys.executable, "-m", package])  # noqa: S606
