"""The services that pages and REST use, for the length of one command."""

import asyncio
import getpass
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, TypeVar
from uuid import UUID

import typer

from operations.settings import Requirement, Settings

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from operations.access import Actor
    from operations.bootstrap import Services

ResultT = TypeVar("ResultT")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def with_services(work: "Callable[[Services], Awaitable[ResultT]]") -> ResultT:
    """What `work` returns. The servers are those of the environment, or of the `up` on this data directory."""
    settings = Settings.load(Requirement.DATABASE_URL, Requirement.TEMPORAL_ADDRESS)

    async def run() -> ResultT:
        from operations.bootstrap import Services  # noqa: PLC0415 - loading it takes a moment; `--help` need not wait

        services = await Services.connect(settings, part="cli")
        try:
            return await work(services)
        finally:
            await services.close()

    return asyncio.run(run())


def operator() -> "Actor":
    """Whoever can read the database's password acts with all rights; the history names the account of the system."""
    from operations.access import Actor  # noqa: PLC0415
    from operations.statuses import Role  # noqa: PLC0415

    return Actor(name=f"cli:{getpass.getuser()}", role=Role.ADMIN)


def print_json(value: "DataclassInstance") -> None:
    typer.echo(json.dumps(asdict(value), default=_plain, indent=2))


def _plain(value: object) -> str:
    match value:
        case datetime():
            return value.isoformat()
        case UUID() | Enum():
            return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
