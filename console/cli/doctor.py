"""Whether an installation is well, from a terminal."""

from typing import TYPE_CHECKING

import typer

from console.cli.services import AsJson, print_json, say, with_services

if TYPE_CHECKING:
    from operations.bootstrap import Services
    from operations.doctor.examination import Line

commands = typer.Typer()


@commands.command()
def doctor(as_json: AsJson = False) -> None:
    """Look whether all that must be true is true; one line each, exit code 1 when something is not."""

    async def examine(services: "Services") -> "tuple[Line, ...]":
        return await services.lookout.doctor.examine()

    lines = with_services(examine, checked=False)
    is_well = all(line.is_well for line in lines)
    if as_json:
        print_json({"is_well": is_well, "lines": lines})
    else:
        for line in lines:
            say(f"{'ok  ' if line.is_well else 'FAIL'}  {line.title}")
            for part in "\n".join(line.found).splitlines():
                say(f"        {part}")
            if line.remedy:
                say(f"        {line.remedy}")
    if not is_well:
        raise typer.Exit(1)
