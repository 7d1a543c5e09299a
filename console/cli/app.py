"""All commands in one program, and the one place where their failures become a sentence and an exit code."""

import os
import sys
from contextlib import suppress

import typer

from console.cli import deploy, doctor, executions, processes, reconcile, staff, tenants, up
from operations.errors import OperationsError

app = typer.Typer(
    name="tenantry",
    help="The operations console for tenant provisioning on Temporal.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(up.commands)
app.add_typer(processes.commands)
app.add_typer(tenants.commands, name="tenants")
app.add_typer(executions.commands, name="executions")
app.add_typer(reconcile.commands)
app.add_typer(deploy.commands, name="deploy")
app.add_typer(doctor.commands)
app.add_typer(staff.commands, name="staff")
app.add_typer(staff.tokens, name="token")


def main() -> None:
    try:
        run(app)
    except SystemExit as end:
        if "temporalio" in sys.modules:
            _leave(end.code)
        raise


def _leave(code: object) -> None:
    """The SDK's native threads sometimes abort an interpreter that finalizes, and a pipeline reads the exit code."""
    if isinstance(code, str):
        return  # the interpreter prints it
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # nobody reads any more
            stream.flush()
    os._exit(code if isinstance(code, int) else 0)


def run(commands: typer.Typer) -> None:
    """Run what was asked for; an expected failure is its message on stderr and exit code 1, any other is a bug."""
    try:
        commands(prog_name="tenantry")
    except OperationsError as error:
        print(error.message, file=sys.stderr)  # noqa: T201 - this is where people read it
        raise SystemExit(1) from None
