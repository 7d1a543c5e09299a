"""`tenantry reconcile`: one pass now, and what it found."""

from typing import TYPE_CHECKING, Annotated

import typer

from console.accepted import as_it_is
from console.cli.services import AsJson, operator, print_json, say, with_services
from operations.phrases import side, spelled

if TYPE_CHECKING:
    from operations.bootstrap import Services
    from operations.queries.reconciliation_views import FindingView, PassDetail

commands = typer.Typer()


@commands.command()
def reconcile(
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Also correct what the last pass held back.")] = False,
    accept_namespace: Annotated[
        bool, typer.Option("--accept-namespace", help="Accept the namespace that answers now.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare the database with Temporal now; exit code 1 unless the comparison came to its end."""

    async def work(services: "Services") -> "PassDetail":
        result = await services.reconciliation.run(operator(), apply=apply, accept_namespace=accept_namespace)
        return await as_it_is(services.reads.reconciliation.pass_detail(result.id))

    detail = with_services(work)
    done = detail.reconciliation
    if as_json:
        print_json(detail)
    else:
        say(
            f"{spelled(done.outcome).capitalize()}: {done.checked} checked, "
            f"{done.described} described, {done.found} found, "
            f"{done.healed} corrected, {done.unknown} unknown"
        )
        for line in (done.error or "").splitlines():
            say(line)
        for finding in detail.findings:
            say(_line(finding))
    if done.outcome not in ("completed", "partial"):
        raise typer.Exit(1)


def _line(finding: "FindingView") -> str:
    database, temporal = side(finding.database_said), side(finding.temporal_said)
    return f"  {finding.kind:<24} {finding.workflow_id:<40} {database} / {temporal}  {finding.done or ''}".rstrip()
