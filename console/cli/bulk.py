"""`tenantry executions bulk`: one action on many executions, and how far it is."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from console.accepted import as_it_is
from console.cli.choosing import Causes, Healths, Search, Signature, Statuses, chosen
from console.cli.services import AsJson, operator, print_json, say, with_services
from operations.errors import InvalidInput
from operations.phrases import spelled
from operations.statuses import BulkResult

if TYPE_CHECKING:
    from operations.bootstrap import Services
    from operations.bulk.plans import Plan
    from operations.bulk.selections import Selection
    from operations.queries.bulk_views import BulkRowView, BulkView
    from operations.queries.paging import Page

    Known = tuple[BulkView, Page[BulkRowView]]

SHOWN = 20  #: rows that are printed


def begin(
    action: Annotated[str, typer.Argument(help="retry, cancel, terminate, approve or reject.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; 3-500 characters, kept in the audit log.")],
    id: Annotated[list[UUID] | None, typer.Option(help="An execution; can be given several times.")] = None,  # noqa: A002
    status: Statuses = None,
    health: Healths = None,
    cause: Causes = None,
    signature: Signature = "",
    search: Search = "",
    bulk: Annotated[UUID | None, typer.Option(help="Only those that this bulk operation was about.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    count: Annotated[int | None, typer.Option(help="How many; else it is asked for where it matters.")] = None,
    first_alone: Annotated[bool, typer.Option("--first-alone", help="Do one, then pause.")] = False,
    as_json: AsJson = False,
) -> None:
    """Do one action to many executions, by their ids or by a filter; a console or a worker carries it out."""
    from operations.bulk.plans import deed_of  # noqa: PLC0415
    from operations.bulk.selections import ByFilter, ByIds  # noqa: PLC0415
    from operations.queries.execution_views import ExecutionFilter  # noqa: PLC0415

    wanted = replace(chosen(status, health, cause, signature, search), bulk_id=bulk)
    if id and wanted != ExecutionFilter():
        raise InvalidInput({"filter": "Name executions by their ids or by a filter, not by both."})
    selection: Selection = ByIds(ids=tuple(id)) if id else ByFilter(filter=wanted)
    planned = with_services(lambda services: services.bulks.preview(operator(), deed_of(action), selection))
    print_json(planned) if as_json and dry_run else _print_plan(planned, to_people=not as_json)
    if dry_run:
        return
    if planned.is_weighty and count is None:
        count = typer.prompt(f"Type the number of executions to {spelled(planned.deed)}", type=int, err=True)

    async def run(services: "Services") -> "BulkView":
        begun = await services.bulks.begin(operator(), planned, reason, count=count, first_alone=first_alone)
        return await as_it_is(services.reads.bulks.get(begun))

    begun = with_services(run)
    if as_json:
        print_json({"bulk": begun})
        return
    say(f"{begun.state.capitalize()}: {begun.id}. “tenantry executions bulk-status {begun.id}” tells how far.")


def status(
    id: Annotated[UUID, typer.Argument(help="The bulk operation's id.")],  # noqa: A002
    *,
    result: Annotated[list[BulkResult] | None, typer.Option(help="Only executions with these results.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="Executions to show.")] = SHOWN,
    as_json: AsJson = False,
) -> None:
    """How far a bulk operation is, and what became of its rows."""

    async def read(services: "Services") -> "Known":
        reads = services.reads.bulks
        return await reads.get(id), await reads.rows(id, results=result or (), limit=limit)

    bulk, page = with_services(read)
    if as_json:
        print_json({"bulk": bulk, "items": page.items})
        return
    say(f"{bulk.action.capitalize()} of {bulk.total}, {bulk.state}: asked by {bulk.requested_by}, “{bulk.reason}”")
    say("  " + ", ".join(f"{number} {spelled(what)}" for what, number in bulk.results.items()))
    for row in page.items:
        name = row.workflow_id or str(row.execution_id)
        say(f"  {row.ordinal:>5}  {spelled(row.result):<16} {name:<40}  {row.why or ''}".rstrip())


def _print_plan(planned: "Plan", *, to_people: bool) -> None:
    if not to_people:
        return
    say(f"{planned.acting} of {len(planned.rows)} can take it.")
    for said in (*planned.effects, *planned.not_undone):
        say(f"  {said.count:>5} × {said.sentence}")
    for said in planned.problems:
        say(f"  {said.count:>5} skipped: {said.sentence}")
