"""The services that pages and REST use, for the length of one command."""

import asyncio
import getpass
import json
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar
from uuid import UUID

import typer

from operations import secret_files
from operations.settings import Requirement, Settings

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from operations.access import Actor
    from operations.bootstrap import Services

ResultT = TypeVar("ResultT")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def with_services(work: "Callable[[Services], Awaitable[ResultT]]", *, checked: bool = True) -> ResultT:
    """What `work` returns. The servers are those of the environment, or of the `up` on this data directory.

    `checked`: whether the database has to be there, with its migrations.
    """
    borrow_environment()
    settings = Settings.load(Requirement.DATABASE_URL, Requirement.TEMPORAL_ADDRESS, Requirement.SECRET_KEY)

    async def run() -> ResultT:
        from operations import logs  # noqa: PLC0415 - loading takes a moment; `--help` need not wait
        from operations.bootstrap import Services  # noqa: PLC0415

        # To stderr: what a command prints may be read by a program. What is refused is the command's own answer.
        logs.configure(settings.log_format, least=logging.WARNING)
        services = await Services.connect(settings, part="cli")
        try:
            if checked:
                await services.database.check_schema()
            return await work(services)
        finally:
            await services.close()

    return asyncio.run(run())


def borrow_environment() -> None:
    """Without addresses in the environment, take those of the `tenantry up` that runs on the data directory."""
    from embedded import data_directory, environment, state  # noqa: PLC0415
    from embedded.errors import NotRunning  # noqa: PLC0415

    secret_files.read_into(os.environ)
    if any(environment.given(os.environ, name) for name in (Requirement.DATABASE_URL, Requirement.TEMPORAL_ADDRESS)):
        return
    with suppress(NotRunning):
        running = state.of_running(data_directory.locate(Settings.load().data_dir).state_file)
        environment.become(Path(running.environment_file).read_text(encoding="utf-8"))


def operator() -> "Actor":
    """Whoever can read the database's password acts with all rights; the history names the account of the system."""
    from operations.access import Actor  # noqa: PLC0415
    from operations.statuses import Role  # noqa: PLC0415

    return Actor(name=f"cli:{getpass.getuser()}", role=Role.ADMIN)


def say(line: str, *, err: bool = False) -> None:
    """Print one line. What strangers have written in it neither moves the cursor nor begins another."""
    from operations.logs import spelled  # noqa: PLC0415

    typer.echo(spelled(line), err=err)


def print_json(value: "DataclassInstance | Mapping[str, object]") -> None:
    typer.echo(json.dumps(value, default=_plain, indent=2))


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    match value:
        case datetime():
            return value.isoformat()
        case UUID() | Enum():
            return str(value)
        case frozenset():
            return sorted(map(str, value))
    raise TypeError(f"{type(value).__name__} has no form in JSON")
