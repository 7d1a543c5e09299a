"""`tenantry staff` and `tenantry token`: accounts and API tokens."""

import sys
from typing import Annotated

import typer

from console.cli.services import operator, with_services
from operations.statuses import Role

commands = typer.Typer(no_args_is_help=True, help="Accounts of staff.")
tokens = typer.Typer(no_args_is_help=True, help="API tokens for scripts.")

Email = Annotated[str, typer.Argument(help="The account's e-mail address.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input instead of asking.")
]


@commands.command()
def add(
    email: Email,
    role: Annotated[Role, typer.Option(help="What the account may do; each role includes the ones before it.")],
    password_stdin: FromStdin = False,
) -> None:
    """Make an account."""
    password = _password(password_stdin)
    with_services(lambda services: services.staff.add(operator(), email, role, password))
    typer.echo(f"{email} can log in now, as {role}.")


@commands.command("password")
def set_password(email: Email, password_stdin: FromStdin = False) -> None:
    """Replace a password and end the account's sessions."""
    password = _password(password_stdin)
    with_services(lambda services: services.staff.set_password(operator(), email, password))
    typer.echo(f"The password of {email} is replaced; its sessions have ended.")


@commands.command()
def disable(email: Email) -> None:
    """Shut an account out: it cannot log in, and its sessions and tokens end."""
    with_services(lambda services: services.staff.disable(operator(), email))
    typer.echo(f"{email} cannot log in any more; its sessions and tokens have ended.")


@tokens.command()
def revoke(email: Email, name: Annotated[str, typer.Option(help="The name that the token was made with.")]) -> None:
    """End an account's tokens of one name."""
    number = with_services(lambda services: services.staff.revoke_tokens(operator(), email, name))
    typer.echo(f"Tokens revoked: {number}.")


@tokens.command()
def create(
    email: Email, name: Annotated[str, typer.Option(help="What the token is for, such as the script's name.")]
) -> None:
    """Make an API token that acts for an account, and print it; it cannot be shown again."""
    typer.echo(with_services(lambda services: services.staff.create_token(operator(), email, name)))


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password
