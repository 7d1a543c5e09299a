"""Which executions a command is about, in the words of the list."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from operations.statuses import Cause, Health, Status

if TYPE_CHECKING:
    from operations.queries.execution_views import ExecutionFilter

_SEVERAL = "Only these; can be given several times."
Statuses = Annotated[list[Status] | None, typer.Option("--status", help=_SEVERAL)]
Healths = Annotated[list[Health] | None, typer.Option("--health", help=_SEVERAL)]
Causes = Annotated[list[Cause] | None, typer.Option("--cause", help=_SEVERAL)]
Signature = Annotated[str, typer.Option(help="Only those whose error has this signature.")]
Search = Annotated[str, typer.Option("--search", "-q", help="Tenant, owner's e-mail, workflow id or error.")]


def chosen(
    statuses: Sequence[Status] | None,
    healths: Sequence[Health] | None,
    causes: Sequence[Cause] | None,
    signature: str,
    search: str,
) -> "ExecutionFilter":
    """What these options ask for; without any, everything."""
    from operations.queries.execution_views import ExecutionFilter  # noqa: PLC0415

    return ExecutionFilter(
        statuses=frozenset(statuses or ()),
        healths=frozenset(healths or ()),
        causes=frozenset(causes or ()),
        signature=signature or None,
        search=search,
    )
