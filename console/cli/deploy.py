"""The builds of the workers, where Worker Versioning is switched on."""

from typing import Annotated

import typer

from console.cli.services import AsJson, operator, print_json, with_services
from operations.errors import OperationsError

commands = typer.Typer(no_args_is_help=True, help="Builds of the workers (TENANTRY_WORKER_VERSIONING).")

BuildId = Annotated[str, typer.Argument(metavar="BUILD", help="As `tenantry deploy status` lists it.")]


class StillNeeded(OperationsError):
    """Runs are left that only this build can take up."""


@commands.command()
def status(as_json: AsJson = False) -> None:
    """Show each build with its runs in flight, and whether it may be switched off."""
    builds = with_services(lambda services: services.deployments.builds())
    if as_json:
        print_json({"items": builds})
        return
    if not builds:
        typer.echo("No versioned worker has asked for work yet. Set TENANTRY_WORKER_VERSIONING=true for the workers.")
        return
    typer.echo(f"{'BUILD':<32}{'STATUS':<12}{'RUNS':>8}  MAY BE SWITCHED OFF")
    for build in builds:
        state = f"{build.status} {build.ramp_percent:g} %" if build.ramp_percent else build.status
        typer.echo(f"{build.build:<32}{state:<12}{build.runs:>8,}  {'yes' if build.may_be_switched_off else 'no'}")


@commands.command()
def current(build: BuildId) -> None:
    """Begin new runs on this build."""
    with_services(lambda services: services.deploys.make_current(operator(), build))
    typer.echo(f"New runs begin on {build}.")


@commands.command()
def ramp(
    build: BuildId,
    percent: Annotated[float, typer.Argument(min=0, max=100, help="Of the new runs; 0 ends the ramp.")],
) -> None:
    """Begin a share of the new runs on this build."""
    with_services(lambda services: services.deploys.ramp(operator(), build, percent))
    typer.echo(f"{percent:g} % of the new runs begin on {build}.")


@commands.command()
def drain(
    build: BuildId,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait until nothing is left on it.")] = 0,
) -> None:
    """Say whether this build may be switched off: exit code 0 when nothing is left on it."""

    found = with_services(lambda services: services.deploys.drain(operator(), build, wait=wait))
    if not found.may_be_switched_off:
        left = f"{found.runs:,} runs are left on it" if found.runs else f"it is {found.status}"
        raise StillNeeded(f"{build} is still needed: {left}. Make another build current, and keep its workers.")
    typer.echo(f"Nothing is left on {build}; its workers may be switched off.")
