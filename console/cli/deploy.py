"""The builds of the workers, where Worker Versioning is switched on."""

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.services import AsJson, operator, print_json, say, with_services
from operations.errors import InvalidInput, OperationsError

if TYPE_CHECKING:
    from operations.bootstrap import Services
    from operations.deployments import Build

COULD_NOT_LOOK = 2  #: exit code; 1 says that something is left
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
        say("No versioned worker has asked for work yet. Set TENANTRY_WORKER_VERSIONING=true for the workers.")
        return
    say(f"{'BUILD':<32}{'STATUS':<12}{'RUNS':>8}  MAY BE SWITCHED OFF")
    for build in builds:
        state = f"{build.status} {build.ramp_percent:g} %" if build.ramp_percent is not None else build.status
        say(f"{build.build:<32}{state:<12}{build.runs:>8,}  {'yes' if build.may_be_switched_off else 'no'}")


@commands.command()
def current(
    build: Annotated[
        str | None, typer.Argument(metavar="[BUILD]", help="As `tenantry deploy status` lists it.")
    ] = None,
    *,
    unversioned: Annotated[
        bool, typer.Option("--unversioned", help="Instead of a build: workers without versioning.")
    ] = False,
) -> None:
    """Begin new runs on this build, or on workers without versioning again."""
    if unversioned is (build is not None):
        raise InvalidInput({"build": "Name the build, or say --unversioned instead of one. Nothing was changed."})
    if build is None:
        with_services(lambda services: services.deploys.use_unversioned(operator()))
        say(
            "New runs begin on workers without versioning. Those in flight stay on their builds: keep their workers"
            " until “tenantry deploy drain” says of each that nothing is left on it."
        )
        return
    say(_going_on(build, with_services(lambda services: _make_current(services, build))))


async def _make_current(services: "Services", build: str) -> "Build | None":
    """What goes on ramping; where nothing answers any more, the change is not to look as if it had failed."""
    await services.deploys.make_current(operator(), build)
    with suppress(OperationsError):
        return next((each for each in await services.deployments.builds() if each.ramp_percent), None)
    return None


def _going_on(build: str, ramping: "Build | None") -> str:
    if ramping is None:
        return f"New runs begin on {build}."
    return (
        f"New runs begin on {build}, and {ramping.ramp_percent:g} % of them on {ramping.build}. To end that:"
        f" tenantry deploy ramp {ramping.build} 0."
    )


@commands.command()
def ramp(
    build: BuildId,
    percent: Annotated[float, typer.Argument(min=0, max=100, help="Of the new runs; 0 ends the ramp.")],
) -> None:
    """Begin a share of the new runs on this build."""
    with_services(lambda services: services.deploys.ramp(operator(), build, percent))
    share = f"{percent:g} % of the new runs begin on {build}." if percent else f"No new runs begin on {build} any more."
    say(share)


@commands.command()
def drain(
    build: BuildId,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait until nothing is left on it.")] = 0,
) -> None:
    """Say whether a build may be switched off: exit code 0 when so, 1 when not, 2 when that could not be seen."""
    try:
        found = with_services(lambda services: services.deploys.drain(operator(), build, wait=wait))
    except OperationsError as error:
        say(f"Whether this build may be switched off could not be seen: {error.message}", err=True)
        raise typer.Exit(COULD_NOT_LOOK) from None
    if not found.may_be_switched_off:
        raise StillNeeded(f"{build} is still needed: {_need(found)}")
    say(f"Nothing is left on {build}; its workers may be switched off.")


def _need(found: "Build") -> str:
    """What keeps it, and what ends that."""
    left = f"; runs that are left on it: {found.runs:,}" if found.runs else ""
    match found.status:
        case "current":
            return f"new runs begin on it{left}. Make another build current: tenantry deploy current BUILD."
        case "ramping":
            share = f"{found.ramp_percent or 0:g} % of the new runs begin on it"
            return f"{share}{left}. End that first: tenantry deploy ramp {found.build} 0."
        case "unknown":
            return (
                f"Temporal says nothing that is known here of where it stands{left}. Keep its workers, and look again."
            )
    return f"runs that are left on it: {found.runs:,}. Keep its workers until they have ended."
